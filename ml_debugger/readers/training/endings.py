"""What a log says about the end of its training: that it came, or where it is planned."""

from __future__ import annotations

import re

from ml_debugger.readers.training.skeleton import MARK, place

HINTS = (
    *("finish", "complet", "stopp", "stopped", "done", "end of", "interrupt", "killed"),
    *("traceback", "segmentation", "cancelled", "best iter", "bestiter", "train_runtime"),
    *("converge", "restoring", "epochs", "max_steps", "optimization steps", "out of memory"),
    *("max_iter", "did not improve more"),
)
"""Plain words, one of which stands in every line that `ending` or `planned` understands."""

_OVER = r"(?:completed?|finished|done|ended|is over)"
_PART = r"(?!\s+(?:epoch|step|batch|fold|data))"
_DONE = re.compile(
    rf"\btraining\b[^.!\n]{{0,24}}\b{_OVER}\b{_PART}|"
    rf"\b(?:finished|completed|done|end of)(?: the| model)? training\b{_PART}|"
    r"fit` stopped|\boptimization finished|"
    r"\bearly[ _-]?stopping(?: (?:triggered|at|after|activated|reached)\b|"
    r" (?:condition|criteri\w+) (?:met|reached)\b|"
    r"[!.]*\s*$|[,.!:]? best iteration|: stop training)|"
    r"^\s*done[.!]*\s*$|"
    r": early stopping|\bearly stopped?\b (?:at|after|on)|\bstopp(?:ing|ed) early\b|"
    r"\bearly stop triggered|stopping\. best iteration|best iteration is|"
    r"\bbest_?iteration\s*[:=]|restoring model weights from the end|'train_runtime'|"
    r"did not improve more than|\bconvergence after\b|stopped by overfitting detector|"
    rf"[\d{MARK}] epochs completed in|"
    r"训练完成|训练结束|training abgeschlossen|entraînement terminé",
    re.IGNORECASE,
)
_NOT_DONE = re.compile(
    r"\bno early|not (?:yet )?(?:finished|complete)|incomplete|\bif\b|will ", re.I
)
_BROKEN = re.compile(
    r"^\s*(?:\^C\s*)?KeyboardInterrupt\b|^\s*Killed\b|^\s*Segmentation fault|signal: segmentation|"
    r"^Traceback \(most recent|CANCELLED AT|DUE TO TIME LIMIT|^\s*Terminated\s*$|"
    r"\btraining (?:was )?(?:interrupted|aborted|crashed|failed)|CUDA out of memory",
    re.IGNORECASE,
)
_EPOCHS = re.compile(
    rf"(?:(?:max|num|n|total|nb|number of|train|training)[ _-]*)?epochs[\"']?\s*[:=]\s*({MARK})|"
    rf"\b(?:max|num|n|total|nb)_?epochs?[\"']?\s*[:=]\s*({MARK})|\bfor ({MARK}) epochs\b|"
    rf"--(?:num_|max_|n_)?epochs[= ]({MARK})",
    re.IGNORECASE,
)
_STEPS = re.compile(
    rf"\b(?:max|total|num(?:_train(?:ing)?)?)[ _-]?(?:train(?:ing)?[ _-])?"
    rf"(?:optimization )?(?:steps|iters|iterations)[\"']?\s*[:=]\s*({MARK})",
    re.IGNORECASE,
)
_PATIENCE = re.compile(r"patience|warm|per_|save|log_|eval_|every|accum|interval", re.IGNORECASE)


def ending(text: str) -> bool | None:
    """True for a line that says the training is over, False for one that says it broke off."""
    if _DONE.search(text) is not None and _NOT_DONE.search(text) is None:
        return True
    return False if _BROKEN.search(text) is not None else None


def planned(skeleton: str) -> tuple[int | None, int | None]:
    """The numbers of a line that are the planned epochs and the planned steps."""
    epochs = _EPOCHS.search(skeleton)
    steps = None if _PATIENCE.search(skeleton[:80]) else _STEPS.search(skeleton)
    return (
        None if epochs is None else _at(skeleton, epochs),
        None if steps is None else _at(skeleton, steps),
    )


def _at(skeleton: str, found: re.Match[str]) -> int:
    group = next(at for at in range(1, found.re.groups + 1) if found.group(at) is not None)
    return place(skeleton, found.start(group))
