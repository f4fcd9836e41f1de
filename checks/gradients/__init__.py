"""Checks of gradients, as training logs and checkpoints show them."""
