"""Calendar changes: editions and suspensions, which open clocks they move, and moving them."""
