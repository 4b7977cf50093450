"""The tests; a package of its own, so that no other `tests` that is installed stands in for it."""
