"""The database: the only place where sessions are opened."""
