"""Checks of boosted trees."""
