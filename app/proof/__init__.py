"""Proof: checkpoints of all chains, signed and sent away, and what a verification with all layers finds."""
