"""Readers of the configurations of trainings: what a run was asked to do."""

from ml_debugger.readers.configurations import configuration

READERS = (configuration.READER,)

__all__ = ["READERS"]
