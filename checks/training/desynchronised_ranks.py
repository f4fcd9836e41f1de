"""TRN027: the processes of one training no longer train the same model."""

from __future__ import annotations

from itertools import takewhile

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.points import Points, finite


@check(
    code="TRN027",
    name="desynchronised-ranks",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="comparisons_apart",
            unit="comparisons in a row, up to the last",
            direction="above",
            warn=1,
            fail=2,
            meaning="comparisons at which a rank held other parameters than the first rank",
            source="PyTorch, DistributedDataParallel: all processes start from one state and apply "
            "the same gradients, so that their parameters stay identical",
        ),
        Limit(
            name="lonely_non_finite_losses",
            unit="comparisons",
            direction="above",
            fail=0,
            meaning="comparisons at which a further rank's loss was no number, the first rank's "
            "was",
            source="PyTorch Lightning detect_nan, Keras TerminateOnNaN: both stop at the first one",
        ),
    ],
    profiles=("quick", "pre-train", "full"),
)
def desynchronised_ranks(run: TrainingRun) -> Outcome:
    """The processes of one training no longer train the same model.

    What it measures:
        The live monitor compares the ranks of a distributed training every hundred steps:
        whether any bit of the parameters differs between them, and whether the loss of a
        further rank is NaN or infinite where that of the first one is not. A difference counts
        when it is there at the last comparisons in a row. Ranks whose parameters were never
        alike (shards, stages of a pipeline) are not compared by the monitor.

    Why it matters:
        Copies that drift apart are different models: averaging their gradients no longer
        descends any loss, and the checkpoint holds the first rank's model only. Nothing in the
        first rank's log shows it.

    What to do:
        Look for parameters changed after the model was wrapped, for a loop under no_sync that
        never synchronises, for an optimizer made before the model was wrapped, for a branch
        that only one rank takes, and for checkpoints loaded by one rank. For a loss that is
        NaN on one rank, look at that rank's part of the data. Training that averages
        parameters only now and then (local SGD) differs by design: waive the finding.

    Sources:
        PyTorch documentation, DistributedDataParallel. Li et al., "PyTorch Distributed:
        experiences on accelerating data parallel training", VLDB 2020.
    """
    apart, lost = _points(run.curve("ranks_apart")), _points(run.curve("ranks_non_finite"))
    if not apart and not lost:
        return NotMeasured("the log compares no ranks")
    values = {}
    evidence = [
        Evidence("said", run.details[name], None, None)
        for name in ("ranks", "non-finite ranks")
        if name in run.details
    ]
    titles = []
    lines = []
    if apart:
        row = len(list(takewhile(lambda value: value > 0, reversed(apart.values))))
        values["comparisons_apart"] = float(row)
        if row:
            first = len(apart) - row
            lines.append(apart.lines[first])
            where = f"{run.step_unit} {apart.steps[first]:g}"
            evidence.append(Evidence("first_apart", int(apart.values[first]), "ranks", where))
            evidence.extend(_distance(run.curve("rank_spread/weight_norm"), run.step_unit))
            titles.append(f"Parameters differ between ranks from {where} on")
    if lost:
        bad = [at for at, value in enumerate(lost.values) if value > 0]
        values["lonely_non_finite_losses"] = float(len(bad))
        if bad:
            where = f"{run.step_unit} {lost.steps[bad[0]]:g}"
            lines.append(lost.lines[bad[0]])
            evidence.append(Evidence("first_lost", int(lost.values[bad[0]]), "ranks", where))
            titles.append(f"Loss of another rank is no number at {where}")
    count = max(len(apart), len(lost))
    title = "; ".join(titles) or f"Ranks agree at all {count} comparisons"
    return Measurement(title, values, tuple(evidence), min(lines, default=None))


def _points(curve: Curve | None) -> Points:
    return finite(curve) if curve is not None else Points([], [], [], [])


def _distance(curve: Curve | None, unit: str) -> tuple[Evidence, ...]:
    """How far apart the norms of the weights are, at the last comparison."""
    points = _points(curve)
    if not points:
        return ()
    where = f"{unit} {points.steps[-1]:g}"
    return (Evidence("range_of_weight_norms", points.values[-1], "share of the norm", where),)
