"""CKP008: a neural model lies without its scaler, or with one of another width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from ml_debugger.artifacts import Checkpoint, Scaler
from ml_debugger.artifacts.model_folder import ModelFolder
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.architecture import input_widths, normalises_inputs
from ml_debugger.runs.model_files import family, is_model

_FILES = re.compile(r"scal(?:er|ing)|normali[sz]|standardi[sz]|preproc|pipeline|norm_?stats|(?:^|_)"
                    r"(?:mean|std|stats)", re.IGNORECASE)  # fmt: skip
_OF_TARGET = re.compile(
    r"(?:^|[^a-z])(?:y|target|label|output|price|close|returns?)(?![a-z])", re.I
)
_SETTING = re.compile(
    r"(?:.*\.)?(?:scaler(?:_type|_name)?|scaling|feature_scal(?:er|ing)|scale_(?:features|inputs|x)"
    r"|(?:normali[sz]e|standardi[sz]e)(?:_(?:features|inputs|x|data))?|scaler_(?:path|file))",
    re.IGNORECASE,
)
_OTHERS = 2
"""Runs beside that store a scaler: a single one may be the exception."""

_OFF = frozenset({"", "0", "none", "null", "false", "no", "off", "identity"})


@check(
    code="CKP008",
    name="missing-scaler",
    component="integration",
    playbook="broken-flow",
    limits=(
        Limit(
            "without_scaler",
            "models",
            "above",
            "models whose inputs were scaled and beside which no scaler is stored",
            "the project's record of failures in service: training stops with a scaler error when "
            "the scaler of a loaded model is missing",
            fail=0,
        ),
        Limit(
            "unlike_others",
            "models",
            "above",
            "models without a scaler while those beside, or of the same folder, have one each",
            "design choice: features may be scaled before they are stored, so this is no proof",
            warn=0,
        ),
        Limit(
            "scaler_too_wide",
            "models",
            "above",
            "models that take fewer inputs than their scaler gives",
            "the project's record of failures in service: expected 880 features, but have 920",
            fail=0,
        ),
        Limit(
            "scaler_too_narrow",
            "models",
            "above",
            "models that take more inputs than their scaler gives",
            "some columns may be left unscaled on purpose: flags, times, ranks",
            warn=0,
        ),
    ),
    explained_by=("unreadable-checkpoint",),
    profiles=("pre-train", "full"),
)
def missing_scaler(folder: ModelFolder) -> Outcome:
    """A model lies without its scaler, or its scaler has another width than its input.

    What it measures:
        For neural models whose input width the first layer tells (recurrent, dense or
        convolution over time), the scalers stored in the same folder or run. A width agrees
        where it is the input's, or the input is a whole multiple of it (a flattened window).
        Scalers of the target are left out. A missing scaler is a fault only where something
        says that inputs were scaled: the configuration names a scaler, or two runs beside, or
        another model of the same folder, have one of their own. Models that normalise their
        inputs themselves or hold the statistics inside, and trees, need none.
    Why it matters:
        The model then gets raw prices or volumes where it learnt from numbers around zero. It
        answers without an error, and nearly the same for every stock.
    What to do:
        Save scaler, list of features and model together, in one folder or one file. If only
        the scaler is lost, fit it again on the rows that the model was trained on, and no
        others. If widths differ, use the features of the training or train again.
    Sources:
        The project's record of failures in service (scaler missing, feature count changed).
        scikit-learn, User Guide 11.1 and 10.1 (persistence, inconsistent preprocessing).
    """
    models = [(one, widths) for one in folder.checkpoints
              if one.problem is None and is_model(one, folder) and family(one, folder) is None
              and (widths := input_widths(one))]  # fmt: skip
    if not models:
        return NotMeasured("no neural model here tells how many inputs it takes")
    counts = dict.fromkeys(
        ("without_scaler", "scaler_too_wide", "unlike_others", "scaler_too_narrow"), 0
    )
    told: list[tuple[str, str, Evidence]] = []
    agreed = 0
    for model, widths in models:
        scalers, sure = _own(model, folder, [one for one, _ in models])
        if scalers:
            wrong = _wrong_width(widths, scalers)
            agreed += wrong is None
            if wrong is None or not sure:
                continue
            limit = "scaler_too_wide" if wrong.width > max(widths) else "scaler_too_narrow"
            title = f"{_name(model)} takes {widths[0]} inputs, its scaler has {wrong.width}"
            fact = Evidence("scaler", wrong.width, "features", wrong.path)
        else:
            why = _should_have(model, folder)
            if why is None:
                continue
            limit, reason = why
            fact = Evidence("scaled", reason, None, model.path)
            title = f"{_name(model)} lies without its scaler: {reason}"
        counts[limit] += 1
        told.append((limit, title, fact))
    if not told and not agreed:
        return NotMeasured("nothing says that the inputs of these models were scaled")
    values = {name: float(count) for name, count in counts.items()}
    if not told:
        title = f"{agreed} model{'s have' if agreed > 1 else ' has'} a scaler of the same width"
        return Measurement(title, values)
    worst = min(told, key=lambda one: list(counts).index(one[0]))
    return Measurement(worst[1], values, tuple(fact for _, _, fact in told[:4]))


def _own(
    model: Checkpoint, folder: ModelFolder, models: Sequence[Checkpoint]
) -> tuple[list[Scaler], bool]:
    """The scalers of a model's inputs, and whether they are its own for sure.

    They carry its name, or no model's and all models here take inputs of the same width. In a
    folder of models of many kinds a scaler may belong to any of them.
    """
    inputs = _of_inputs(folder)
    words = {word: one for one in models for word in _words(one)}
    by_name = [s for s in inputs if _words(model) & _named(s)]
    if by_name:
        return by_name, True
    others = {word for word, one in words.items() if one is not model} - _words(model)
    shared = [s for s in inputs if not others & _named(s)]
    stored = [c for c in folder.checkpoints if c.path not in {s.path for s in folder.scalers}]
    alike = len(models) == len(stored) and len({input_widths(one) for one in models}) == 1
    return shared, alike


def _of_inputs(folder: ModelFolder) -> list[Scaler]:
    return [s for s in folder.scalers if not _OF_TARGET.search(_scaler_name(s)) and s.width > 1]


def _words(model: Checkpoint) -> set[str]:
    """The words of a model's name that tell it from others."""
    common = {"model", "best", "final", "last", "epoch", "step", "val", "loss", "weights", "net"}
    return set(re.findall(r"[a-z]{2,}", PurePath(model.path or "").stem.lower())) - common


def _named(scaler: Scaler) -> set[str]:
    return set(re.findall(r"[a-z]{2,}", PurePath(scaler.path or "").stem.lower()))


def _scaler_name(scaler: Scaler) -> str:
    """The file's name and the key under which the scaler stands in it."""
    return f"{PurePath(scaler.path or '').name} {scaler.subject.partition(' [')[2]}"


def _wrong_width(widths: Sequence[int], scalers: Sequence[Scaler]) -> Scaler | None:
    """A scaler of another width, where none fits."""
    if any(width % scaler.width == 0 for scaler in scalers for width in widths):
        return None
    return max(scalers, key=lambda scaler: scaler.width)


def _should_have(model: Checkpoint, folder: ModelFolder) -> tuple[str, str] | None:
    """The limit that counts a missing scaler, and why there should be one.

    None where nothing says so, or where it may lie here in a form that is not known.
    """
    if not folder.whole or normalises_inputs(model):
        return None
    if any(_FILES.search(PurePath(one.path).name) for one in folder.files):
        known = {scaler.path for scaler in folder.scalers}
        unknown = [f for f in folder.files if _FILES.search(PurePath(f.path).name)]
        if any(one.path not in known for one in unknown):
            return None
    for config in folder.configurations:
        for key, value in config.values.items():
            said = str(value).strip().lower()
            # "scaler: true" may be that of the loss in mixed precision
            plain = isinstance(value, bool) and key.rpartition(".")[2].lower() == "scaler"
            if _SETTING.fullmatch(key) and said not in _OFF and not plain:
                return "without_scaler", f"{PurePath(config.path or '').name} says {key}: {value}"
    inputs = _of_inputs(folder)
    if inputs:
        return "unlike_others", f"{PurePath(inputs[0].path or '').name} is that of another model"
    if folder.scalers:
        return None
    if len({PurePath(path).parent for path in folder.scaled_beside}) >= _OTHERS:
        return "unlike_others", f"runs beside have one, such as {folder.scaled_beside[0]}"
    return None


def _name(model: Checkpoint) -> str:
    name = PurePath(model.path or model.subject).name
    return name if len(name) <= 30 else f"...{name[-27:]}"
