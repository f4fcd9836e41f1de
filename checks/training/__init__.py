"""Checks of training runs."""
