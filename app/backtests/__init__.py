"""What a limit would have been kept in: the past reckoned again under a promise that is not published yet."""
