"""Which checkpoints of a run were kept, and what each says of its step, epoch and loss."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from ml_debugger.artifacts import Checkpoint, CheckpointSeries, TrainingRun, Workspace
from ml_debugger.artifacts.segments import names_segment

_EPOCH = re.compile(r"(?:^|[^a-z])(?:epoch|ep)s?[=_\-.]?(\d{1,9})(?!\d)", re.I)
_STEP = re.compile(
    r"(?:^|[^a-z])(?:global[_-]?step|step|iter|iteration|checkpoint|ckpt|round)s?[=_\-.]?"
    r"(\d{1,12})(?!\d)",
    re.I,
)
_LAST = re.compile(r"(?:^|[^a-z])(?:last|latest|final|end)(?![a-z])", re.I)
_NO_MODEL = re.compile(
    r"scaler|optim|schedul|tokeni|rng|random|trainer_state|training_args|vocab|encoder_map|config",
    re.I,
)
_STEP_FOLDER = re.compile(r"(?:checkpoint|ckpt|step|global_step|epoch|iter)[-_=]?\d+", re.I)


@dataclass(frozen=True, slots=True)
class Save:
    """One kept save. `last` is true where its name says that it is the end of the training."""

    path: str
    epoch: int | None
    step: int | None
    val_loss: float | None = None
    last: bool = False

    @property
    def name(self) -> str:
        """File name, with its folder where that is the folder of one save."""
        pure = PurePath(self.path)
        return f"{pure.parent.name}/{pure.name}" if _is_of_a_save(pure) else pure.name

    @property
    def known(self) -> bool:
        """Whether it says at all from when it is."""
        return self.last or any(n is not None for n in (self.epoch, self.step, self.val_loss))


def kept_saves(
    run: TrainingRun,
    series: CheckpointSeries | None,
    checkpoint: Checkpoint | None,
    workspace: Workspace | None,
) -> list[Save]:
    """All saves that lie together with those linked to the run, in no order.

    Of files that are neither members of the series nor the given one only the names are known.
    Those of another fold than the run's are left out, as is what holds no model.
    """
    members = [*(series.members if series is not None else ())]
    if checkpoint is not None and all(checkpoint.path != member.path for member in members):
        members.append(checkpoint)
    whole = [m for m in members if m.problem is None and m.path is not None]
    saves = {str(m.path): _of_checkpoint(m) for m in whole}
    homes = {_home(path) for path in saves}
    for output in workspace.outputs if workspace is not None else ():
        if output.stage == "checkpoint" and _home(output.path) in homes:
            broken = any(output.path == m.path for m in members if m.problem is not None)
            if output.path not in saves and not broken:
                saves[output.path] = _of_name(output.path)
    return [
        save
        for save in saves.values()
        if not _NO_MODEL.search(PurePath(save.path).name)
        and (run.segment is None or names_segment(run.segment, save.path))
    ]


def has_unknown(saves: Iterable[Save]) -> Save | None:
    """A save that does not say from when it is."""
    return next((save for save in saves if not save.known), None)


def _of_checkpoint(checkpoint: Checkpoint) -> Save:
    named = _of_name(checkpoint.path or "")
    return Save(
        named.path,
        checkpoint.epoch if checkpoint.epoch is not None else named.epoch,
        checkpoint.step if checkpoint.step is not None else named.step,
        checkpoint.val_loss,
        named.last and checkpoint.epoch is None and checkpoint.step is None,
    )


def _of_name(path: str) -> Save:
    pure = PurePath(path)
    text = f"{pure.parent.name}/{pure.name}" if _is_of_a_save(pure) else pure.name
    epoch, step = _EPOCH.search(text), _STEP.search(text)
    return Save(
        path,
        int(epoch[1]) if epoch else None,
        int(step[1]) if step else None,
        last=_LAST.search(text) is not None,
    )


def _is_of_a_save(pure: PurePath) -> bool:
    return _STEP_FOLDER.fullmatch(pure.parent.name) is not None


def _home(path: str) -> PurePath:
    pure = PurePath(path)
    return pure.parent.parent if _is_of_a_save(pure) else pure.parent
