"""BST004: a boosted model expects other features than the table has."""

from __future__ import annotations

import math
import re

from ml_debugger.artifacts import BoosterModel, FeatureTable
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
    short_start,
)

_NUMBERED = re.compile(r"(?:f|column_|feature_?|x|var)_?(\d+)", re.IGNORECASE)
_OF_A_MODEL = re.compile(r"pred|prob|oof|stack|meta_|_hat$|forecast", re.IGNORECASE)
"""Outputs of an earlier model that are put among the features when the model is fitted."""

_NOT_WORD = re.compile(r"\W+|_+")


@check(
    code="BST004",
    name="feature-list-mismatch",
    component="integration",
    playbook="broken-flow",
    limits=(
        Limit(
            name="missing_features",
            unit="features",
            direction="above",
            fail=0,
            meaning="features of the model that the table does not have",
            source="XGBoost and LightGBM refuse or, given plain arrays, shift all others; the "
            "project's record: 154 features against 157 expected",
        ),
        Limit(
            name="further_features",
            unit="features",
            direction="above",
            warn=0,
            meaning="columns that the table has beyond the count of a model without names",
            source="the project's record: 880 features expected, 920 given",
        ),
        Limit(
            name="out_of_order",
            unit="features",
            direction="above",
            fail=0,
            meaning="numbered features (f0, f1 ...) that stand at another place in the table",
            source="numbers are places: a model that knows features by number reads others",
        ),
    ),
    explained_by=("feature-schema-drift",),
    profiles=("pre-train", "full"),
)
def feature_list_mismatch(model: BoosterModel, table: FeatureTable) -> Outcome:
    """A boosted model expects other features than the table has.

    What it measures:
        The names that the model was trained on against the columns of the table that is
        linked to it, spelling of separators aside. The table may have further columns, and
        columns that were made into several (sector_tech of sector) count as there, as do
        outputs of an earlier model. Of a model without names the counts are compared, unless
        the model saw a window of several bars. Numbered features must keep their places.

    Why it matters:
        The prediction stops with an error, or, worse, goes on with the wrong columns: plain
        arrays carry no names, and a model that reads volume where it learnt momentum still
        returns a number.

    What to do:
        Train again on the table as it is, or build the table with the model's own list, in
        its order. Save the list beside the model, and compare it before every prediction.

    Sources:
        XGBoost, DMatrix feature_names and its check of them at prediction; LightGBM compares
        only the count. The project's record of 157 expected and 154 given features.
    """
    width = model.width or len(model.features)
    numbered = all(_NUMBERED.fullmatch(name) for name in model.features)
    if not model.features or (numbered and not set(model.features) & set(table.features)):
        return _by_count(width, table)
    columns = {*table.features, *table.labels, *(k for k in (table.ticker, table.time) if k)}
    absent = [name for name in model.features if name not in columns]
    spelt = {_plain(column) for column in columns}
    made = tuple(f"{_plain(column)}_" for column in columns)
    missing = [
        name
        for name in absent
        if _plain(name) not in spelt
        and not _plain(name).startswith(made)
        and not _OF_A_MODEL.search(name)
    ]
    moved = _moved(model, table) if numbered else []
    values = {
        "missing_features": float(len(missing)),
        "further_features": math.nan,
        "out_of_order": float(len(moved)),
    }
    evidence = (
        Evidence("model", width, "features", model.path),
        Evidence("table", len(table.features), "features", table.path),
        *(Evidence("missing", name, None, "expected by the model") for name in missing[:3]),
        *(Evidence("moved", name, None, place) for name, place in moved[:2]),
    )
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        title = f"{width} features expected; {short_start(missing[0], 24)}{more} not in the table"
    elif moved:
        title = f"{len(moved)} numbered features stand at other places in the table"
    else:
        title = f"All {width} features of the model are in the table"
    return Measurement(title, values, evidence)


def _by_count(width: int, table: FeatureTable) -> Outcome:
    held = len(table.features)
    if not width or not held:
        return NotMeasured("neither names nor a count to compare")
    if width % held == 0 and width > held:
        return NotMeasured(f"{width} inputs may be a window of {width // held} bars of {held}")
    if not 0.5 <= width / held <= 2:
        return NotMeasured(f"{width} unnamed inputs against {held} columns: of another making")
    values = {
        "missing_features": float(max(0, width - held)),
        "further_features": float(max(0, held - width)),
    }
    title = f"{width} unnamed features expected, the table has {held}"
    evidence = (
        Evidence("model", width, "features"),
        Evidence("table", held, "features", table.path),
    )
    return Measurement(title, values, evidence)


def _moved(model: BoosterModel, table: FeatureTable) -> list[tuple[str, str]]:
    place = {name: number for number, name in enumerate(table.features)}
    order = [name for name in table.features if name in set(model.features)]
    held = [name for name in model.features if name in place]
    return [
        (name, f"place {place[name]} of the table")
        for name, other in zip(held, order, strict=True)
        if name != other
    ]


def _plain(name: str) -> str:
    return _NOT_WORD.sub("_", name.lower()).strip("_")
