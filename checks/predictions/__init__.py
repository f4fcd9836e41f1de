"""PRD: predictions against outcomes."""
