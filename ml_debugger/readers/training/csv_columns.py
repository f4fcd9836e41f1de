"""What the columns of a CSV training log are: counters, metrics, times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ml_debugger.readers.training.csv_cells import value_of
from ml_debugger.readers.training.metric_records import ROLES
from ml_debugger.readers.training.moments import CLOCKS, duration, moment
from ml_debugger.readers.training.names import TEST, TRAIN, VALIDATION, meaning, words

STEP = ("step", "global_step", "iteration", "iter", "round", "num_updates", "timestep", "iters",
        "training_iteration", "steps", "boosting_round", "trainer_global_step")  # fmt: skip
EPOCH = ("epoch", "epochs", "ep", "epoch_num", "epoch_number", "current_epoch", "epoch_id")
BATCH = ("batch", "batch_idx", "batch_number", "minibatch", "batch_id")
ROUNDS = frozenset({"round", "boosting_round", "iter"})
INDEX = frozenset({"", "index", "unnamed_0", "unnamed: 0", "#"})
_NO_METRIC = frozenset(
    {"pid", "trial_id", "experiment_id", "node_ip", "hostname", "time_total_s", "timesteps_total",
     "episodes_total", "time_since_restore", "timesteps_since_restore", "seed", "fold",
     "iterations_since_restore", "warmup_time", "experiment_tag", "rank", "run", "run_id"}
)  # fmt: skip
_DURATIONS = {"time_this_iter_s": "iteration_time"}
_LARGEST_RATE = 0.1


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns by role; `batches` is true for rows whose batch number starts again."""

    names: tuple[str, ...]
    step: int | None
    epoch: int | None
    batches: bool
    metrics: tuple[tuple[int, str], ...]
    clock: int | None = None
    durations: int | None = None
    done: int | None = None
    role: int | None = None

    @property
    def counter(self) -> int | None:
        """The column that tells where in the run a row stands."""
        return self.step if self.step is not None else self.epoch

    @property
    def unit(self) -> str:
        """What its counter counts."""
        if self.step is None:
            return "epoch"
        return "round" if _joined(self.names[self.step]) in ROUNDS else "step"


def find(header: Sequence[str], names: Sequence[str]) -> int | None:
    """The first column that is called so."""
    plain = [_joined(cell) for cell in header]
    return next((plain.index(name) for name in names if name in plain), None)


def columns_of(header: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> Columns:
    """The columns under a header, by their names and by the first rows."""
    step = find(header, STEP)
    epoch = find(header, EPOCH)
    if step is not None and not _counts_up(rows, step, delimiter):
        step = None
    batches = step is None and find(header, (*STEP, *BATCH)) is not None
    if step is None and epoch is None and header and header[0].lower() in INDEX:
        # the index that pandas writes in front
        epoch = 0 if _counts_up(rows, 0, delimiter) else None
    clock = next((at for at, cell in enumerate(header) if _is_clock(cell, rows, at)), None)
    durations = next((at for at, cell in enumerate(header) if _is_duration(cell, rows, at)), None)
    others = {step, epoch, clock, durations}
    metrics = tuple(
        (at, _DURATIONS.get(name.strip(), name.strip()))
        for at, name in enumerate(header)
        if at not in others and _is_metric(name)
    )
    done = find(header, ("done",))
    role = next((at for at, name in enumerate(header) if _is_role(name, rows, at)), None)
    return Columns(tuple(header), step, epoch, batches, metrics, clock, durations, done, role)


def unnamed_columns(rows: Sequence[Sequence[str]], delimiter: str) -> Columns | None:
    """The columns of rows without a header, None where nothing counts epochs or steps.

    The first column, or the second behind a time, must count; the next one is taken for the
    loss. A column of small positive values that falls in stages, or moves smoothly, is the
    learning rate. The others keep their place as their name.
    """
    if not rows:
        return None
    width = len(rows[0])
    clock = 0 if width > 2 and all(moment(row[0]) is not None for row in rows) else None
    first = 0 if clock is None else 1
    counted = [value_of(row[first], delimiter) for row in rows]
    if first + 1 >= width or not _is_counter(counted):
        return None
    metrics = [(first + 1, "loss")]
    rates = [at for at in range(first + 2, width) if _is_rate(rows, at, delimiter)]
    for at in range(first + 2, width):
        metrics.append((at, "lr" if rates[:1] == [at] else f"column {at + 1}"))
    known = [value for value in counted if value is not None]
    by_step = max(known) > 1_000 and min(after - b for b, after in pairwise(known)) > 1
    return Columns(
        tuple("step" if by_step else "epoch" for _ in range(width)),
        first if by_step else None,
        None if by_step else first,
        False,
        tuple(metrics),
        clock,
    )


def _is_counter(values: Sequence[float | None]) -> bool:
    known = [value for value in values if value is not None]
    if len(known) < len(values) or len(known) < 2 or not all(v.is_integer() for v in known):
        return False
    stride = [after - before for before, after in pairwise(known)]
    usual = max(set(stride), key=stride.count)
    from_start = known[0] in (0.0, 1.0, usual)
    needed = 0.6 if from_start and usual == 1 else 0.9
    return usual > 0 and known[0] >= 0 and stride.count(usual) >= len(stride) * needed


def _is_rate(rows: Sequence[Sequence[str]], at: int, delimiter: str) -> bool:
    found = [value_of(row[at], delimiter) if at < len(row) else None for row in rows]
    values = [value for value in found if value is not None and math.isfinite(value)]
    if len(values) < max(3, len(rows) * 0.9) or not all(0 < v <= _LARGEST_RATE for v in values):
        return False
    same = sum(after == before for before, after in pairwise(values))
    falls = sum(after < before for before, after in pairwise(values))
    # a metric changes with every row; a rate stays, or falls as its schedule says
    return values[-1] < values[0] and same >= len(values) * 0.2 and same + falls >= len(values) // 2


def _counts_up(rows: Sequence[Sequence[str]], column: int, delimiter: str) -> bool:
    """False for a batch number, which starts again in every epoch."""
    seen = [value_of(row[column], delimiter) for row in rows if column < len(row)]
    known = [value for value in seen if value is not None]
    falls = sum(after < before for before, after in pairwise(known))
    return bool(known) and falls <= max(1, len(known) // 50)


def _is_clock(name: str, rows: Sequence[Sequence[str]], at: int) -> bool:
    if name.strip().lower().replace(" ", "_") not in CLOCKS:
        return False
    cells = [row[at] for row in rows if at < len(row) and row[at]]
    return bool(cells) and sum(moment(cell) is not None for cell in cells) >= len(cells) * 0.6


def _is_duration(name: str, rows: Sequence[Sequence[str]], at: int) -> bool:
    """fastai's `time` of an epoch, written as 00:12."""
    cells = [row[at] for row in rows if at < len(row) and row[at]]
    return (
        "time" in words(name)
        and bool(cells)
        and sum(duration(cell) is not None for cell in cells) >= len(cells) * 0.6
    )


def _is_role(name: str, rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether the column says on which set a row was measured."""
    cells = {row[at].lower() for row in rows if at < len(row)}
    known = TRAIN | VALIDATION | TEST
    return name.strip().lower() in ROLES and len(cells) > 1 and cells <= known


def _is_metric(name: str) -> bool:
    plain = name.strip()
    if not plain or _joined(plain) in _NO_METRIC or plain.lower() in INDEX:
        return False
    # Ray writes the settings of the trial into every row
    return not plain.startswith(("config/", "info/config/")) and meaning(plain) is not None


def _joined(name: str) -> str:
    return "_".join(words(name))
