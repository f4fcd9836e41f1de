"""Reversible repairs: planned first, moved to quarantine, kept in a journal, open to undoing."""
