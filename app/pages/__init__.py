"""HTML for people; no logic of its own."""
