"""The command shixian."""
