"""Telling others: messages written with what they tell of, sent until they arrive."""
