"""Which artifacts belong together: by configuration, by content, by folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    BoosterModel,
    Checkpoint,
    CheckpointSeries,
    Environment,
    FeatureTable,
    FileRead,
    LogText,
    Positions,
    Predictions,
    PriceTable,
    Scaler,
    SizingRecord,
    Split,
    TrainingConfig,
    TrainingRun,
    ValidationRecord,
    Workspace,
)
from ml_debugger.artifacts.model_folder import ModelFolder
from ml_debugger.artifacts.segments import names_another
from ml_debugger.workspace.contents import Contents, contents

FLOW: tuple[tuple[type[Artifact], type[Artifact]], ...] = (
    (PriceTable, FeatureTable),
    (FeatureTable, TrainingRun),
    (FeatureTable, BoosterModel),
    (TrainingConfig, TrainingRun),
    (LogText, TrainingRun),
    (TrainingRun, BoosterModel),
    (FeatureTable, Split),
    (FeatureTable, Scaler),
    (TrainingRun, Checkpoint),
    (TrainingRun, CheckpointSeries),
    (CheckpointSeries, Checkpoint),
    (Checkpoint, BoosterModel),
    (TrainingRun, ValidationRecord),
    (Split, ValidationRecord),
    (TrainingRun, Predictions),
    (Checkpoint, Predictions),
    (PriceTable, Predictions),
    (FeatureTable, Predictions),
    (ValidationRecord, Predictions),
    (ValidationRecord, Backtest),
    (Predictions, Positions),
    (SizingRecord, Positions),
    (PriceTable, Positions),
    (Predictions, Backtest),
    (Positions, Backtest),
    (PriceTable, Backtest),
)
"""Kinds that are linked, in the direction in which data flows: the first feeds the second."""


CONFIG_FOLDERS = frozenset({".hydra", "conf", "config", "configs", "cfg"})
"""Folders that hold the configuration of what lies beside them."""

SCALED_SHARE = 0.8
"""Of a scaler's features that a table must have: some may have been renamed or dropped since."""


TRAINED_SHARE = 0.5
"""Of a booster's features that a table must have to be the one it was trained on."""

_NUMBERED = re.compile(r"(?:f|Column_)\d+")
"""Names that XGBoost and LightGBM give to features that came without any."""


class Links:
    """The links between the artifacts of one run."""

    def __init__(self) -> None:
        self._fed_by: dict[Artifact, list[Artifact]] = defaultdict(list)
        self._feeds: dict[Artifact, list[Artifact]] = defaultdict(list)

    def add(self, source: Artifact, target: Artifact) -> None:
        """Record that the first feeds the second."""
        if source not in self._fed_by[target]:
            self._fed_by[target].append(source)
            self._feeds[source].append(target)

    def linked(self, artifact: Artifact, kind: type[Artifact]) -> list[Artifact]:
        """The artifacts of a kind that are linked to this one, in either direction."""
        near = (*self._fed_by[artifact], *self._feeds[artifact])
        return [other for other in near if isinstance(other, kind)]

    def upstream(self, artifact: Artifact) -> set[Artifact]:
        """Everything that feeds this artifact, directly or not."""
        seen: set[Artifact] = set()
        todo = [artifact]
        while todo:
            for source in self._fed_by[todo.pop()]:
                if source not in seen:
                    seen.add(source)
                    todo.append(source)
        return seen


def link(artifacts: Sequence[Artifact], configured: Iterable[Sequence[str]] = ()) -> Links:
    """Link artifacts along the flow.

    For each artifact and each kind that feeds it the best candidates are taken: those that the
    configuration names, else those whose content fits (model, tickers and dates), else the one
    that lies nearest in the folder tree. Content that contradicts (no ticker, no date in
    common, another horizon) never links. Equal candidates by folder alone link nothing, because
    a guess would accuse the wrong one.
    """
    links = Links()
    pairs = {frozenset(pair) for pair in configured}
    known = {artifact: contents(artifact) for artifact in artifacts}
    by_kind: dict[type[Artifact], list[Artifact]] = defaultdict(list)
    for artifact in artifacts:
        by_kind[type(artifact)].append(artifact)
    for source_kind, target_kind in FLOW:
        for target in by_kind[target_kind]:
            for source in _best(target, by_kind[source_kind], known, pairs):
                links.add(source, target)
    _link_files(artifacts, links)
    for folder in by_kind[ModelFolder]:
        if isinstance(folder, ModelFolder):
            for one in (*folder.runs, *folder.checkpoints):
                links.add(one, folder)
    return links


def _best(
    target: Artifact,
    candidates: Sequence[Artifact],
    known: dict[Artifact, Contents],
    pairs: set[frozenset[str]],
) -> list[Artifact]:
    named = [c for c in candidates if frozenset((c.path or "", target.path or "")) in pairs]
    if named:
        return named
    if isinstance(target, Checkpoint):
        members: list[Artifact] = [
            c for c in candidates if isinstance(c, CheckpointSeries) and target in c.members
        ]
        if members:
            return members
    if isinstance(target, Split) and target.tables:
        # its other parts are judged by what their names say
        return [c for c in candidates if c is target.tables["train"]]
    if isinstance(target, TrainingRun):
        candidates = _of_run(target, candidates, known)
    if isinstance(target, BoosterModel):
        candidates = _of_booster(target, candidates)
    if isinstance(target, Scaler):
        candidates = [c for c in candidates if _may_have_scaled(target, c)]
    fits = {c: known[c].fit(known[target]) for c in candidates}
    possible = [c for c in candidates if fits[c] is not None]
    if not possible:
        return []
    rank = {c: (fits[c] or 0, *_nearness(c, target)) for c in possible}
    top = max(rank.values())
    best = [c for c in possible if rank[c] == top]
    return best if top[0] or len(best) == 1 or _one_file(best) else []


def _may_have_scaled(scaler: Scaler, table: Artifact) -> bool:
    """Whether a table has the scaler's features, or as many where it does not name them."""
    if not isinstance(table, FeatureTable):
        return False
    if not scaler.features:
        return scaler.width == len(table.features)
    columns = {*table.features, *table.labels}
    return len(columns & set(scaler.features)) >= SCALED_SHARE * len(scaler.features)


def _of_run(
    run: TrainingRun, candidates: Sequence[Artifact], known: Iterable[Artifact]
) -> Sequence[Artifact]:
    """The configurations and the log text of a run; candidates of other kinds stay.

    A configuration is that of the one run in its folder or below it: where several runs lie
    there nothing says whose rate it states. The log text is that of the run's own file, or the
    only one in its folder.
    """
    if any(isinstance(c, TrainingConfig) for c in candidates):
        runs = [a for a in known if isinstance(a, TrainingRun)]
        return [c for c in candidates if _configures(c, run, runs)]
    if any(isinstance(c, LogText) for c in candidates):
        own = [c for c in candidates if c.path == run.path]
        beside = [c for c in candidates if c.path is not None and c.folder == run.folder]
        return own or (beside if len(beside) == 1 else [])
    return candidates


def _configures(config: Artifact, run: TrainingRun, runs: Iterable[TrainingRun]) -> bool:
    if config.path is None or run.path is None or config.path == run.path:
        return config.path == run.path
    folder = PurePath(config.path).parent
    while folder.name.lower() in CONFIG_FOLDERS:
        folder = folder.parent
    below = {r.path for r in runs if r.path is not None and folder in PurePath(r.path).parents}
    return below == {run.path}


def _of_booster(model: BoosterModel, candidates: Sequence[Artifact]) -> Sequence[Artifact]:
    """The checkpoint of its file, the runs whose fold it may be, the tables that have most of its
    features, if it names them."""
    if any(isinstance(c, Checkpoint) for c in candidates):
        return [c for c in candidates if isinstance(c, Checkpoint) and c.path == model.path]
    runs = [c for c in candidates if isinstance(c, TrainingRun)]
    if runs:
        return [
            run for run in runs
            if run.segment is None or not names_another(run.segment, model.path or "")
        ]  # fmt: skip
    tables = [c for c in candidates if isinstance(c, FeatureTable)]
    if not tables or not model.features:
        return candidates
    wanted = set(model.features)
    shared = {c: len(wanted & {*c.features, *c.labels}) for c in tables}
    if not any(shared.values()) and all(_NUMBERED.fullmatch(name) for name in wanted):
        return candidates
    most = max(shared.values())
    enough = most >= TRAINED_SHARE * len(wanted)
    return [c for c in tables if shared[c] == most] if enough else []


def _one_file(candidates: Sequence[Artifact]) -> bool:
    """Several runs or folds of one log count as one candidate."""
    return len({candidate.path for candidate in candidates}) == 1


def _nearness(one: Artifact, other: Artifact) -> tuple[int, int]:
    """How deep the common folder lies, then how short the way from it to the candidate is."""
    if one.path is None or other.path is None:
        return (-1, 0)
    first, second = PurePath(one.path).parts, PurePath(other.path).parts
    common = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        common += 1
    return (common, -len(first))


def link_environment(artifacts: Sequence[Artifact], links: Links) -> None:
    """Link the interpreter that trains to the configurations of trainings.

    The one of this machine goes before recorded ones.
    """
    known = [a for a in artifacts if isinstance(a, Environment)]
    own = [a for a in known if a.path is None]
    for environment in own or known[:1]:
        for config in artifacts:
            if isinstance(config, TrainingConfig):
                links.add(environment, config)


def _link_files(artifacts: Sequence[Artifact], links: Links) -> None:
    """A file's reading feeds what was read from it; the workspace is fed by everything."""
    read = {a.path: a for a in artifacts if isinstance(a, FileRead)}
    spaces = [a for a in artifacts if isinstance(a, Workspace)]
    for artifact in artifacts:
        if artifact.path in read and read[artifact.path] is not artifact:
            links.add(read[artifact.path], artifact)
        for space in spaces:
            if artifact is not space:
                links.add(artifact, space)
