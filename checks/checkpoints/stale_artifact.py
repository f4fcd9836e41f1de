"""CKP007: a model of another family or of older features was left in the live folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from ml_debugger.artifacts import BoosterModel, Checkpoint
from ml_debugger.artifacts.model_folder import ModelFolder
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
from ml_debugger.runs.model_files import family, is_model, role

_DAY = 86_400.0
_SHORT = {"lightgbm": r"(?:lgb|lgbm|lightgbm)", "xgboost": r"(?:xgb|xgboost)",
          "catboost": r"(?:cat|cb|catboost)"}  # fmt: skip
_UNNAMED = re.compile(r"(?:f|Column_)\d+")
_RECORD = (
    "the project's record of 2025-12: the trainer removes old lgb_* files when it runs without "
    "LightGBM"
)


@dataclass(frozen=True)
class _Stale:
    """A stale model, the limit it is counted for, and how that is known."""

    model: Checkpoint
    limit: str
    why: str
    days: float


@check(
    code="CKP007",
    name="stale-artifact",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "of_unused_family",
            "models",
            "above",
            "models of a library that the configuration beside them switches off",
            _RECORD,
            fail=0,
        ),
        Limit(
            "of_older_features",
            "models",
            "above",
            "models that are far older than the one of the same name in another library, and were "
            "trained on other features",
            _RECORD,
            warn=0,
        ),
        Limit(
            "not_listed",
            "models",
            "above",
            "models that are far older than all that the folder's index lists, and are not on it",
            "the engine's own index: a file that it does not list is no checkpoint",
            warn=0,
        ),
    ),
    settings=(
        Setting("days", "days", 1.0, "age difference below which models are of one batch",
                "design choice: a training night with its repeats"),
    ),
    profiles=("pre-train", "full"),
)  # fmt: skip
def stale_artifact(folder: ModelFolder, settings: Settings) -> Outcome:
    """A leftover of another model family or an older feature set lies in the live folder.

    What it measures:
        Three signs in one folder of models, each of which needs the model to be older than its
        siblings by days: the configuration beside it switches its library off (no_lgb,
        use_lightgbm: false); its name is that of a sibling but for the library (lgb_reg beside
        xgb_reg) and it was trained on other features; the folder's index does not list it.
        Age alone is no fault: models of several kinds are trained at their own times, and
        numbered versions are kept on purpose.
    Why it matters:
        Loaders take what they find. An ensemble then mixes in a model that nobody trains any
        more, with columns that mean something else today.
    What to do:
        Move the file to an archive, then run the prediction again and compare. Let the trainer
        write its models into a folder of their own, and let the loader read a list.
    Sources:
        The project's record of 2025-12 (stale lgb_* files removed when training with --no-lgb).
    """
    if not folder.whole:
        return NotMeasured("only some of the files were named, the folder is not known")
    models = [one for one in folder.checkpoints if is_model(one, folder)]
    if len(models) < 2 and not (models and folder.indexes):
        return NotMeasured("fewer than two models lie together here")
    found = {stale.model.path: stale for stale in _all(models, folder, settings["days"])}
    values = {
        name: float(sum(one.limit == name for one in found.values()))
        for name in ("of_unused_family", "of_older_features", "not_listed")
    }
    if not found:
        families = sorted({name for one in models if (name := family(one, folder))})
        kinds = f" of {' and '.join(families)}" if families else ""
        return Measurement(f"{len(models)} models{kinds} belong together", values)
    order = list(values)
    worst = min(found.values(), key=lambda one: (order.index(one.limit), -one.days))
    name = PurePath(worst.model.path or "").name
    evidence = [Evidence("stale", one.why, None, one.model.path) for one in [*found.values()][:4]]
    evidence.append(Evidence("older_by", round(worst.days, 1), "days", worst.model.path))
    title = f"{name}, {worst.days:.0f} days older: {worst.why}"
    return Measurement(title, values, tuple(evidence), path=worst.model.path)


def _all(models: list[Checkpoint], folder: ModelFolder, least: float) -> Iterator[_Stale]:
    """Later signs are the graver ones and take the place of earlier ones."""
    yield from _not_listed(models, folder, least)
    yield from _of_older_features(models, folder, least)
    yield from _of_unused_family(models, folder)


def _not_listed(models: list[Checkpoint], folder: ModelFolder, least: float) -> Iterator[_Stale]:
    listed = {entry.file for index in folder.indexes for entry in index.entries}
    there = [one for one in models if PurePath(one.path or "").name in listed]
    if not there:
        return
    oldest = min(one.modified for one in there)
    for one in models:
        days = (oldest - one.modified) / _DAY
        if one not in there and days > least:
            yield _Stale(one, "not_listed", "the folder's index does not list it", days)


def _of_older_features(
    models: list[Checkpoint], folder: ModelFolder, least: float
) -> Iterator[_Stale]:
    boosters = {one.path: one for one in folder.boosters}
    for one in models:
        for other in models:
            days = (other.modified - one.modified) / _DAY
            own, theirs = boosters.get(one.path), boosters.get(other.path)
            if days <= least or own is None or theirs is None or role(one) != role(other):
                continue
            libraries = {family(one, folder), family(other, folder)}
            if len(libraries) == 2 and None not in libraries:
                why = _other_features(own, theirs)
                if why is not None:
                    name = PurePath(other.path or "").name
                    yield _Stale(one, "of_older_features", f"{why} than {name}", days)


def _other_features(one: BoosterModel, other: BoosterModel) -> str | None:
    """How two models differ in what they take; None where they agree or do not tell."""
    if _named(one) and _named(other):
        gone, new = set(one.features) - set(other.features), set(other.features) - set(one.features)
        if gone or new:
            return f"{len(gone) + len(new)} other features"
        return None
    if one.width and other.width and one.width != other.width:
        return f"{one.width} features, other {'more' if one.width < other.width else 'fewer'}"
    return None


def _named(model: BoosterModel) -> bool:
    return bool(model.features) and not all(map(_UNNAMED.fullmatch, model.features))


def _of_unused_family(models: list[Checkpoint], folder: ModelFolder) -> Iterator[_Stale]:
    for library, short in _SHORT.items():
        key = _switched_off(folder, short)
        others = [one.modified for one in models if family(one, folder) != library]
        for one in models:
            if key is None or not others or family(one, folder) != library:
                continue
            days = (max(others) - one.modified) / _DAY
            if days > 0:
                yield _Stale(one, "of_unused_family", f"{key} in the configuration", days)


def _switched_off(folder: ModelFolder, short: str) -> str | None:
    """The setting that switches a library off."""
    off = re.compile(rf"(?:.*\.)?(?:no|skip|disable)_?{short}", re.IGNORECASE)
    on = re.compile(
        rf"(?:.*\.)?(?:(?:use|train|enable|with|run)_?{short}|{short}[._](?:enabled|use|train))",
        re.IGNORECASE,
    )
    for config in folder.configurations:
        for key, value in config.values.items():
            plain = key.replace("-", "_")
            if (value is True and off.fullmatch(plain)) or (value is False and on.fullmatch(plain)):
                return f"{key}: {str(value).lower()}"
    return None
