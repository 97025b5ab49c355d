"""Published cases of the law of time, and what runs them against this or any other service."""
