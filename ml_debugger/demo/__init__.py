"""The demonstration: real prices through the whole engine, in an ordinary workspace."""
