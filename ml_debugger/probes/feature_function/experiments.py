"""The experiments of a trial, in order, and what they prove of each column.

Repeated calls show what is random, calls with rounded inputs show what has no stable digits.
Then the future is cut off, replaced, and cut off behind gaps in the prices. A known leak, the
next close, is in every output and takes the same way: where it is not found, nothing is proven.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ml_debugger.artifacts.recomputed import Change
from ml_debugger.probes.feature_function.alterations import (
    inside_the_bar,
    other_future,
    rounded,
    with_gaps,
)
from ml_debugger.probes.feature_function.boundaries import boundaries
from ml_debugger.probes.feature_function.exchange import Output
from ml_debugger.probes.feature_function.runner import Runner
from ml_debugger.probes.feature_function.sample import Sample
from ml_debugger.probes.feature_function.session import Problem
from ml_debugger.probes.feature_function.trace import Trace
from ml_debugger.probes.feature_function.trial import FunctionTrial

CONTROL = "next close (injected)"
ROUNDED_RUNS = 3
FUTURES = 2
"""Boundaries at which the future is replaced, whatever the cuts have shown."""
EARLY = (0, 10)
"""And sessions near the start: what fills a warm-up from later rows shows there alone, also in a
function that refuses so few rows."""
BLAMED_AT = 2
"""Boundaries at which each input column is altered alone, where a column leaks."""
GAPS_AT = 2
CUTS_APART = 10
"""Cuts where each call needs a process of its own, which takes as long as the imports do."""

OnStep = Callable[[int, int, str], None]


@dataclass
class Proof:
    """What a trial has shown; `why_not` says why nothing can be concluded from it.

    `read` names what the function read beside the table that it was given.
    """

    file: str | None
    line: int | None
    frame: str
    python: str
    traces: dict[str, Trace] = field(default_factory=dict)
    filled: dict[str, Change] = field(default_factory=dict)
    passed_on: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    why_not: str | None = None
    read: tuple[str, ...] = ()


def prove(trial: FunctionTrial, sample: Sample, on_step: OnStep) -> Proof | Problem:
    """Try the function; a problem where it cannot be called on all rows."""
    cuts = boundaries(sample)
    total = 4 + ROUNDED_RUNS + len(cuts) + FUTURES + len(EARLY) + GAPS_AT
    done = 0

    def step(what: str) -> None:
        nonlocal done
        on_step(done, max(total, done), what)
        done += 1

    with (
        tempfile.TemporaryDirectory(prefix="diagnostic-leakage-") as scratch,
        Runner(trial, sample, Path(scratch), step) as runner,
    ):
        return _Experiments(sample, cuts, runner).prove()


class _Experiments:
    def __init__(self, sample: Sample, cuts: Sequence[int], runner: Runner) -> None:
        self._sample = sample
        self._cuts = cuts
        self._runner = runner
        self._failures: list[Problem] = []
        self._missed: list[int] = []
        self._replaced: set[int] = set()

    def prove(self) -> Proof | Problem:
        base = self._runner.first()
        if isinstance(base, Problem):
            return base
        said = self._runner.said
        frame = f"{self._runner.frame} tables, {said['why']}"
        proof = Proof(said["file"], said["line"], frame, said["python"])
        own = _own_columns(base, self._sample)
        proof.passed_on = [name for name in base if name not in own and name != CONTROL]
        if not own:
            return Problem("returned no column of its own, only what it was given")
        traces = self._repeat(base, own)
        if isinstance(traces, Problem):
            return traces
        self._runner.renew()
        self._cut_off(traces)
        self._replace(traces)
        last = self._runner.run("all rows again")
        if not isinstance(last, Problem) and self._differ(traces, last):
            traces = self._after_state(traces, base, last, proof)
        self._blame(traces)
        self._fill(traces, proof)
        proof.why_not = self._why_not(traces)
        proof.notes.extend(self._told())
        proof.read = tuple(self._runner.read)
        del traces[CONTROL]
        proof.traces = traces
        return proof

    def _repeat(self, base: Output, own: Iterable[str]) -> dict[str, Trace] | Problem:
        """Call again on the same rows, then on inputs that differ by rounding alone."""
        traces = {name: Trace(self._sample, base[name]) for name in (*own, CONTROL)}
        again = self._runner.run("all rows, a second time")
        if isinstance(again, Problem):
            return again
        for name in self._differ(traces, again):
            traces[name].random = True
        for number in range(ROUNDED_RUNS):
            if self._runner.exhausted:
                break
            near = self._runner.run("rounding", columns=rounded(self._sample, number))
            for name, trace in traces.items():
                if not isinstance(near, Problem) and name in near:
                    trace.comparison.learn(near[name])
        return traces

    def _differ(self, traces: dict[str, Trace], other: Output) -> list[str]:
        return [
            name
            for name, trace in traces.items()
            if name not in other or bool(np.any(trace.comparison.differ(other[name])))
        ]

    def _after_state(
        self, traces: dict[str, Trace], base: Output, last: Output, proof: Proof
    ) -> dict[str, Trace]:
        """Calls differ: by chance, or by what earlier calls left behind. A new process tells."""
        self._runner.renew()
        fresh = self._runner.run("all rows, in a new process")
        random = [] if isinstance(fresh, Problem) else self._differ(traces, fresh)
        for name in random:
            traces[name].random = True
        kept = [name for name in self._differ(traces, last) if not traces[name].random]
        if not kept:
            return traces
        proof.notes.append(
            f"the function keeps state between calls ({', '.join(kept[:3])} depended on earlier "
            "calls): every call got a process of its own"
        )
        again = {
            name: Trace(self._sample, base[name], trace.comparison.noise)
            for name, trace in traces.items()
        }
        for name, trace in again.items():
            trace.random = traces[name].random
        self._runner.apart = True
        self._cuts = self._cuts[:CUTS_APART]
        self._runner.renew()
        self._failures.clear()
        self._missed.clear()
        self._replaced.clear()
        self._cut_off(again)
        self._replace(again)
        return again

    def _cut_off(self, traces: dict[str, Trace]) -> None:
        for cut in self._cuts:
            if self._runner.exhausted:
                return
            past = self._sample.time <= cut
            outcome = self._runner.run(f"cut after {self._sample.when(cut)}", past)
            if isinstance(outcome, Problem):
                self._failures.append(outcome)
                continue
            lost = [
                trace.cut_off(cut, outcome[name])
                for name, trace in traces.items()
                if name in outcome
            ]
            # a lost value is judged by a run with another future alone, the known leak as well
            told = not any(lost) or self._other_future(cut, traces)
            if told and not traces[CONTROL].changed_at(cut):
                self._missed.append(cut)

    def _replace(self, traces: dict[str, Trace]) -> None:
        early = [self._sample.begun + step for step in EARLY]
        for cut in (*self._cuts[:FUTURES], *(cut for cut in early if cut in self._cuts)):
            if cut not in self._replaced and not self._runner.exhausted:
                self._other_future(cut, traces)

    def _other_future(self, cut: int, traces: dict[str, Trace]) -> bool:
        outcome = self._runner.run(
            f"another future after {self._sample.when(cut)}",
            columns=other_future(self._sample, cut, seed=1),
        )
        self._replaced.add(cut)
        if isinstance(outcome, Problem):
            return False
        for name, trace in traces.items():
            if name in outcome:
                trace.with_other_future(cut, outcome[name])
        return True

    def _blame(self, traces: dict[str, Trace]) -> None:
        """Alter the future of one input column after the other, where a column leaks."""
        leaking = {n: t for n, t in traces.items() if t.leaks and not t.random and n != CONTROL}
        for _ in range(BLAMED_AT):
            nameless = [trace for trace in leaking.values() if not trace.sources]
            if not nameless:
                return
            cut = max(self._cuts, key=lambda c: sum(trace.changed_at(c) for trace in nameless))
            for name in self._sample.columns:
                if self._runner.exhausted:
                    return
                outcome = self._with_one_altered(cut, name)
                for column, trace in leaking.items():
                    if outcome is not None and column in outcome and name not in trace.sources:
                        past = self._sample.time <= cut
                        differ = trace.comparison.differ(outcome[column])
                        if np.any(differ & past):
                            trace.sources.append(name)

    def _with_one_altered(self, cut: int, name: str) -> Output | None:
        columns = other_future(self._sample, cut, 2, [name])
        outcome = self._runner.run(f"another {name}", columns=columns)
        gentle = inside_the_bar(self._sample, cut, 2, name)
        if isinstance(outcome, Problem) and gentle is not None and not outcome.fatal:
            outcome = self._runner.run(f"another {name}", columns=gentle)
        return None if isinstance(outcome, Problem) else outcome

    def _fill(self, traces: dict[str, Trace], proof: Proof) -> None:
        """Cut off behind gaps in the prices: a gap must not be filled from what comes later."""
        cuts = sorted(self._cuts[:GAPS_AT])
        gaps = with_gaps(self._sample, cuts)
        if self._runner.exhausted:
            return
        base = self._runner.run("gaps in the prices", columns=gaps)
        if isinstance(base, Problem):
            return  # the function refuses missing prices, so it fills none
        clean = [n for n, t in traces.items() if not t.leaks and not t.random and n in base]
        holed = {
            name: Trace(self._sample, base[name], traces[name].comparison.noise) for name in clean
        }
        for cut in cuts:
            past = self._sample.time <= cut
            outcome = self._runner.run(f"gaps before {self._sample.when(cut)}", past, gaps)
            for name, trace in holed.items():
                if not isinstance(outcome, Problem) and name in outcome:
                    trace.cut_off(cut, outcome[name])
        proof.filled = {n: c for n, t in holed.items() if (c := t.change()) is not None}

    def _why_not(self, traces: dict[str, Trace]) -> str | None:
        control = traces[CONTROL]
        if not control.cuts:
            if self._failures:
                return f"with the future cut off it {self._failures[0]}"
            return "the time was used up before the first cut"
        if self._missed:
            when = self._sample.when(self._missed[0])
            return f"a known leak, the next close, was not found at the cut after {when}"
        return None

    def _told(self) -> list[str]:
        notes = []
        if self._failures and len(self._failures) < len(self._cuts):
            notes.append(
                f"at {len(self._failures)} of {len(self._cuts)} cuts the function "
                f"{self._failures[0]}; these cuts were left out"
            )
        if self._runner.exhausted:
            notes.append("the time was used up before all experiments were made")
        return notes


def _own_columns(base: Output, sample: Sample) -> list[str]:
    """Columns that are not just what was given, or the number of the row."""
    own = []
    for name, column in base.items():
        given = sample.columns.get(name)
        if name.lower() in ("index", "level_0", "level_1"):
            given = np.arange(sample.rows, dtype=np.float64)
        same = given is not None and column.values.dtype.kind == "f"
        if name != CONTROL and not (same and np.array_equal(column.values, given, equal_nan=True)):  # type: ignore[arg-type]
            own.append(name)
    return own
