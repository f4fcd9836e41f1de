"""Asking NVIDIA's management library: one question after the other, each with its own answer."""
