"""Overdue, due soon and their summary: right at the instant asked, sweep or not."""
