"""The public look-up by tracking number."""
