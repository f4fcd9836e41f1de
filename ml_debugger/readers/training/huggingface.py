"""The trainer_state.json of Hugging Face Transformers, also when it breaks off."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.training.curves import Run, Runs
from ml_debugger.readers.training.json_arrays import Objects
from ml_debugger.readers.training.numbers import as_number
from ml_debugger.readers.training.stream import Stream

FORMAT = "Hugging Face trainer state"
MAX_CHARACTERS = 256 << 20
_HISTORY = re.compile(r'"log_history"\s*:\s*\[')
_KEYS = ('"log_history"', '"global_step"', '"best_metric"', '"max_steps"', '"logging_steps"')
# a summary of the whole run under names that are curves elsewhere, and figures of speed
_SUMMARY = "train_runtime"
_SPEED = ("_runtime", "_per_second", "_flos", "total_flos")
_OWN_KEYS = frozenset({"loss", "eval_loss", "learning_rate", "grad_norm", "eval_runtime"})


def recognise(head: Head) -> str | None:
    """The format's name for a state, or for its list of records alone."""
    start = head.text.lstrip()
    if start.startswith("{"):
        found = sum(key in head.text for key in _KEYS)
        return FORMAT if found >= 2 and '"log_history"' in head.text else None
    if not start.startswith("["):
        return None
    records = [record for _, record in Objects(head.text, head.text.index("[") + 1)]
    own = sum("step" in r and "epoch" in r and not _OWN_KEYS.isdisjoint(r) for r in records)
    return FORMAT if own >= 2 and own >= len(records) * 0.5 else None


def read(head: Head, form: str) -> Reading:
    """One training run; a file that breaks off gives all records before the break."""
    stream = Stream(head)
    text = _text(stream)
    bare = text.lstrip().startswith("[")
    history = re.compile(r"\[").search(text) if bare else _HISTORY.search(text)
    if history is None:
        raise Unreadable("the list of records (log_history) is missing")
    runs = Runs(head, form, "step")
    records = Objects(text, history.end())
    for line, record in records:
        _take(runs, line, record)
    if not bare:
        state = text[: history.start()] + '"log_history": []' + text[records.end :]
        _facts(runs.now, _state(state))
    problem = stream.problem or records.problem
    return runs.reading(problem, records.line if problem else None, allow_empty=True)


def _text(stream: Stream) -> str:
    parts: list[str] = []
    size = 0
    for piece in stream.pieces():
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise Unreadable(f"a trainer state beyond {MAX_CHARACTERS >> 20} MiB is not read")
        parts.append(piece)
    return "".join(parts)


def _facts(run: Run, state: Mapping[str, Any]) -> None:
    planned = as_number(state.get("max_steps"))
    done = as_number(state.get("global_step"))
    if planned is not None and planned > 0:
        run.facts["planned_steps"] = int(planned)
        if done is not None and done >= planned:
            run.facts["finished"] = True
    for key in ("num_train_epochs", "best_model_checkpoint", "best_metric", "train_batch_size",
                "total_flos", "global_step"):  # fmt: skip
        if state.get(key) is not None:
            run.details[key] = str(state[key])[:200]


def _take(runs: Runs, line: int, record: Mapping[str, Any]) -> None:
    if _SUMMARY in record:
        # the trainer writes it when the training came to its end, early or not
        runs.now.facts["finished"] = True
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
