"""Checks of the Python interpreter that trains."""
