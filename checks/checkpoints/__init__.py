"""Checks of checkpoints and the series they form."""
