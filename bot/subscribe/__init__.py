"""Signing up, choosing, leaving; rosters as files."""
