"""CKP004: the checkpoint that a training would go on from holds no state of it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from ml_debugger.artifacts import Checkpoint
from ml_debugger.artifacts.model_folder import ModelFolder
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.model_files import is_model
from ml_debugger.runs.saves import name_of

_LAST = re.compile(r"(?:^|[^a-z])(?:last|latest|resume|resumable)(?![a-z])", re.IGNORECASE)
_RESUME = re.compile(r"(?:^|[^a-z])resum(?:e|able)(?![a-z])", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
_PROMISED = {
    "save_optimizer": True, "save_optimizer_state": True, "save_optimizer_states": True,
    "save_training_state": True, "save_state": True, "save_weights_only": False,
    "save_only_model": False, "weights_only_checkpoint": False,
}  # fmt: skip
_JUDGED = ("optimizer", "scheduler", "scaler")


@dataclass(frozen=True)
class _Save:
    """One save: its file, or all files of its folder, and what they keep of the training."""

    files: tuple[Checkpoint, ...]
    state: frozenset[str]

    @property
    def name(self) -> str:
        named = name_of(self.files[0])
        return named.partition("/")[0] if "/" in named else named

    @property
    def path(self) -> str | None:
        return self.files[0].path

    @property
    def modified(self) -> float:
        return max(file.modified for file in self.files)


@check(
    code="CKP004",
    name="missing-training-state",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "without_optimizer",
            "saves",
            "above",
            "saves to resume from that hold no state of the optimizer",
            "PyTorch, Saving and Loading a General Checkpoint: resuming needs the optimizer's "
            "state_dict too, because it holds buffers that change as the model trains",
            fail=0,
        ),
        Limit(
            "without_others",
            "saves",
            "above",
            "saves to resume from that lack the state of the schedule or of the loss scale, "
            "which their siblings have",
            "PyTorch, Automatic Mixed Precision: save the scaler's state for the best accuracy",
            warn=0,
        ),
    ),
    explained_by=("unreadable-checkpoint", "no-space-left", "disk-near-full"),
    profiles=("pre-train", "full"),
)
def missing_training_state(folder: ModelFolder) -> Outcome:
    """A checkpoint meant for resuming holds no optimizer, scheduler or scaler state.

    What it measures:
        For torch checkpoints, the save that a training would go on from: the newest of each
        row of numbered saves, and those named last, latest or resume. It lacks a part when
        most of the saves beside it hold that part, when its own name says resume, or when the
        configuration promises it (save_optimizer, save_weights_only=false). Weights alone are
        healthy where nothing else is said: exports, the best model, old saves that were
        stripped, and runs that keep weights only. What stands in a file of its own beside the
        weights (optimizer.pt) counts.
    Why it matters:
        Resuming then starts Adam's moments and the rate's schedule from nothing. The loss
        jumps, and days of training at small rates are undone without a message.
    What to do:
        Save model, optimizer, scheduler and loss scale together and rename the file when it is
        whole. Resume from an older save that holds them; if none does, warm the rate up again.
    Sources:
        PyTorch 2.13 tutorials on general checkpoints and mixed precision; Lightning
        (save_weights_only) and Transformers (save_only_model) name the choice.
    """
    saves = _saves(folder)
    known = [save for save in saves if any(c.training_state is not None for c in save.files)]
    if not known:
        return NotMeasured("no checkpoint here is of a format that keeps a training's state")
    promise = _promise(folder)
    targets = [(save, why) for save in known if (why := _meant_for_resuming(save, known, promise))]
    if not targets:
        return NotMeasured("nothing says that one of these is meant for resuming")
    lacking = {save.path: (save, why, _lacks(save, known, why, promise)) for save, why in targets}
    found = [one for one in lacking.values() if one[2]]
    bare = [one for one in found if "optimizer" in one[2]]
    values = {
        "without_optimizer": float(len(bare)),
        "without_others": float(len(found) - len(bare)),
    }
    if not found:
        save = targets[0][0]
        return Measurement(f"{save.name} keeps {_listed(save.state)}", values)
    save, why, parts = (bare or found)[0]
    evidence = (
        Evidence("missing", _listed(parts), None, save.path),
        Evidence("meant_for_resuming", why),
        Evidence("kept", _listed(save.state), None, save.path),
    )
    title = f"{save.name} keeps no {_listed(parts, 'or')}, though {why}"
    return Measurement(title, values, evidence, path=save.path)


def _saves(folder: ModelFolder) -> list[_Save]:
    by_save: dict[str, list[Checkpoint]] = defaultdict(list)
    for one in folder.checkpoints:
        if one.problem is None:
            name = name_of(one)
            key = str(PurePath(one.path or "").parent) if "/" in name else one.path or one.subject
            by_save[key].append(one)
    found = []
    for files in by_save.values():
        models = [one for one in files if is_model(one, folder)]
        # an epoch of -1 marks a file that was stripped when its training had ended
        if models and all(one.epoch != -1 for one in models):
            states = [one.training_state or frozenset() for one in files]
            rest = [one for one in files if one not in models]
            found.append(_Save((*models, *rest), frozenset().union(*states)))
    return found


def _row(save: _Save) -> str:
    """What the numbered saves of one run have in common."""
    return _NUMBER.sub("*", save.name)


def _meant_for_resuming(save: _Save, saves: Sequence[_Save], promise: str | None) -> str | None:
    """Why a training would go on from this save; None where it would not."""
    if _RESUME.search(save.name):
        return "its name says resume"
    beside = [other for other in saves if other is not save]
    row = [other for other in beside if _row(other) == _row(save)]
    newest = bool(row) and all(other.modified <= save.modified for other in row)
    if newest and _usual(row):
        return "most saves before it do"
    if _LAST.search(save.name) and _usual(beside):
        return "it is the last one and those beside it do"
    if promise is not None and (newest or not beside or _LAST.search(save.name)):
        return promise
    return None


def _usual(saves: Iterable[_Save]) -> frozenset[str]:
    """The parts that most of the saves keep."""
    counted = list(saves)
    counts = Counter(part for save in counted for part in save.state if part in _JUDGED)
    return frozenset(part for part, n in counts.items() if n > len(counted) / 2)


def _lacks(save: _Save, saves: Sequence[_Save], why: str, promise: str | None) -> frozenset[str]:
    beside = [other for other in saves if other is not save]
    row = [other for other in beside if _row(other) == _row(save)]
    expected = _usual(row or beside)
    if why == promise or _RESUME.search(save.name):
        expected |= {"optimizer"}
    return expected - save.state


def _promise(folder: ModelFolder) -> str | None:
    """What the configuration beside the models says of them."""
    for config in folder.configurations:
        for key, value in config.values.items():
            name = key.rpartition(".")[2].lower()
            if name in _PROMISED and value is _PROMISED[name]:
                return f"{name} is {str(value).lower()} in {PurePath(config.path or '').name}"
    return None


def _listed(parts: Iterable[str], word: str = "and") -> str:
    names = sorted(parts)
    if not names:
        return "weights only"
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
