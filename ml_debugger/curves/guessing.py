"""The loss of a guess that knows nothing: what an untrained or useless model gives."""

from __future__ import annotations

import math

CLASSES = (2, 3, 4, 5, 10, 100, 1000)
"""Common numbers of classes, few enough that a loss does not lie near one by chance."""

GREATEST = math.log(260_000)
"""Cross entropy, in nats, of a uniform guess over the largest vocabularies in use (about
260,000 pieces: the Gemma tokenizer has 256,000). No untrained classifier needs to start above."""


def classes_of(loss: float, tolerance: float) -> int | None:
    """The number of classes whose uniform guess costs this cross entropy, within a relative
    `tolerance`; None if it is none of the common ones. A uniform guess over C classes costs ln C.
    """
    near = min(CLASSES, key=lambda count: abs(loss - math.log(count)))
    return near if abs(loss / math.log(near) - 1) <= tolerance else None
