"""Words that logs write where a figure belongs and there is none."""

NOTHING = frozenset({"null", "none", "-", "--", "n/a", "na", "<na>", "nil"})
"""In lower case. A blank cell is none of them: it was not logged."""
