"""Patterns that deserve a look: each a named rule with its threshold as data and its evidence."""
