"""Running the function on one input after the other, in one process or in one each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ml_debugger.probes.feature_function.exchange import Output, read_output, write_input
from ml_debugger.probes.feature_function.sample import Array, Sample
from ml_debugger.probes.feature_function.session import Problem, Session
from ml_debugger.probes.feature_function.trial import FunctionTrial

MOST_DEATHS = 3
"""So many processes may be lost on cut or altered inputs before the trial stops."""

OnStep = Callable[[str], None]


class Runner:
    """Calls the function of a trial. `apart` gives each call a process of its own."""

    def __init__(
        self, trial: FunctionTrial, sample: Sample, scratch: Path, on_step: OnStep
    ) -> None:
        self._trial = trial
        self._sample = sample
        self._scratch = scratch
        self._on_step = on_step
        self._session: Session | None = None
        self._deaths = 0
        self._end = time.monotonic() + trial.seconds
        self._everything = np.ones(sample.rows, dtype=bool)
        self._kind, self._lazy = "pandas", False
        self.apart = False
        self.said: Mapping[str, Any] = {}
        self.read: dict[str, None] = {}
        """What the function read beside the table that it is given."""

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.renew()

    @property
    def exhausted(self) -> bool:
        """Whether the time is used up, or too many processes were lost."""
        return time.monotonic() > self._end or self._deaths >= MOST_DEATHS

    @property
    def frame(self) -> str:
        """The kind of table that the function is given."""
        return "lazy polars" if self._lazy else self._kind

    def renew(self) -> None:
        """Forget everything that earlier calls may have left in the process."""
        if self._session is not None:
            self._session.end()
            self._session = None

    def first(self) -> Output | Problem:
        """The first call: on all rows, with the kind of table that the function takes."""
        problem = self._begin()
        if problem is not None:
            return problem
        kinds: Sequence[str] = self.said["kinds"]
        if self._trial.frame != "auto":
            kinds = [self._trial.frame]
        self._lazy = "lazy" in kinds
        failures = []
        for kind in (kind for kind in kinds if kind != "lazy"):
            self._kind = kind
            outcome = self.run("all rows")
            if not isinstance(outcome, Problem) or outcome.fatal:
                return outcome
            failures.append(outcome)
        return failures[0]

    def run(
        self,
        step: str,
        rows: Array | None = None,
        columns: Mapping[str, Array] | None = None,
    ) -> Output | Problem:
        """What the function returns for some rows (a mask), with some columns replaced."""
        self._on_step(step)
        problem = self._begin()
        if problem is not None:
            return problem
        assert self._session is not None
        source, target = self._scratch / "input", self._scratch / "output.npz"
        kept = self._everything if rows is None else rows
        write_input(source, self._kind, self._sample, kept, columns or {})
        request = {
            "input": str(source),
            "output": str(target),
            "kind": self._kind,
            "lazy": self._lazy,
            "control": "close" if "close" in self._sample.columns else "adj_close",
        }
        answer = self._session.call(request)
        if isinstance(answer, Problem):
            if answer.fatal:
                self._deaths += 1
                self.renew()
            return answer
        self.read.update(dict.fromkeys(answer.get("read", ())))
        output = read_output(target, self._kind, answer["columns"])
        if self.apart:
            self.renew()
        return output

    def _begin(self) -> Problem | None:
        if self._session is not None:
            return None
        self._session = Session(self._trial, self._scratch)
        said = self._session.begin()
        if isinstance(said, Problem):
            self.renew()
            return said
        self.said = said
        return None
