"""Shixian: holds the elapsed time of administrative approvals against their legal limits."""
