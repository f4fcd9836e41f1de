"""The trainer_state.json of Hugging Face Transformers, also when it breaks off."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.numbers import as_number
from ml_debugger.readers.training.stream import Stream

FORMAT = "Hugging Face trainer state"
MAX_CHARACTERS = 256 << 20
_HISTORY = re.compile(r'"log_history"\s*:\s*\[')
_KEYS = ('"log_history"', '"global_step"', '"best_metric"', '"max_steps"', '"logging_steps"')
# a summary of the whole run under names that are curves elsewhere, and figures of speed
_SUMMARY = "train_runtime"
_SPEED = ("_runtime", "_per_second", "_flos", "total_flos")


def recognise(head: Head) -> str | None:
    """The format's name for an object that has at least two of the state's own keys."""
    if not head.text.lstrip().startswith("{"):
        return None
    found = sum(key in head.text for key in _KEYS)
    return FORMAT if found >= 2 and '"log_history"' in head.text else None


def read(head: Head, form: str) -> Reading:
    """One training run; a file that breaks off gives all records before the break."""
    stream = Stream(head)
    parts: list[str] = []
    size = 0
    for piece in stream.pieces():
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise Unreadable(f"a trainer state beyond {MAX_CHARACTERS >> 20} MiB is not read")
        parts.append(piece)
    text = "".join(parts)
    history = _HISTORY.search(text)
    if history is None:
        raise Unreadable("the list of records (log_history) is missing")
    runs = Runs(head, form, "step")
    records = _Records(text, history.end())
    for line, record in records:
        _take(runs, line, record)
    state = _state(text[: history.start()] + '"log_history": []' + text[records.end :])
    planned = as_number(state.get("max_steps"))
    done = as_number(state.get("global_step"))
    facts = runs.now.facts
    if planned is not None and planned > 0:
        facts["planned_steps"] = int(planned)
        facts["finished"] = True if done is not None and done >= planned else None
    for key in ("num_train_epochs", "best_model_checkpoint", "best_metric", "train_batch_size"):
        if state.get(key) is not None:
            runs.now.details[key] = str(state[key])[:200]
    problem = stream.problem or records.problem
    return runs.reading(problem, records.line if problem else None, allow_empty=True)


def _take(runs: Runs, line: int, record: Mapping[str, Any]) -> None:
    if _SUMMARY in record:
        mean = as_number(record.get("train_loss"))
        if mean is not None:
            runs.now.details["mean train loss"] = f"{mean:.6g}"
        return
    step = as_number(record.get("step"))
    for name, value in record.items():
        if name in ("step", "epoch") or name.endswith(_SPEED):
            continue
        found = as_number(value)
        if found is not None:
            runs.now.add(name, step, found, line)


class _Records:
    """The objects of the list one by one, each with its line, as far as they are whole."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self.end = start
        self.line = text.count("\n", 0, start) + 1
        self.problem: str | None = None

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        decoder = json.JSONDecoder()
        gap = re.compile(r"[\s,]*")
        while True:
            found = gap.match(self._text, self.end)
            begin = found.end() if found else self.end
            self.line += self._text.count("\n", self.end, begin)
            self.end = begin
            if begin >= len(self._text):
                self.problem = "the file breaks off inside log_history"
                return
            if self._text[begin] == "]":
                self.end += 1
                return
            try:
                record, end = decoder.raw_decode(self._text, begin)
            except (ValueError, RecursionError):
                self.problem = "log_history breaks off or is damaged"
                return
            if isinstance(record, dict):
                yield self.line, record
            self.line += self._text.count("\n", begin, end)
            self.end = end


def _state(rest: str) -> dict[str, Any]:
    """The other keys; of a damaged file those that can be read one by one."""
    try:
        whole = json.loads(rest)
    except (ValueError, RecursionError):
        whole = {}
        for key in ("max_steps", "global_step", "num_train_epochs"):
            if found := re.search(rf'"{key}"\s*:\s*(\d{{1,15}})', rest):
                whole[key] = int(found.group(1))
    return whole if isinstance(whole, dict) else {}


READER = Reader("huggingface-trainer-state", recognise, read)
