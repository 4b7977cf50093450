"""The sources, one file each behind one Protocol."""
