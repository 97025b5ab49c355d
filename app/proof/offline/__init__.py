"""What auditors take home: programs that need nothing of the service."""
