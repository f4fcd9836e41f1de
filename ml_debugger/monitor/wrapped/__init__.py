"""A training command that is run and watched from outside, whatever it is written in."""
