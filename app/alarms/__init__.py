"""The truth about crossed deadlines, once."""
