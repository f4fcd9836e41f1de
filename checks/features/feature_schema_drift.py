"""FEA006 feature-schema-drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from checks.features.named import listed
from ml_debugger.artifacts import Expectations, FeatureTable, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

EMPTY = "Null"
TEXTS = ("String", "Categorical", "Enum")
WHOLE = ("Int", "UInt")
FRACTIONS = ("Float", "Decimal")
TIMES = ("Date", "Datetime", "Time", "Duration")


@dataclass(frozen=True)
class _Difference:
    """A column that a file lacks or holds otherwise than most files do."""

    column: str
    kind: str
    file: str
    words: str


@check(
    code="FEA006",
    name="feature-schema-drift",
    component="data",
    playbook="broken-flow",
    limits=(
        Limit(
            "missing_columns",
            "columns",
            "above",
            "columns that some partition files lack",
            "readers fill what is missing with nulls, or stop",
            fail=0,
        ),
        Limit(
            "changed_types",
            "columns",
            "above",
            "columns that are numbers in some files and text, times or flags in others",
            "a cast of text to numbers makes nulls without a word",
            fail=0,
        ),
        Limit(
            "changed_precision",
            "columns",
            "above",
            "columns that are whole numbers or single precision in some files only",
            "pyarrow.dataset takes the first file's types, and fails or rounds on the others",
            warn=0,
        ),
        Limit(
            "missing_features",
            "features",
            "above",
            "features that the linked training run had and the table has not",
            "a model cannot be given what it was trained on",
            fail=0,
        ),
        Limit(
            "misread_columns",
            "columns",
            "above",
            "columns that a plain reader takes for text, and dates in several notations or absent",
            "`pandas.read_csv` makes a whole column text for one cell that is no number",
            warn=0,
        ),
        Limit(
            "off_expected_count",
            "features",
            "above",
            "difference between the features of the table and the number that was expected",
            "the project's record of 2025-12: EXPECTED_FEATURE_COUNT, 157 and later 154",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def feature_schema_drift(
    features: FeatureTable, run: TrainingRun | None, expected: Expectations | None
) -> Outcome:
    """Columns or types of the features changed.

    What it measures:
        The columns and types of all files of a partitioned folder, each against what most of
        the files have; whether the table still has every feature that the linked training run
        was given; and the number of features, where the configuration expects one. Then cells of
        text among numbers, one name twice and dates in several notations or absent. Columns
        that are empty in a file have no type there and are no difference. Features that the
        run was not given are no fault: it may have selected some.

    Why it matters:
        A column that ends with a partition becomes null from there on. A model that is given
        another set of features, by position, reads one feature as another.

    What to do:
        Write the named files anew with the code that wrote the others. If the features were
        changed on purpose, train anew and change the expected number with them.

    Sources:
        The project's record of 2025-12 (157 features became 154). Apache Arrow's documentation
        of dataset schemas: the first file's schema stands for all.
    """
    partitioned = len(features.schemas) > 1
    trained = run.features if run is not None else ()
    count = expected.features if expected is not None else None
    if not (partitioned or trained or count is not None or features.misread):
        return NotMeasured(
            "is one file, and neither a training run nor the configuration names its features"
        )
    differences = _differences(features.schemas) if partitioned else []
    kinds = {kind: [d for d in differences if d.kind == kind] for kind in ("lacks", "type", "size")}
    have = set(features.frame.collect_schema().names())
    lost = [name for name in trained if name not in have]
    off = abs(len(features.features) - count) if count is not None else 0
    values = {
        "missing_columns": len(_columns(kinds["lacks"])),
        "changed_types": len(_columns(kinds["type"])),
        "changed_precision": len(_columns(kinds["size"])),
        "missing_features": len(lost),
        "off_expected_count": off,
        "misread_columns": len(features.misread),
    }
    trainer = run.subject if run is not None else None
    parts = []
    if lost:
        parts.append(f"{listed(lost)} of {trainer} lacking")
    if off:
        parts.append(f"{len(features.features)} features, {count} expected")
    for kind, words in (
        ("lacks", "lacking in some files"),
        ("type", "of another type in some files"),
        ("size", "of another precision in some files"),
    ):
        if kinds[kind]:
            parts.append(f"{listed(_columns(kinds[kind]))} {words}")
    parts += [f"{column}: {said}" for column, said in features.misread.items()]
    evidence = [Evidence("missing feature", name, where=trainer) for name in lost[:3]]
    evidence += [Evidence(d.column, d.words, where=d.file) for k in kinds for d in kinds[k][:2]]
    evidence += [Evidence("misread", said, where=c) for c, said in features.misread.items()]
    against = [f"{len(features.schemas)} files"] * partitioned
    against += [str(trainer)] * bool(trained) + ["the expected number"] * (count is not None)
    title = "; ".join(parts[:2])
    return Measurement(
        title or f"{len(features.features)} features agree with {' and '.join(against[:2])}",
        values,
        tuple(evidence[:5]),
    )


def _columns(differences: list[_Difference]) -> list[str]:
    return list(dict.fromkeys(difference.column for difference in differences))


def _differences(schemas: Mapping[str, Mapping[str, str]]) -> list[_Difference]:
    """For each column and kind of difference the first file that has it."""
    seen = Counter(column for schema in schemas.values() for column in schema)
    types = {column: Counter[str]() for column in seen}
    for schema in schemas.values():
        for column, kind in schema.items():
            types[column][kind] += kind != EMPTY
    usual = {column: kinds.most_common(1)[0][0] for column, kinds in types.items()}
    found: dict[tuple[str, str], _Difference] = {}
    for file, schema in schemas.items():
        if not schema:
            continue
        for column, wanted in usual.items():
            held = schema.get(column)
            if held in (wanted, EMPTY):
                continue
            if held is None:
                words = f"missing here, {seen[column]} of {len(schemas)} files have it"
                found.setdefault((column, "lacks"), _Difference(column, "lacks", file, words))
            elif _family(held) != _family(wanted):
                words = f"{held} here, {wanted} in most files"
                found.setdefault((column, "type"), _Difference(column, "type", file, words))
            elif _matters(held, wanted):
                words = f"{held} here, {wanted} in most files"
                found.setdefault((column, "size"), _Difference(column, "size", file, words))
    return list(found.values())


def _family(kind: str) -> str:
    """What a type holds: numbers, text, times, flags."""
    for family, starts in (("number", (*WHOLE, *FRACTIONS)), ("text", TEXTS), ("time", TIMES)):
        if kind.startswith(starts):
            return family
    return kind


def _matters(kind: str, wanted: str) -> bool:
    """Whether two types of one family lose digits in each other; units of time do not."""
    return _family(kind) == "number" and not (kind.startswith(WHOLE) and wanted.startswith(WHOLE))
