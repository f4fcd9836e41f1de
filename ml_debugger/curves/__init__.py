"""What can be said of a logged curve beyond its own noise."""
