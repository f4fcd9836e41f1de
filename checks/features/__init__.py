"""Faults of feature tables, prefix FEA."""
