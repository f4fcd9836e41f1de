"""Checks of the volumes that results lie on."""
