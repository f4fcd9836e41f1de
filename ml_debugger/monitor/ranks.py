"""Several processes that train one model: whether they still agree.

Nothing here is a collective operation: each rank leaves a few numbers in the key-value store that
`torch.distributed` has had since it was initialised, and the first rank reads them. A rank that
has no monitor, has died or lags therefore never makes another one wait.
"""

from __future__ import annotations

import json
import math
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Self

from ml_debugger.contract import Result
from ml_debugger.monitor.gradients import Parameters
from ml_debugger.monitor.reading import scalar
from ml_debugger.monitor.transfer import Transfer

EVERY = 100
"""Steps between two comparisons."""

_KEPT = 4
_LAG = 10
_MISSES = 3

_STOP = "ml_debugger/monitor/stop"

Report = Mapping[str, float]


class Ranks:
    """This process among the others; `notes` says in words what curves cannot."""

    def __init__(self, store: Any, rank: int, size: int) -> None:
        self.rank = rank
        self.size = size
        self.notes: dict[str, str] = {}
        self._store = store
        self._transfer = Transfer()
        self._own: deque[tuple[float, Report]] = deque(maxlen=_KEPT)
        self._compared = 0.0
        self._misses = 0
        self._replicas = False
        self._stop_at: int | None = None
        self._told: set[str] = set()
        store.set(_key(rank), "[]")

    @classmethod
    def found(cls) -> Self | None:
        """The ranks of `torch.distributed`, None where it is not initialised or there is one."""
        torch = sys.modules.get("torch")
        distributed = getattr(torch, "distributed", None)
        if distributed is None or not distributed.is_available():
            return None
        if not distributed.is_initialized() or distributed.get_world_size() < 2:
            return None
        from torch.distributed import distributed_c10d

        store = distributed_c10d._get_default_store()
        return cls(store, distributed.get_rank(), distributed.get_world_size())

    def due(self, count: int) -> bool:
        """Whether the step of this number, from 1, is one that all ranks report."""
        return count % EVERY == 0

    def report(
        self,
        count: int,
        step: float,
        loss: Any,
        step_time: float | None,
        parameters: Parameters,
    ) -> None:
        """Begin to report a step: the numbers are published when they have left the device.

        `count` is the number of the step, from 1, on which the ranks agree.
        """
        self._replicas |= parameters.copies
        row: dict[str, Any] = {"step": step}
        if step_time is not None:
            row["step_time"] = step_time
        if loss is not None:
            row["train_loss"] = scalar(loss)
        if (weights := parameters.weights()) is not None:
            row["weight_norms"] = weights
            row["checksums"] = parameters.checksum()
        self._transfer.send([(count, row)])
        if self._own and self._own[-1][0] > self._compared:
            self._misses += 1

    def stops(self, count: int, finding: Result) -> bool:
        """Whether the training, which is lost by `finding`, stops at the step of this number.

        Asked first by the first rank, which then names a step that no rank has passed: all
        stop there together, because a rank that stops alone makes the others wait for ever.
        """
        if self._stop_at is None:
            self._stop_at = (count // _LAG + 2) * _LAG
            self._store.set(_STOP, json.dumps([self._stop_at, finding.to_dict()]))
        return count >= self._stop_at

    def stop_asked(self) -> tuple[int, Result] | None:
        """The step at which the first rank wants all to stop, and why; None where it does not."""
        if not self._store.check([_STOP]):
            return None
        at, finding = json.loads(self._store.get(_STOP))
        return int(at), Result.from_dict(finding)

    def publish(self) -> None:
        """Leave for the first rank what has left the device."""
        arrived = self._transfer.arrived()
        if arrived:
            self._own.extend(arrived)
            self._store.set(_key(self.rank), json.dumps([[s, dict(v)] for s, v in self._own]))

    def compared(self) -> list[tuple[float, dict[str, float]]]:
        """Rows of `rank_spread/...` for the steps that all ranks have reported since."""
        self.publish()
        own = [(count, report) for count, report in self._own if count > self._compared]
        if not own:
            return []
        others = [self._of(rank) for rank in range(self.size) if rank != self.rank]
        rows = []
        for count, report in own:
            found = [other.get(count) for other in others]
            known = [report, *(other for other in found if other is not None)]
            if len(known) == self.size:
                rows.append((report["step"], self._spread(known)))
                self._compared = count
            elif self._misses >= _MISSES:
                silent = [rank for rank, other in enumerate(found, start=1) if other is None]
                where = f"step {report['step']:g}"
                self._note("silent ranks", f"rank {_listed(silent)} did not report {where}")
        return rows

    def _note(self, name: str, text: str) -> None:
        """Say the first of each kind: that is where the trouble began."""
        if name not in self._told:
            self._told.add(name)
            self.notes[name] = text

    def _of(self, rank: int) -> dict[float, Report]:
        # get would wait for a key that is not there
        if not self._store.check([_key(rank)]):
            return {}
        return dict(json.loads(self._store.get(_key(rank))))

    def _spread(self, reports: Sequence[Report]) -> dict[str, float]:
        """What the reports of one step, in the order of the ranks, have in common."""
        where = f"step {reports[0]['step']:g}"
        row: dict[str, float] = {}
        losses = [report.get("train_loss") for report in reports]
        if None not in losses:
            bad = [rank for rank, loss in enumerate(losses) if not math.isfinite(loss or 0.0)]
            # where the first rank's own loss is lost, its own log says so
            lonely = bad if 0 not in bad else []
            row["ranks_non_finite"] = float(len(lonely))
            if lonely:
                text = f"the loss of rank {_listed(lonely)} is no number at {where}"
                self._note("non-finite ranks", text)
        for name in ("train_loss", "step_time"):
            values = [report.get(name, math.nan) for report in reports]
            if all(map(math.isfinite, values)):
                row[f"rank_spread/{name}"] = _relative(values)
        row.update(self._parameters(reports, where))
        return row

    def _parameters(self, reports: Sequence[Report], where: str) -> dict[str, float]:
        norms = [report.get("weight_norm", math.nan) for report in reports]
        sums = [report.get("checksum") for report in reports]
        apart = [rank for rank, own in enumerate(sums) if own != sums[0]]
        # shards and stages of a model differ by design: only copies can fall apart
        self._replicas |= not apart and None not in sums
        if not self._replicas or not all(map(math.isfinite, norms)):
            return {}
        if apart:
            told = ", ".join(f"rank {n} {norm:.9g}" for n, norm in enumerate(norms[:8]))
            text = f"rank {_listed(apart)} and rank 0 hold different parameters at {where}: norms "
            self._note("ranks", text + told)
        return {"ranks_apart": float(len(apart)), "rank_spread/weight_norm": _relative(norms)}


class Follower:
    """The monitor of every rank but the first: it reports and judges nothing.

    Where it `obeys`, it stops at the step that the first rank names; `stop` then says why.
    """

    def __init__(self, ranks: Ranks, *, obeys: bool) -> None:
        self.stop: Result | None = None
        self._ranks = ranks
        self._obeys = obeys
        self._asked: tuple[int, Result] | None = None
        self._count = 0
        self._began: float | None = None

    def step(self, begin: float, loss: Any, model: Any, optimizer: Any) -> None:
        """Take one training step that ended at `begin`."""
        self._count += 1
        if self._ranks.due(self._count):
            mean = None if self._began is None else (begin - self._began) / EVERY
            source = Parameters(model, optimizer)
            self._ranks.report(self._count, float(self._count), loss, mean, source)
            self._began = begin
        if self._count % _LAG == 0:
            self._ranks.publish()
            if self._obeys and self._asked is None:
                self._asked = self._ranks.stop_asked()
        if self._asked is not None and self._count >= self._asked[0]:
            self.stop = self._asked[1]


def _relative(values: Sequence[float]) -> float:
    """Range over the greatest absolute value; 0 where all are 0."""
    greatest = max(map(abs, values))
    return (max(values) - min(values)) / greatest if greatest else 0.0


def _listed(ranks: Sequence[int]) -> str:
    return ", ".join(map(str, ranks[:8]))


def _key(rank: int) -> str:
    return f"ml_debugger/monitor/{rank}"
