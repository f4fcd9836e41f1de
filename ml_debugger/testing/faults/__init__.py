"""The planted faults, one module a prefix."""
