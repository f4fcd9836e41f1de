"""CKP006: a finished run has no checkpoint that loads."""

from __future__ import annotations

from pathlib import PurePath

from ml_debugger.artifacts import Checkpoint
from ml_debugger.artifacts.model_folder import ModelFolder
from ml_debugger.artifacts.tensor_roles import belongs_to_model
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.model_files import is_model

_SHOWN = 4


@check(
    code="CKP006",
    name="no-valid-checkpoint",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "valid",
            "checkpoints",
            "below",
            "models of the run that open and hold numbers",
            "arithmetic: without one the training has to be done again",
            fail=1,
        ),
    ),
    explained_by=("unreadable-checkpoint", "non-finite-weights", "no-space-left",
                  "disk-near-full", "quota-exceeded", "read-only-mount"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def no_valid_checkpoint(folder: ModelFolder) -> Outcome:
    """A finished run has no checkpoint that loads.

    What it measures:
        How many models of a run are whole: their structure is, and no weight is NaN or
        infinite. It is judged where a log of the run lies with them. It also fails where the
        run's own index lists models of which none is there, and where the run made a folder
        for checkpoints and left it empty. Scalers, optimizer states and feature lists in files
        of their own do not count. A run that is still going on is not judged, nor is a log
        that came without any folder for models.
    Why it matters:
        All that the training cost is lost, and it shows only when somebody loads the model.
    What to do:
        Look at unreadable-checkpoint and non-finite-weights for the reason, and at the volume's
        free space. Read each save back before the older one is removed; save to a temporary
        name and rename it.
    Sources:
        The project's record: validate before save, ensure that a checkpoint is loadable.
    """
    models = [one for one in folder.checkpoints if is_model(one, folder)]
    listed = [entry.file for index in folder.indexes for entry in index.entries]
    if not models and not listed and not folder.empty:
        return NotMeasured("no file here is named or made as a model")
    running = any(run.running for run in folder.runs)
    if running:
        return NotMeasured("the run is still going on")
    if not folder.runs:
        return NotMeasured("no log of a run lies with these models")
    if not folder.whole:
        return NotMeasured("only some of the files were named, the run may have others")
    broken = [(one, why) for one in models if (why := _broken(one))]
    valid = len(models) - len(broken)
    values = {"valid": float(valid)}
    evidence = [Evidence("broken", why, None, one.path) for one, why in broken[:_SHOWN]]
    evidence += [Evidence("run", run.subject, None, run.path) for run in folder.runs[:1]]
    if valid:
        title = f"{valid} of {len(models)} models of the run are whole"
    elif broken:
        title = f"None of the run's {len(broken)} models loads" if len(broken) > 1 else (
            f"The run's only model does not load: {broken[0][1]}"
        )  # fmt: skip
    elif listed:
        title = f"The index lists {len(listed)} models, and none is there"
        evidence = [Evidence("listed", name, None, folder.path) for name in listed[:_SHOWN]]
    else:
        title = f"{PurePath(folder.path or '').name}/ was made for the run's models and is empty"
    return Measurement(title, values, tuple(evidence))


def _broken(checkpoint: Checkpoint) -> str | None:
    if checkpoint.problem is not None:
        return checkpoint.problem
    own = {tensor.name for tensor in checkpoint.tensors if belongs_to_model(tensor)}
    bad = [n for n, one in checkpoint.figures.items() if n in own and (one.nan or one.infinite)]
    weights = [name for name in bad if len(_shape(checkpoint, name)) > 1]
    return f"{weights[0]} holds NaN or infinite values" if weights else None


def _shape(checkpoint: Checkpoint, name: str) -> tuple[int, ...]:
    return next(tensor.shape for tensor in checkpoint.tensors if tensor.name == name)
