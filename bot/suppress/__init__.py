"""Replies and reports to suppressions."""
