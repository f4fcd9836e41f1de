"""What a training run, its log text and its configuration say, before anything is judged."""
