"""Faults of price tables, prefix PRC."""
