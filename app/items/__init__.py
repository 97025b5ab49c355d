"""Service items in versions: what each orders."""
