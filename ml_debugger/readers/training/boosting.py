"""What the console logs of boosting libraries share: sets, metrics and rounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reading
from ml_debugger.readers.training.curves import Run, Runs
from ml_debugger.readers.training.endings import HINTS, ending
from ml_debugger.readers.training.log_text import with_text
from ml_debugger.readers.training.names import TEST, TRAIN, VALIDATION, is_loss, words
from ml_debugger.readers.training.numbers import number
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
    runs = Runs(head, form, "round")
    repeats = False
    for line in stream.lines():
        for part in plain(line.text[: 1 << 17]).split("\r"):
            found = parse(part)
            if found is None:
                if runs.now.points and any(word in part.lower() for word in HINTS):
                    _end(runs.now, part)
                    repeats = "best iteration" in part.lower()
                continue
            if repeats:
                # below the words "best iteration" stands its line once more
                repeats = False
                continue
            step, triples = found
            if runs.now.last is None or step > runs.now.last:
                runs.now.facts.pop("finished", None)
            if not line.whole:
                # the last number of an unclosed line may be half of one
                triples = triples[:-1]
            if triples:
                runs.count(step)
            for of_set, metric, value in triples:
                runs.now.add(f"{of_set}-{metric}", float(step), value, line.number)
    return with_text(runs.reading(stream.problem, rename=_names), head, form, stream)


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


def _names(run: Run) -> dict[str, str]:
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
