"""Supervision (监察): orders that follow from lateness, cards that follow from late answers, by rules held as data."""
