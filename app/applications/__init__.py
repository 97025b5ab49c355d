"""The record: every application, its history, and what the law makes of it."""
