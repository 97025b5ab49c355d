"""The tree of offices, their sections and officers."""
