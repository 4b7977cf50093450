"""The nouns: what is stored, with its rules beside it; no session, no clock, no I/O."""
