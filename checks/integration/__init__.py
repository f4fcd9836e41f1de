"""INT: what passes from stage to stage."""
