"""Checks of security: what model files would run, secrets in files, files open to everyone."""
