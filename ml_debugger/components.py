"""The six triage categories."""

COMPONENTS = (
    "data",
    "training",
    "infrastructure",
    "integration",
    "performance",
    "production",
)
"""In the order in which a report shows them."""
