"""Assessment: monthly sheets by rules held as data, yearly targets, inspections."""
