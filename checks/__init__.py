"""The built-in checks: one folder a prefix, one file a check."""
