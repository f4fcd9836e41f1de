"""Console logs of random shape: known figures are read back, and nothing breaks."""

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import TrainingRun
from ml_debugger.readers.head import read_head
from ml_debugger.readers.reader import Unreadable
from ml_debugger.readers.training import plain_text
from ml_debugger.readers.training.console import understand
from ml_debugger.readers.training.endings import ending
from ml_debugger.readers.training.names import canonical_names, meaning
from ml_debugger.readers.training.skeleton import MARK, pattern, split

PREFIXES = [
    "",
    "2025-01-02 10:11:12,345 INFO - ",
    "[rank0]: ",
    "\x1b[32mI\x1b[0m ",
    "INFO:root:",
    "I0102 10:11:12.345 1 a.py:3] ",
    "Jan  2 10:11:12 host x[3]: ",
    "1735812672.5 ",
    "> ",
]
LOSSES = [("loss", "val_loss"), ("train loss", "valid loss"), ("Train Loss", "Val Loss"),
          ("train/loss", "val/loss"), ("trainLoss", "valLoss"), ("training_loss", "eval_loss"),
          ("训练损失", "验证损失"), ("Trainingsverlust", "Validierungsverlust")]  # fmt: skip
EPOCHS = ["Epoch {}", "epoch={}", "[Epoch {}/99]", "EPOCH: {}", "Ep {}", "epoch {}/99", "Epoch{}",
          "第 {} 轮"]  # fmt: skip
JOINTS = ["=", ": ", " ", " = ", ":", " | "]
GAPS = [" ", ", ", " - ", " | ", "\t", "; "]
TENSORS = ["{}", "{}", "{}", "tensor({})", "tensor({}, device='cuda:0')", "[{}]", "np.float32({})"]
SETTINGS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

values = st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.5g}"))
FORMS = ["{:.6f}", "{:g}", "{:.3e}", "{}"]


def runs(text: str) -> list[TrainingRun] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.log"
        path.write_text(text, encoding="utf-8", newline="")
        head = read_head(path, path.name)
        kind = plain_text.READER.recognise(head)
        try:
            reading = plain_text.READER.read(head, kind or "forced")
        except Unreadable:
            return None
        return [run for run in reading.artifacts if isinstance(run, TrainingRun)]


@st.composite
def logs(draw: st.DrawFn) -> tuple[str, list[float], list[float]]:
    count = draw(st.integers(3, 20))
    train, validation = (draw(st.lists(values, min_size=count, max_size=count, unique=True))
                         for _ in range(2))  # fmt: skip
    prefix, epoch, joint, gap = (
        draw(st.sampled_from(choice)) for choice in (PREFIXES, EPOCHS, JOINTS, GAPS)
    )
    names = draw(st.sampled_from(LOSSES))
    form, tensor = draw(st.sampled_from(FORMS)), draw(st.sampled_from(TENSORS))
    if joint in (" ", ":") or gap in (" - ",):
        # "loss -0.5" beside " - " is not to be told apart from "loss - 0.5"
        train, validation = ([abs(value) for value in series] for series in (train, validation))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = ""
    for at in range(count):
        told = [
            f"{name}{joint}{tensor.format(form.format(series[at]))}"
            for name, series in zip(names, (train, validation), strict=True)
        ]
        text += prefix + gap.join([epoch.format(at + 1), *told]) + end
    read = [[float(form.format(value)) for value in series] for series in (train, validation)]
    return text, *read


@settings(max_examples=150, **SETTINGS)
@given(log=logs())
def test_known_figures_are_read_back(log: tuple[str, list[float], list[float]]) -> None:
    text, train, validation = log
    found = runs(text)
    assert found is not None, text
    (run,) = found
    for name, expected in (("train_loss", train), ("val_loss", validation)):
        assert list(run.curves[name].values) == expected, text
        assert list(run.curves[name].steps) == list(range(1, len(expected) + 1)), text


@settings(max_examples=60, **SETTINGS)
@given(log=logs(), cut=st.integers(0, 400))
def test_a_log_that_breaks_off_holds_what_stood_before(log, cut: int) -> None:
    text, train, _ = log
    found = runs(text[: max(0, len(text) - cut)])
    for run in found or []:
        if "train_loss" in run.curves:
            whole = list(run.curves["train_loss"].values)
            assert whole == train[: len(whole)]


@settings(max_examples=150, **SETTINGS)
@given(text=st.text(max_size=300))
def test_any_text(text: str) -> None:
    found = runs(text)
    for run in found or []:
        for curve in run.curves.values():
            assert len(curve.steps) == len(curve.values) == len(curve.lines)
    canonical_names({text: 3})
    ending(text)


PIECES = st.sampled_from(
    ["epoch", "loss", "val", " ", ":", "=", "0.5", "1/3", "nan", "12", "%|##|", "\r", "\n", "step",
     "[", "]", "(", ")", "|", "lr", "-", ",", "1e400", "None", "grad_norm/a.0", "rank0", "fold 2",
     "Test", "2025-01-02 10:11:12", "ETA:", "/step", "\x1b[3m", "损失", "overflow", "scale", "\t",
     "it/s", "Epoch 1", "Epoch 2/3", "loss: 0.5", "training complete", "Killed", "━━", "第"]
)  # fmt: skip


@settings(max_examples=250, **SETTINGS)
@given(pieces=st.lists(PIECES, max_size=60))
def test_mixtures_of_all_shapes(pieces: list[str]) -> None:
    for run in runs("".join(pieces)) or []:
        for curve in run.curves.values():
            assert len(curve.steps) == len(curve.values) == len(curve.lines)
            assert not any(math.isnan(step) for step in curve.steps)


@settings(max_examples=200, **SETTINGS)
@given(pieces=st.lists(PIECES, max_size=12))
def test_a_pattern_finds_the_numbers_that_splitting_finds(pieces: list[str]) -> None:
    line = "".join(pieces).replace("\n", " ").replace("\r", " ")
    skeleton, numbers = split(line)
    understand(skeleton)
    form = pattern(skeleton, frozenset(range(skeleton.count(MARK))))
    found = form.fullmatch(line) if form is not None else None
    assert found is None or list(found.groups()) == numbers


@pytest.mark.parametrize(
    "name", ["", "/", "grad", "lr" * 50, "%", "损失", "a" * 5000, "dead/", "_"]
)
def test_odd_names(name: str) -> None:
    meaning(name)
    canonical_names({name: 1})
