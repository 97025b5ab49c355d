"""What-if: the same engine, nothing stored."""
