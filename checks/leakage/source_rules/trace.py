"""What became of each mark: the parts, features, labels, signals and names that it reached."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from checks.leakage.source_rules.names import is_label
from checks.leakage.source_rules.values import Mark, Part, Value


@dataclass(frozen=True, order=True)
class Finding:
    """One fault: its line, the rule, one sentence, and whether the data flow proves it."""

    line: int
    rule: str
    sentence: str
    proven: bool


@dataclass
class Reached:
    """Where a mark arrived as a feature: the line of the features, and the columns with it."""

    line: int
    columns: tuple[str, ...]
    with_labels: bool


@dataclass
class Trace:
    """Everything that is noted during a run over the source."""

    findings: set[Finding] = field(default_factory=set)
    parts: dict[Mark, set[Part]] = field(default_factory=lambda: defaultdict(set))
    label_parts: dict[Mark, set[Part]] = field(default_factory=lambda: defaultdict(set))
    features: dict[Mark, Reached] = field(default_factory=dict)
    in_place: set[Mark] = field(default_factory=set)
    returned: set[Mark] = field(default_factory=set)
    labels: set[Mark] = field(default_factory=set)
    signals: dict[Mark, int] = field(default_factory=dict)
    stored: dict[Mark, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    columns: dict[Mark, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    made: dict[Mark, None] = field(default_factory=dict)
    selections_known: bool = False

    def mark(self, mark: Mark) -> Mark:
        """A new mark."""
        self.made[mark] = None
        return mark

    def becomes(self, value: Value, part: Part, name: str = "") -> None:
        """A value with marks becomes a part of the split."""
        into = self.label_parts if is_label(name) else self.parts
        for mark in value.all_marks:
            into[mark].add(part)

    def evaluated(self, value: Value) -> None:
        """A value is cut into training and test rows by what it is given to."""
        self.becomes(value, "train")
        self.becomes(value, "test")

    def taken(self, features: Value, labels: Value | None, line: int) -> None:
        """Features and labels are given to a model."""
        known = labels.all_marks if labels is not None else frozenset()
        self.labels |= known
        if labels is not None:
            self.selections_known = True
        for mark in features.all_marks:
            columns = tuple(name for name, marks in features.columns.items() if mark in marks)
            self.features.setdefault(mark, Reached(line, columns, mark in known))

    def kept(self, value: Value, name: str, *, column: bool = True) -> None:
        """A value is stored under a name, as a column or as a variable."""
        for mark in value.all_marks:
            self.stored[mark][name] = None
            if column:
                self.columns[mark][name] = None
