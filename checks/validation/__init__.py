"""VAL: validation records."""
