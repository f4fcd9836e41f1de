"""Names of unfinished files, for those who work on a workspace."""

from ml_debugger.artifacts.leftovers import is_leftover

__all__ = ["is_leftover"]
