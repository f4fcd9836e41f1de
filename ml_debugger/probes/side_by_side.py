"""Questions that may hang, asked side by side in threads with one common end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


def side_by_side(
    questions: Mapping[Key, Callable[[], Answer]], deadline: float
) -> dict[Key, Answer]:
    """The answers that came within `deadline` seconds.

    A question that is still open then is left to its thread, which no one can end: a stuck
    mount keeps it until the process exits.
    """
    answers: dict[Key, Answer] = {}
    threads = []
    for key, question in questions.items():

        def ask(key: Key = key, question: Callable[[], Answer] = question) -> None:
            answers[key] = question()

        threads.append(threading.Thread(target=ask, daemon=True))
        threads[-1].start()
    end = time.monotonic() + deadline
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    # a copy, as late threads may still add theirs
    return {key: answers[key] for key in questions if key in answers}
