"""Photos and their bytes: stored, moved, shown."""
