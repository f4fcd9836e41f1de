"""Checks of stored weights."""
