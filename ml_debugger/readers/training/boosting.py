"""What the console logs of boosting libraries share: sets, metrics and rounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.curves import Run, Runs
from ml_debugger.readers.training.endings import HINTS, ending
from ml_debugger.readers.training.log_text import with_text
from ml_debugger.readers.training.names import TEST, TRAIN, VALIDATION, is_loss, words
from ml_debugger.readers.training.numbers import number
from ml_debugger.readers.training.skeleton import pattern, split
from ml_debugger.readers.training.stream import Stream, plain

Round = tuple[int, Sequence[tuple[str, str, float]]]
"""A round's number and its (set, metric, value) triples."""

_HIGHER = re.compile(r"auc|aucpr|map|ndcg|accuracy|acc|f1|r2|pre|precision|recall|kappa", re.I)


def rounds_in_head(head: Head, parse: Callable[[str], Round | None]) -> int:
    """How many of the first lines are rounds."""
    if head.encoding is None:
        return 0
    return sum(parse(plain(line)) is not None for line in head.text.splitlines())


def read_rounds(head: Head, form: str, parse: Callable[[str], Round | None]) -> Reading:
    """The runs of a log of rounds; round 0 (or a lower one) begins a new run."""
    stream = Stream(head, listen=True)
    rounds = _Rounds(Runs(head, form, "round"), parse)
    for block in stream.blocks():
        for line, text in enumerate(block.texts, start=block.first):
            if block.plain:
                rounds.take(line, text, block.whole)
                continue
            for part in plain(text[: 1 << 17]).split("\r"):
                rounds.take(line, part, block.whole)
    return with_text(
        rounds.runs.reading(stream.problem, rename=names_by_set),
        head,
        form,
        stream,
    )


def reader_of_rounds(name: str, form: str, parse: Callable[[str], Round | None]) -> Reader:
    """The reader of a booster's console log: at least two of its first lines are rounds."""

    def recognise(head: Head) -> str | None:
        return form if rounds_in_head(head, parse) >= 2 else None

    def read(head: Head, form: str) -> Reading:
        return read_rounds(head, form, parse)

    return Reader(name, recognise, read)


class _Rounds:
    """Takes the lines of a log of rounds, which differ in their numbers alone."""

    def __init__(self, runs: Runs, parse: Callable[[str], Round | None]) -> None:
        self.runs = runs
        self.parse = parse
        self.repeats = False
        self.alike: list[tuple[str, Round]] = []
        self.form: re.Pattern[str] | None = None
        self.names: tuple[str, ...] = ()

    def take(self, line: int, text: str, whole: bool) -> None:
        """One line."""
        if self.form is not None and whole and not self.repeats:
            found = self.form.fullmatch(text.rstrip())
            numbers = [number(part) for part in found.groups()] if found is not None else []
            sound = [value for value in numbers if value is not None]
            if sound and len(sound) == len(numbers):
                self._add(line, sound[0], zip(self.names, sound[1:], strict=True))
                return
        told = self.parse(text)
        if told is None:
            if self.runs.now.points and any(word in text.lower() for word in HINTS):
                _end(self.runs.now, text)
                self.repeats = "best iteration" in text.lower()
            return
        if self.repeats:
            # below the words "best iteration" stands its line once more
            self.repeats = False
            return
        step, triples = told
        if whole:
            self._learn(text.rstrip(), told)
        else:
            # the last number of an unclosed line may be half of one
            triples = triples[:-1]
        self._add(line, step, ((f"{of_set}-{metric}", value) for of_set, metric, value in triples))

    def _add(self, line: int, step: float, values: Iterable[tuple[str, float]]) -> None:
        run = self.runs.now
        if run.last is None or step > run.last:
            run.facts.pop("finished", None)
        begun = False
        for name, value in values:
            if not begun:
                self.runs.count(step)
                run, begun = self.runs.now, True
            run.add(name, step, value, line)

    def _learn(self, text: str, told: Round) -> None:
        """Make a pattern of three lines in a row that differ in their numbers alone."""
        self.alike = [*self.alike[-2:], (text, told)]
        form = made_from(self.alike) if len(self.alike) == 3 else None
        if form is not None:
            self.form = form
            self.names = tuple(f"{of_set}-{metric}" for of_set, metric, _ in told[1])


def made_from(lines: Sequence[tuple[str, Round]]) -> re.Pattern[str] | None:
    """A pattern whose groups are the round and the values of such lines; None without one."""
    split_lines = [split(text) for text, _ in lines]
    skeletons = {skeleton for skeleton, _ in split_lines}
    names = {tuple((of_set, metric) for of_set, metric, _ in told[1]) for _, told in lines}
    if len(skeletons) != 1 or len(names) != 1:
        return None
    written = [[number(text) for text in numbers] for _, numbers in split_lines]
    wanted: list[int] = []
    for position in range(len(lines[0][1][1]) + 1):
        values = [told[0] if position == 0 else told[1][position - 1][2] for _, told in lines]
        start = wanted[-1] + 1 if wanted else 0
        at = next(
            (
                at
                for at in range(start, len(written[0]))
                if all(row[at] == value for row, value in zip(written, values, strict=True))
            ),
            None,
        )
        if at is None:
            return None
        wanted.append(at)
    return pattern(skeletons.pop(), frozenset(wanted))


def _end(run: Run, text: str) -> None:
    ended = ending(text)
    if ended is not None:
        run.facts["finished"] = ended


def pairs(text: str, pattern: re.Pattern[str]) -> list[tuple[str, str, float]]:
    """The (set, metric, value) triples of a line."""
    triples = []
    for of_set, metric, written in pattern.findall(text):
        value = number(written)
        if value is not None:
            triples.append((of_set.strip(), metric.strip(), value))
    return triples


def names_by_set(run: Run) -> dict[str, str]:
    """Canonical names of a run whose metrics are named by their set."""
    return curve_names(run.points)


def curve_names(names: Iterable[str]) -> dict[str, str]:
    """Canonical names of "set-metric" names: the first minimised metric of each set is its loss."""
    split = {name: (name.rpartition("-") if "@" in name else _split(name)) for name in names}
    sets = list(dict.fromkeys(part[0] for part in split.values()))
    main = _main_set(sets)
    trained = _training_set(sets, main)
    result: dict[str, str] = {}
    for name, (of_set, _, metric) in split.items():
        plain_metric = "_".join(words(metric)) or metric
        minimised = is_loss(metric) or not _HIGHER.search(metric)
        role = "train" if of_set == trained else "val"
        other = "" if of_set in (trained, main) else f"{'_'.join(words(of_set))}_"
        wanted = f"{role}_loss"
        if not minimised or other or wanted in result.values():
            wanted = plain_metric if role == "train" else f"val_{other}{plain_metric}"
        result[name] = wanted if wanted not in result.values() else name
    return result


def _split(name: str) -> tuple[str, str, str]:
    return name.partition("-")


def _training_set(sets: Sequence[str], main: str | None) -> str | None:
    for name in sets:
        if not TRAIN.isdisjoint(words(name)):
            return name
    # validation_0 of two is by custom the training set: eval_set=[(X_train, ...), (X_val, ...)]
    if len(sets) == 2 and sets[0] == "validation_0" and main == "validation_1":
        return sets[0]
    return None


def _main_set(sets: Sequence[str]) -> str | None:
    rest = [name for name in sets if TRAIN.isdisjoint(words(name))]
    if len(rest) == 2 and rest == ["validation_0", "validation_1"] and len(sets) == 2:
        return rest[1]
    return _first_of(rest, VALIDATION) or _first_of(rest, TEST) or (rest[0] if rest else None)


def _first_of(sets: Iterable[str], known: frozenset[str]) -> str | None:
    return next((n for n in sets if any(w.rstrip("0123456789") in known for w in words(n))), None)
