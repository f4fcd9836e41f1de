"""The outputs of a report: one format a file."""
