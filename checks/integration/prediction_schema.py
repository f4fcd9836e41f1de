"""INT001 prediction-schema."""

from __future__ import annotations

from ml_debugger.artifacts import Expectations, Predictions
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

TEXT = ("String", "Categorical", "Enum")
WHOLE = ("Int", "UInt")
NUMBER = ("Float",)
CONTRACT = {
    "ticker": TEXT,
    "date": ("Date", "Datetime"),
    "horizon": WHOLE,
    "prediction": NUMBER,
    "confidence": NUMBER,
    "model": TEXT,
}
"""Columns of the predictions that later stages read, and the beginnings of their types."""

TELLING = ("horizon", "confidence")
"""Columns that tell a file of this contract from any table of forecasts."""


@check(
    code="INT001",
    name="prediction-schema",
    component="integration",
    playbook="broken-flow",
    limits=(
        Limit(
            "schema_faults",
            "columns",
            "above",
            "contract columns that are missing or of another type, where a workspace expects them",
            "the contract: ticker, date, horizon, prediction, confidence, model",
            fail=0,
        ),
        Limit(
            "schema_gaps",
            "columns",
            "above",
            "the same, in a file of half the contract's columns that no configuration speaks of",
            "the contract: ticker, date, horizon, prediction, confidence, model",
            warn=0,
        ),
    ),
    profiles=("quick", "full"),
)
def prediction_schema(predictions: Predictions, expect: Expectations | None) -> Outcome:
    """Columns or types of the predictions differ from the contract.

    What it measures:
        Whether the file has the columns ticker, date, horizon, prediction, confidence and
        model under these names, as text, date, whole number, float, float and text. Text files
        carry no types: there a date may be text and a float may look whole. The contract is held
        against files of a workspace whose configuration expects horizons, and against files
        that have half of its columns. Other tables of forecasts follow no contract.

    Why it matters:
        Sizing and the decision engine read by name. A renamed column stops them at best; a
        horizon as text or a missing model is dropped in a join without a word.

    What to do:
        Rename and cast where the predictions are written, not where they are read.

    Sources:
        The project's record of 2025-12 (predictions that a later stage did not find).
    """
    held = [column for column in CONTRACT if column in predictions.types]
    expected = expect is not None and bool(expect.horizons)
    if not expected and (2 * len(held) < len(CONTRACT) or not set(TELLING) & set(held)):
        return NotMeasured("a table of forecasts in a form of its own, held to no contract")
    faults = [fault for column in CONTRACT if (fault := _fault(predictions, column)) is not None]
    value = {"schema_faults" if expected else "schema_gaps": float(len(faults))}
    if faults:
        title = f"{len(faults)} of {len(CONTRACT)} columns break the contract: {faults[0][1]}"
    else:
        title = "All columns of the contract are there, in their types"
    return Measurement(
        title, value, tuple(Evidence("column", column, None, text) for column, text in faults[:5])
    )


def _fault(predictions: Predictions, column: str) -> tuple[str, str] | None:
    kind = predictions.types.get(column)
    if kind is None:
        original = predictions.names.get(column)
        return column, f"{column} is called '{original}'" if original else f"{column} is missing"
    if kind.startswith(CONTRACT[column]):
        return None
    if _is_text_file(predictions) and _plausible_text(predictions, column, kind):
        return None
    return column, f"{column} is {kind}"


def _is_text_file(predictions: Predictions) -> bool:
    name = (predictions.path or "").lower().removesuffix(".gz")
    return name.endswith((".csv", ".tsv", ".txt", ".json", ".jsonl"))


def _plausible_text(predictions: Predictions, column: str, kind: str) -> bool:
    """Whether a text file that holds this type may mean the contract's."""
    if column == "date":
        return column in predictions.names
    return column in ("prediction", "confidence") and kind.startswith(WHOLE)
