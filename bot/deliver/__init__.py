"""The outbox to the mail server."""
