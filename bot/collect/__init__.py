"""Sources to papers to feed entries."""
