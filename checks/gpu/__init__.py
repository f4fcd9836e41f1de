"""Checks of GPUs and their driver."""
