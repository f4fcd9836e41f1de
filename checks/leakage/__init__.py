"""LEK: the future in data, features and splits."""
