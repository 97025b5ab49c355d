"""Bulk import of applications and their steps."""
