"""TRN019: steps become slower, stall again and again, or the run exceeds its time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)
from ml_debugger.curves.noise import relative_scatter, rolling_median, spread
from ml_debugger.curves.points import finite
from ml_debugger.curves.significance import rank_sum_p
from ml_debugger.runs.metric_names import words
from ml_debugger.runs.step_times import StepTimes, step_times
from ml_debugger.runs.time_limit import time_limit_used

_FEWEST = 10
_SURE = 0.001
_SCATTERS = 3.0
_REPEATED = 5
_WINDOW = 31
_WORK = frozenset({"batch", "seq", "sequence", "length", "len", "resolution", "tokens", "context"})


@check(
    code="TRN019",
    name="slow-step",
    component="performance",
    playbook="training-run",
    limits=[
        Limit(
            name="slowdown",
            unit="times the early level",
            direction="above",
            warn=1.5,
            fail=2.0,
            meaning="median time of a step at the end over that after the start-up, where it lasts",
            source="design choice: below one and a half lies what a shared machine does; twice the "
            "time is twice the bill",
        ),
        Limit(
            name="time_lost",
            unit="share of the time",
            direction="above",
            warn=0.10,
            fail=0.30,
            meaning="time above the usual level in steps of more than three times that level which "
            "come back without a rhythm",
            source="Amazon SageMaker Debugger, rule StepOutlier: repeated steps beyond 3 standard "
            "deviations; a tenth of the time is what a person would look after",
        ),
        Limit(
            name="time_limit_used",
            unit="share of the time limit",
            direction="above",
            warn=1.0,
            meaning="time between the first and the last record over the limit that the log states",
            source="the log's own limit",
        ),
    ],
    settings=[
        Setting("start_up", "share of records", 0.1,
                "first records left out: compilation, caches, autotuning",
                "torch.compile and cuDNN autotuning act in the first steps"),
    ],
    explained_by=("throttled-thermal", "throttled-power", "slow-disk", "cpu-quota",
                  "memory-near-limit", "vram-growth"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def slow_step(run: TrainingRun, settings: Settings) -> Outcome:
    """Steps become slower, stall again and again, or the run exceeds its time.

    What it measures:
        The seconds of a step (or epoch), from the log's own figures or from its time stamps.
        After the start-up, the median of the last quarter of records over that of the first, if
        a rank-sum test confirms it at 0.1 %. Beside it, the time lost in steps of more than
        three times the level around them, where there are five of them: validation and saving
        come at a rhythm and are left out. Where the log states a time limit, the time between
        its first and last record against it.
        A run whose batch or sequence length grows does more work in a step and is not judged.

    Why it matters:
        Twice the step time is twice the bill. A drift is a leak that ends in a crash: metrics
        kept with their graphs, a growing list, memory that swaps, a card that throttles.

    What to do:
        Compare memory over the same steps. Keep numbers instead of tensors (loss.item()), do
        not append to what is walked at every step. Repeated stalls: look at the storage that
        the loader reads, the number of its workers, and at who shares the machine.

    Sources:
        Amazon SageMaker Debugger, rules StepOutlier and StalledTraining. Mann and Whitney,
        Annals of Mathematical Statistics 18, 1947. The project's record (a training is stopped
        after its time limit).
    """
    used = time_limit_used(run)
    times = step_times(run)
    kept = times.after(_warm_up(times, settings["start_up"])) if times is not None else None
    if (kept is None or len(kept) < _FEWEST) and used is None:
        if times is None:
            return NotMeasured("the log has neither step times nor exact time stamps")
        return NotMeasured(f"fewer than {_FEWEST} step times after the start-up")
    slowdown, lost = math.nan, math.nan
    titles, evidence, line = [], [], None
    if kept is not None and len(kept) >= _FEWEST and _work_grows(run):
        if used is None:
            return NotMeasured("the batch or sequence length grows: a step is more work")
    elif kept is not None and len(kept) >= _FEWEST:
        first, last, slowdown = _slowdown(kept)
        outliers, lost = _lost(kept)
        evidence = [
            Evidence("early_step_time", round(first, 6), "s", f"after {run.step_unit} "
                     f"{kept.steps[0]:g}"),
            Evidence("late_step_time", round(last, 6), "s", f"{run.step_unit} {kept.steps[-1]:g}"),
            Evidence("stalls", len(outliers), "records", f"of {len(kept)}, without a rhythm"),
        ]  # fmt: skip
        if slowdown > 1.5:
            start = _begins(kept, first, last)
            line = kept.lines[start]
            titles.append(f"A step takes {last:.3g} s at the end, {first:.3g} s before "
                          f"{run.step_unit} {kept.steps[start]:g}")  # fmt: skip
        if lost > 0.10:
            line = line or kept.lines[outliers[0]]
            titles.append(f"{lost:.0%} of the time is lost in {len(outliers)} stalled steps")
        titles.append(f"A step takes {last:.3g} s, {slowdown:.2f} times its early level")
    if used is not None:
        evidence.append(Evidence("time_limit_used", round(used, 4), "share"))
        said = f"The run took {used:.0%} of its time limit"
        titles.insert(0 if used > 1 and len(titles) <= 1 else len(titles), said)
    return Measurement(
        titles[0],
        {"slowdown": slowdown, "time_lost": lost, "time_limit_used": used or math.nan},
        tuple(evidence),
        line=line,
    )


def _warm_up(times: StepTimes, share: float) -> int:
    return max(1, min(3, len(times) // 5), int(len(times) * share))


def _slowdown(times: StepTimes) -> tuple[float, float, float]:
    """Level at the start and at the end, and their ratio where the rise is beyond noise."""
    part = max(1, len(times) // (4 if len(times) >= 24 else 3))
    first, last = times.seconds[:part], times.seconds[-part:]
    low, high = median(first), median(last)
    apart = rank_sum_p(last, first) < _SURE or (part < 6 and min(last) > max(first))
    # a machine that was busy for a while and is free again at the end
    lasts = median(times.seconds[-max(2, part // 4) :]) > (low + high) / 2
    ratio = high / low if low > 0 else 1.0
    if part < _FEWEST:
        # the order of a few records is little evidence of its own
        apart = apart and high - low > _SCATTERS * relative_scatter(times.seconds, low)
    return low, high, (ratio if apart and lasts else min(ratio, 1.0))


def _begins(times: StepTimes, first: float, last: float) -> int:
    """The record from which on the level stays nearer to the end's than to the start's."""
    smooth = rolling_median(times.seconds, 5)
    middle = math.sqrt(first * last)
    below = [i for i, level in enumerate(smooth) if level <= middle]
    return min(below[-1] + 1, len(times) - 1) if below else 0


def _lost(times: StepTimes) -> tuple[list[int], float]:
    """Positions of stalls without a rhythm, and the share of the time that they took too much."""
    usual = rolling_median(times.seconds, _WINDOW)
    usual[0] = median(times.seconds[:_WINDOW])
    noise = 8 * spread(times.seconds)
    stalls = [
        i
        for i, (own, level) in enumerate(zip(times.seconds, usual, strict=True))
        if own > 3 * level and own - level > noise
    ]
    stalls = _without_rhythm(_without_rhythm(stalls))
    total = sum(times.seconds)
    if len(stalls) < _REPEATED or total == 0:
        return stalls, 0.0
    return stalls, sum(times.seconds[i] - usual[i] for i in stalls) / total


def _without_rhythm(positions: Sequence[int]) -> list[int]:
    """Without those that lie at one distance, give or take one record."""
    gaps = Counter(after - before for before, after in pairwise(positions))
    for period, _ in gaps.most_common(3):
        if period < 3:
            continue
        phases = Counter(position % period for position in positions)
        phase = phases.most_common(1)[0][0]
        off = [p for p in positions if min((p - phase) % period, (phase - p) % period) > 1]
        chance = 3 / period
        if len(positions) - len(off) > max(2, (chance + 0.4) * len(positions)):
            return off
    near = [after - before for before, after in pairwise(positions)]
    usual = median(near) if near else 0
    even = sum(abs(gap - usual) <= max(1, 0.1 * usual) for gap in near)
    return [] if near and even >= 0.8 * len(near) else list(positions)


def _work_grows(run: TrainingRun) -> bool:
    for curve in run.curves.values():
        if set(words(curve.name)) & _WORK and "time" not in words(curve.name):
            values = finite(curve).values
            if len(values) > 3 and values[0] > 0 and median(values[-3:]) > 1.3 * median(values[:3]):
                return True
    return False
