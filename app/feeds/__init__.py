"""Due dates for the calendars that people carry with them."""
