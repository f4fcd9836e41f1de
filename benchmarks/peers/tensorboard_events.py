"""Seconds that a loader of TensorBoard takes for an event file: LOADER FILE."""

import sys
import time

from tensorboard.backend.event_processing import event_accumulator, event_file_loader


def load(loader: str, path: str) -> int:
    """Load all scalars; how many there were."""
    if loader == "EventFileLoader":
        events = event_file_loader.EventFileLoader(path).Load()
        return sum(len(event.summary.value) for event in events)
    accumulator = event_accumulator.EventAccumulator(path, size_guidance={"tensors": 0})
    accumulator.Reload()
    return sum(len(accumulator.Tensors(tag)) for tag in accumulator.Tags()["tensors"])


begun = time.perf_counter()
count = load(sys.argv[1], sys.argv[2])
seconds = time.perf_counter() - begun
if not count:
    raise SystemExit("nothing was loaded")
print(seconds)
