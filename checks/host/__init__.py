"""Checks of the host's memory and processors."""
