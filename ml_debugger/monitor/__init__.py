"""The live training run: it collects what a training does and judges it by the same checks."""
