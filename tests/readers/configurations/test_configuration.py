"""Configurations of trainings in every form, and files that only look like one."""

import json
import time

import pytest

from ml_debugger.artifacts import FileRead, TrainingConfig
from ml_debugger.readers.opening import open_file

KERNEL = "lr: 1e-3\nepochs: 20\nbatch_size: 64\n"


@pytest.fixture
def config_of(write):
    def read(name: str, text: str) -> TrainingConfig | None:
        found = open_file(write(name, text), name, named=True)
        return next((a for a in found if isinstance(a, TrainingConfig)), None)

    return read


@pytest.fixture
def problem_of(write):
    def read(name: str, text: str) -> str | None:
        found = open_file(write(name, text), name, named=True)
        return next((a.problem for a in found if isinstance(a, FileRead)), None)

    return read


@pytest.mark.parametrize(
    ("name", "text", "form", "values"),
    [
        ("hparams.yaml", KERNEL, "hparams", {"lr": 0.001, "epochs": 20, "batch_size": 64}),
        (
            "config.yaml",
            "wandb_version: 1\n\n_wandb:\n  desc: null\n  value:\n    cli_version: 0.15\n"
            "lr:\n  desc: null\n  value: 0.01\nepochs:\n  value: 3\nmodel:\n  value:\n    d: 4\n",
            "wandb-config",
            {"lr": 0.01, "epochs": 3, "model.d": 4},
        ),
        (
            "params.json",
            '{"lr": 0.01, "batch_size": 32, "layers": [64, 32], "env": null}',
            "ray-params",
            {"lr": 0.01, "batch_size": 32, "layers": "[64, 32]", "env": None},
        ),
        (
            "training_args.json",
            json.dumps({"learning_rate": 5e-5, "num_train_epochs": 3.0, "save_steps": 500,
                        "per_device_train_batch_size": 16, "fp16": True}),
            "training-arguments",
            {"learning_rate": 5e-5, "num_train_epochs": 3.0, "save_steps": 500,
             "per_device_train_batch_size": 16, "fp16": True},
        ),
        (
            "train.toml",
            '[optimizer]\nname = "adamw"\nlr = 0.001\n[data]\nstart = 2020-01-01\n',
            "configuration",
            {"optimizer.name": "adamw", "optimizer.lr": 0.001, "data.start": "2020-01-01"},
        ),
        (
            "best_params.json",
            '{"learning_rate": 0.05, "max_depth": 6, "subsample": 0.8}',
            "configuration",
            {"learning_rate": 0.05, "max_depth": 6, "subsample": 0.8},
        ),
    ],
)  # fmt: skip
def test_settings_are_read_and_flattened(config_of, name, text, form, values) -> None:
    config = config_of(name, text)
    assert (config.format, dict(config.values), config.path) == (form, values, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docker-compose.yml", "services:\n  train:\n    environment:\n      lr: 0.1\n"
                               "      epochs: 3\n      batch_size: 8\n"),
        ("package.json", '{"name": "x", "scripts": {"train": "x"}, "dependencies": {"lr": "1"},'
                         ' "config": {"epochs": 3, "batch_size": 2}}'),
        ("job.yaml", "apiVersion: batch/v1\nkind: Job\nspec: {lr: 0.1, epochs: 3}\n"),
        ("ci.yml", "on: push\njobs:\n  train: {epochs: 1, batch_size: 2}\n"),
        ("hydra.yaml", "hydra:\n  job: {epochs: 3, lr: 0.1}\n"),
        ("sweep.yaml", "method: bayes\nparameters:\n  lr: {min: 0.1, max: 1}\n"
                       "  batch_size: {values: [1, 2]}\n"),
        ("diagnostic.toml", "[train]\nlr = 0.1\nepochs = 3\n"),
        ("vector.yaml", "sinks:\n  out: {batch_size: 100, timeout: 5}\n"),
        ("model.json", '{"architectures": ["X"], "hidden_size": 12, "dropout": 0.1}'),
        ("notes.yaml", "learning_rate: high\nepochs: many\n"),
        ("run.log", KERNEL),
    ],
)  # fmt: skip
def test_files_of_other_tools_never_count(config_of, name, text) -> None:
    assert config_of(name, text) is None


def test_python_tags_are_read_as_data_and_never_constructed(config_of, tmp_path) -> None:
    victim = tmp_path / "touched"
    config = config_of(
        "hparams.yaml",
        KERNEL + f"evil: !!python/object/apply:os.system ['touch {victim}']\n"
        "args: !!python/object:argparse.Namespace\n  seed: 3\nshape: !!python/tuple [1, 2]\n",
    )
    assert not victim.exists()
    assert config.values["args.seed"] == 3
    assert config.values["shape"] == "[1, 2]"
    assert "touch" in config.values["evil"]


def test_aliases_and_merges_are_followed(config_of) -> None:
    config = config_of(
        "c.yaml", "base: &b {lr: 0.1, epochs: 2}\nfast: {<<: *b, epochs: 1}\nsame: *b\n"
    )
    assert config.values["fast.epochs"] == 1
    assert config.values["fast.lr"] == 0.1
    assert config.values["same.lr"] == 0.1


def _bomb(levels: int, width: int) -> str:
    lines = ["l0: &a0 {k: 1}"]
    for n in range(1, levels):
        several = ",".join([f"*a{n - 1}"] * width)
        pairs = ",".join(f"k{i}: *a{n - 1}" for i in range(width))
        lines.append(f"l{n}: &a{n} {{<<: [{several}], {pairs}, x: [{several}]}}")
    return KERNEL + "\n".join(lines) + "\n"


def test_a_bomb_of_aliases_costs_nothing(config_of) -> None:
    begun = time.process_time()
    config = config_of("hparams.yaml", _bomb(25, 9))
    assert time.process_time() - begun < 2
    assert config.values["lr"] == 0.001
    assert len(config.values) <= 2_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_bomb(60, 9), "aliases"),
        (KERNEL + "x: " + "[" * 5_000, "nested deeper"),
        (KERNEL + "x: [" + "1, " * 120_000 + "]", "values"),
    ],
)
def test_documents_beyond_the_bounds_are_refused(problem_of, text, problem) -> None:
    assert problem in problem_of("hparams.yaml", text)


def test_an_alias_that_holds_itself_ends(config_of) -> None:
    config = config_of("hparams.yaml", KERNEL + "loop: &l {again: *l, seed: 1}\n")
    assert config.values["loop.seed"] == 1


def test_what_stands_before_a_break_is_read(config_of, problem_of) -> None:
    text = KERNEL + "model:\n  hidden: 12\n\tbad: [\n"
    assert config_of("hparams.yaml", text).values["lr"] == 0.001
    assert "no YAML" in problem_of("hparams.yaml", text)


def test_a_history_with_its_settings_is_both(write) -> None:
    text = json.dumps(
        {"params": {"lr": 0.1, "epochs": 3, "batch_size": 8}, "history": {"loss": [3, 2, 1]}}
    )
    found = open_file(write("result.json", text), "result.json", named=True)
    assert [type(a).__name__ for a in found] == ["TrainingRun", "TrainingConfig", "FileRead"]
