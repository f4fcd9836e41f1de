"""The command line: one click command, one file; imported when it is named."""
