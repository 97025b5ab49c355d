"""Calendars: which days are working days, by which notice."""
