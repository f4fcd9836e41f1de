"""What one line of a console log says: where the training stands, and which metrics it gives."""

from __future__ import annotations

import re
from typing import Any

from ml_debugger.readers.training import endings, ranks, said_counters, said_metrics, stamps
from ml_debugger.readers.training.languages import in_english, speaks
from ml_debugger.readers.training.line_plan import LinePlan, Metric
from ml_debugger.readers.training.names import TEST, VALIDATION, meaning
from ml_debugger.readers.training.skeleton import MARK, MAX_TEXT, SPENT, place

_M = MARK
# plain substrings: a search for all of them at once is several times slower
_INTEREST = (
    *("loss", "epoch", "acc", "rmse", "mse", "mae", "nll", "lr", "learning", "norm", "step"),
    *("iter", "cost", "round", "batch", "ppl", "fold", "update", "scale", "llf", "|", "valid"),
    *("train", "eval", "test", "perplexity", " avg"),
    *endings.HINTS,
)
_ASIDE = ("load", "restor", "final", "resum", "summary", "runtime", "best", "improved", "stop",
          "patience", "previous")  # fmt: skip
_LOOKS_BACK = re.compile(
    r"\bload(?:ed|ing)\b|restor|\bfinal\b|resum|summary|train_runtime", re.IGNORECASE
)
# such words also stand at the end of an ordinary line: "train 0.5 val 0.4 (best)"
_MARKS_BEST = re.compile(r"best|improved|early.?stop|patience", re.IGNORECASE)
_FOLD = re.compile(rf"\bfold(?![A-Za-z])[^\w{_M}]{{0,4}}(?:#\W?)?{_M}", re.IGNORECASE)
_SETTINGS = re.compile(
    r"\bNamespace\(|\w*(?:Config|Arguments)\(|hyper-?param|\bparam(?:eter)?s\b[\"']?\s*[:=]\s*\{|"
    rf"\bTrial {_M} (?:finished|pruned|failed|complete)|\bbest (?:trial|value)|\b(?:SGD|Adam\w*|"
    r"RMSprop|\w*LR)\s*\(|\bOptimizer:|\bScheduler:|\bconfig\b|\bcommand line\b|\bpython3? \S+\.py",
    re.IGNORECASE,
)
_FILE = re.compile(r"[^\s'\"]*\.(?:ckpt|pth?|h5|keras|bin|safetensors|pkl|onnx|json|png|csv)\b")
# Lightning's summary of the layers: 0 | val_auc | BinaryAUROC | 0 | train
_LAYERS = re.compile(rf"^\s*{_M}\s*\|\s*[\w.]+\s*\|\s*[A-Z]\w+\s*\|")
# epochs are counted there, too, but no training goes on
_PREPARES = re.compile(
    r"\b(?:prepar|preprocess|process|download|generat|tokeniz|extract|collat|cach|encod)\w*",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"^[\W_\d]*(train(?:ing)?|val(?:idation|id|idating)?|eval(?:uation|uating)?|test(?:ing)?|dev)"
    r"(?:[ _](?:set|results?|metrics|phase|epoch|loop|step|performance|summary|"
    r"data|errors?))?[\W_]*$",
    re.IGNORECASE,
)
_STARRED = re.compile(r"^\s*\*\s+(?:acc|prec)", re.IGNORECASE)
_ROW = re.compile(rf"^\s*[|│]\s*([^|│\0]{{1,60}}?)\s*[|│]\s*{_M}\s*[|│]\s*$")
_AFTER = re.compile(
    rf"\b(?:cost|loss)\s+(?:after|at)\s+(epoch|iteration|step|iter)\s+{_M}\s*[:=]\s*{_M}", re.I
)
_SOLVERS = (
    # scipy's L-BFGS-B, R's nnet, Darknet: form, name, number of the step, number of the value
    (re.compile(rf"^\s*At iterate\s+{_M}\s+f=\s*{_M}"), "f (loss)"),
    (re.compile(rf"^\s*iter\s+{_M}\s+value\s+{_M}"), "value (loss)"),
)
_DARKNET = re.compile(rf"^\s*{_M}: {_M}, {_M} avg(?: loss)?, {_M} rate")
_SCALES = re.compile(
    rf"(?:reduc|sett|decreas|lower|new|increas|grow)\w*\s+(?:the\s+)?(?:loss[ _])?(?:scale\s+)?"
    rf"(?:from\s+{_M}\s+)?(?:to|is)?:?\s*{_M}",
    re.IGNORECASE,
)
_SKIPS = re.compile(
    r"skipping (?:the )?(?:step|update|optimizer)|ignoring gradient|overflow!", re.I
)
_NEW_RATE = re.compile(
    rf"learning rate(?: of group (?P<group>{_M}))?[^\0]{{0,12}}? to:? {_M}", re.IGNORECASE
)
_BARE_TIME = re.compile(
    rf"(?<![\w./-])(?:time|dt|duration|elapsed)[ \t]*[:=|]?[ \t]{{0,6}}{_M}(?P<unit>[a-z]*)"
    rf"(?![\w:])(?P<average>[ \t]{{0,4}}\([ \t]{{0,4}}{_M})?",
    re.IGNORECASE,
)


def interesting(text: str) -> bool:
    """A quick look whether the line can say anything."""
    lower = text[:MAX_TEXT].lower()
    for word in _INTEREST:
        if word in lower:
            return True
    return not lower.isascii() and speaks(lower)


def understand(skeleton: str, numbered: bool = False) -> LinePlan:
    """What the numbers of the lines of this fixed text are."""
    text = skeleton
    rank = ranks.find(text, numbered)
    if rank is not None:
        text = _blank(text, rank[2], rank[3])
    stamp = stamps.find(text)
    if stamp is not None:
        text = _blank(text, stamp.start, stamp.end)
    lower = text.lower()
    epochs, steps = endings.planned(text)
    facts: dict[str, Any] = {
        "rank": rank[1] if rank is not None else -1,
        "rank_said": rank[0] if rank is not None else None,
        "stamp": stamp,
        "ending": endings.ending(text) if any(w in lower for w in endings.HINTS) else None,
        "planned_epochs": -1 if epochs is None else epochs,
        "planned_steps": -1 if steps is None else steps,
    }
    if _SETTINGS.search(text) is not None:
        return LinePlan(summary=True, **facts)
    if (found := _FOLD.search(text)) is not None:
        facts["fold"] = place(text, found.end() - 1)
        text = _blank(text, found.start(), found.end())
    if "scale" in lower and ("overflow" in lower or "loss scale" in lower):
        facts |= _overflow(text)
        if facts.get("skips"):
            return LinePlan(**facts)
    row = _ROW.match(text)
    if row is not None:
        return LinePlan(row=row.group(1).strip(), row_at=place(text, row.end()) - 1, **facts)
    for file in reversed(list(_FILE.finditer(text))):
        text = _blank(text, file.start(), file.end())
    return _line(text, lower, facts)


def _line(text: str, lower: str, facts: dict[str, Any]) -> LinePlan:
    english = text if text.isascii() else in_english(text)
    headed = _M not in english and "|" not in english
    section = _SECTION.match(english) if headed else None
    said = said_counters.counters(english)
    metrics = _solver(text, said) or _metrics(text, said, lower)
    # the part must not be looked for in counts such as "Accuracy: 81/100"
    blanked = english
    if any(metric.total >= 0 for metric in metrics):
        blanked = re.sub(rf"{_M}/{_M}(?=\s*\()", lambda f: f.group().replace("/", " "), english)
    bar, keras = said_counters.batches(said, blanked)
    if said.epoch < 0 and said.step < 0 and said.part >= 0 and (bar or metrics):
        said.step, said.steps = said.part, said.parts
    taken = {told.metric for m in metrics if (told := meaning(m.name)) is not None}
    if any(metric.kind in ("loss", "accuracy", "error") for metric in metrics):
        timed = said_metrics.step_time(english, taken) or _bare_time(english, said, taken)
        if timed is not None:
            metrics.append(timed)
    passing = (said.part >= 0 or bar) and bool(metrics) and _of_validation(english, metrics)
    if passing:
        metrics = [metric for metric in metrics if metric.kind != "special" or " " in metric.name]
    if _LAYERS.match(text) is not None or (not metrics and _PREPARES.search(text) is not None):
        return LinePlan(**facts)
    return LinePlan(
        metrics=tuple(metrics),
        epoch=said.epoch,
        epochs=said.epochs,
        step=said.step,
        steps=said.steps,
        part=said.part,
        parts=said.parts,
        bar=bar or keras,
        keras=keras,
        postfix=said.postfix,
        passing=passing,
        summary=_is_summary(text, lower, metrics),
        alone=all(metric.kind == "special" for metric in metrics),
        section=section.group(1).lower() if section is not None else None,
        **facts,
    )


def _metrics(text: str, said: said_counters.Counters, lower: str) -> list[Metric]:
    marks = said_metrics.roles(text)
    inherited = "val" if _STARRED.match(text) else ""
    used = {said.epoch, said.epochs, said.step, said.steps, said.part, said.parts}
    metrics: list[Metric] = []
    names: set[str] = set()
    has_norm = "nnzs" not in lower
    for found, metric, told in said_metrics.pairs(text):
        name = metric.name
        if metric.at in used or (name.lower() == "norm" and not has_norm):
            continue
        while marks and marks[0][0] < found.start():
            inherited = marks.pop(0)[1]
        if told.role:
            inherited = told.role if " " in name else inherited
        elif inherited and (told.kind != "special" or told.metric == "directional_accuracy"):
            name = f"{inherited} {name}"
        if name in names:
            continue
        names.add(name)
        metrics.append(
            Metric(name, metric.at, metric.factor, metric.average, metric.total, metric.kind)
        )
    metrics += said_metrics.bare_validation(text, metrics, used)
    rate = _NEW_RATE.search(text)
    if rate is not None and not metrics and (rate.group("group") is None or "group 0" in lower):
        metrics.append(Metric("learning rate", place(text, rate.end() - 1), kind="special"))
    return metrics


def _solver(text: str, said: said_counters.Counters) -> list[Metric]:
    found = _AFTER.search(text)
    if found is not None:
        first = place(text, found.start())
        if found.group(1).lower() == "epoch":
            said.epoch = first
        else:
            said.step = first
        return [Metric("loss", first + 1, kind="loss")]
    for form, name in _SOLVERS:
        if form.match(text) is not None:
            said.step = 0
            return [Metric(name, 1, kind="loss")]
    if _DARKNET.match(text) is not None:
        said.step = 0
        return [Metric("avg loss", 2, kind="loss"), Metric("learning rate", 3, kind="special")]
    return []


def _bare_time(text: str, said: said_counters.Counters, taken: set[str]) -> Metric | None:
    """A plain `time` is that of a step in lines of batches that say so by unit or company."""
    if "step_time" in taken or max(said.step, said.part) < 0 or "end of" in text.lower():
        return None
    found = _BARE_TIME.search(text)
    if found is None:
        return None
    unit = found.group("unit").lower()
    if unit == "ms" or (unit in ("", "s") and (found.group("average") or "data" in text.lower())):
        at = place(text, found.start())
        return Metric("time/step", at, 1e-3 if unit == "ms" else 1.0, kind="special")
    return None


def _overflow(text: str) -> dict[str, Any]:
    found = list(_SCALES.finditer(text))
    skips = _SKIPS.search(text) is not None
    if not skips and "overflow" not in text.lower():
        return {}
    scale = place(text, found[-1].end() - 1) if found else -1
    return {"new_scale": scale, "skips": True}


def _of_validation(text: str, metrics: list[Metric]) -> bool:
    held_out = VALIDATION | TEST
    marks = said_metrics.roles(text)
    first = re.match(r"[\W_]*(\w+)", text)
    stated = any(word in held_out or word == "validating" for _, word in marks[:1]) or (
        first is not None and first.group(1).lower() in held_out | {"validating", "evaluating"}
    )
    return stated and all(
        (told := meaning(m.name)) is not None and told.role != "train" for m in metrics
    )


def _is_summary(text: str, lower: str, metrics: list[Metric]) -> bool:
    if not any(word in lower for word in _ASIDE):
        return False
    trains = any(
        (told := meaning(metric.name)) is not None and told.role == "train" for metric in metrics
    )
    if _LOOKS_BACK.search(text) is not None:
        return True
    best = None if trains else _MARKS_BEST.search(text)
    # behind a figure such a word belongs to that line: "val_loss 0.5 | best_loss 0.4"
    return best is not None and not any(metric.at < place(text, best.start()) for metric in metrics)


def _blank(text: str, start: int, end: int) -> str:
    """The text with a stretch blanked, in which the numbers keep their places."""
    blank = "".join(SPENT if letter in (_M, SPENT) else " " for letter in text[start:end])
    return text[:start] + blank + text[end:]
