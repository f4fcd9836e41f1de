"""Prefixes, time stamps, ranks, ends, units and what must not become a curve."""

import pytest

ISO = 1735812672.0  # 2025-01-02T10:11:12Z
PREFIXES = {
    "2025-01-02 10:11:12,345 INFO ": ISO + 0.345,
    "2025-01-02 10:11:12.345 | INFO     | train:main:12 - ": ISO + 0.345,
    "[2025-01-02 10:11:12] ": ISO,
    "2025-01-02T10:11:12Z ": ISO,
    "2025-01-02T11:11:12.500+01:00 info: ": ISO + 0.5,
    "2025/01/02 10:11:12 ": ISO,
    "01/02/2025 10:11:12 - INFO - __main__ - ": ISO,
    "02.01.2025 10:11:12 ": ISO,
    "[02/Jan/2025:10:11:12] ": ISO,
    "INFO:root:2025-01-02 10:11:12 ": ISO,
    "[I 2025-01-02 10:11:12,345] ": ISO + 0.345,
    "1735812672.25 ": ISO + 0.25,
    "[1735812672] ": ISO,
    "[rank0]: 2025-01-02 10:11:12,345 ": ISO + 0.345,
    "(RayTrainWorker pid=12, ip=10.0.0.1) 2025-01-02 10:11:12 ": ISO,
}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_time_stamps_of_lines(runs_of, points, prefix: str) -> None:
    (run,) = runs_of(f"{prefix}epoch 3 loss 0.5 val_loss 0.6\n{prefix}epoch 4 loss 0.4\n")
    assert points(run, "train_loss") == [(3, 0.5), (4, 0.4)]
    assert points(run, "val_loss") == [(3, 0.6)]
    assert list(run.curves["timestamp"].values) == [pytest.approx(PREFIXES[prefix])] * 2


@pytest.mark.parametrize(
    "prefix", ["Jan  2 10:11:12 host train[12]: ", "I0102 10:11:12.000 12 a.py:3] "]
)
def test_a_time_stamp_without_a_year_has_that_of_the_file(runs_of, prefix: str) -> None:
    (run,) = runs_of(f"{prefix}epoch 3 loss 0.5\n{prefix}epoch 4 loss 0.4\n")
    values = set(run.curves["timestamp"].values)
    assert len(values) == 1
    assert (values.pop() - ISO) % 86_400 == 0


RANKED = {
    "[rank{}]: ": "torchrun",
    "[1,{}]<stdout>:": "mpirun",
    "[Rank {}] ": "brackets",
    "Rank {}: ": "words",
    "rank={} ": "key=value",
    "[default{}]:": "default",
    "{}: ": "srun",
}


@pytest.mark.parametrize("mark", RANKED)
def test_interleaved_ranks_are_runs_of_their_own(runs_of, points, mark: str) -> None:
    text = "".join(
        f"{mark.format(rank)}epoch {e} loss 0.{9 - e}{rank} val_loss 0.5{rank}\n"
        for e in (1, 2, 3, 4)
        for rank in ((0, 1) if e % 2 else (1, 0))
    )
    runs = runs_of(text)
    assert [run.segment for run in runs] == ["rank 0", "rank 1"]
    assert points(runs[1], "train_loss") == [(1, 0.81), (2, 0.71), (3, 0.61), (4, 0.51)]
    assert runs[1].subject == "run.log (rank 1)"


def test_ranks_that_print_different_things_are_one_run(runs_of) -> None:
    text = "".join(
        f"[rank0]: epoch {e} loss 0.{9 - e}\n[rank1]: epoch {e} acc 0.{e}\n" for e in (1, 2, 3)
    )
    (run,) = runs_of(text)
    assert set(run.curves) == {"train_loss", "train_accuracy"}


def test_a_resume_stays_in_its_run_and_a_new_beginning_does_not(runs_of, points) -> None:
    resumed = "".join(f"epoch {e} loss 0.{9 - e}\n" for e in (1, 2, 3, 4, 3, 4, 5))
    (run,) = runs_of(resumed)
    assert [step for step, _ in points(run, "train_loss")] == [1, 2, 3, 4, 3, 4, 5]
    again = "".join(f"step {s} loss 0.{9 - s // 100}\n" for s in (100, 200, 300, 100, 200))
    assert [len(run.curves["train_loss"]) for run in runs_of(again)] == [3, 2]


@pytest.mark.parametrize(
    ("text", "planned", "finished"),
    [
        ("Epoch 1/9 loss 0.5\nEpoch 2/9 loss 0.4\n", 9, None),
        ("Epoch 0/9 loss 0.5\nEpoch 1/9 loss 0.4\n", 8, None),
        ("Epoch 0/1 loss 0.5\nEpoch 1/1 loss 0.4\n", 1, None),
        ("Namespace(epochs=7, lr=0.1)\nEpoch 1 loss 0.5\nEpoch 2 loss 0.4\n", 7, None),
        ("Training for 7 epochs\nEpoch 1 loss 0.5\nEpoch 2 loss 0.4\n", 7, None),
        ("step 1/50 loss 0.5\nstep 2/50 loss 0.4\n", 50, None),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\nTraining complete in 3m 2s\n", None, True),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\n`Trainer.fit` stopped: `max_epochs=2` reached.\n",
         2, True),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\nEarly stopping at epoch 2\n", None, True),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\nEpoch 00002: early stopping\n", None, True),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\nEarlyStopping counter: 2 out of 10\n", None, None),
        ("Early stopping patience: 5\nEpoch 1 loss 0.5\nEpoch 2 loss 0.4\n", None, None),
        ("Epoch 1 loss 0.5\nTraining complete\nEpoch 2 loss 0.4\n", None, None),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\nFinished epoch 2\n", None, None),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\nTraceback (most recent call last):\n", None, False),
        ("Epoch 1 loss 0.5\nEpoch 2 loss 0.4\nKilled\n", None, False),
        ("Epoch 1: 100%|#| 9/9 [0:09<0:00, 1.0it/s, loss=0.5]\n"
         "Epoch 2:  22%|#| 2/9 [0:02<0:07, 1.0it/s, loss=0.4]\n", 2, None),
    ],
)  # fmt: skip
def test_plan_and_end(runs_of, text: str, planned: int | None, finished: bool | None) -> None:
    (run,) = runs_of(text)
    assert (run.planned_steps, run.finished) == (planned, finished)


@pytest.mark.parametrize(
    ("told", "name", "value"),
    [
        ("acc 71.5%", "train_accuracy", 0.715), ("acc 71.5", "train_accuracy", 0.715),
        ("val_acc: 71.5 %", "val_accuracy", 0.715), ("dir_acc 0.53", "directional_accuracy", 0.53),
        ("val DA: 53%", "val_directional_accuracy", 0.53),
        ("hit rate 53%", "directional_accuracy", 0.53),
        ("directional accuracy: 53.0%", "directional_accuracy", 0.53),
        ("sign accuracy=0.53", "directional_accuracy", 0.53),
        ("MDA 0.53", "directional_accuracy", 0.53),
        ("pred_std=0.01", "prediction_std", 0.01),
        ("std of predictions: 0.01", "prediction_std", 0.01),
        ("y_hat std 0.01", "prediction_std", 0.01), ("pos_frac 0.53", "share_positive", 0.53),
        ("% positive: 53", "share_positive", 0.53), ("pct_positive 53%", "share_positive", 0.53),
        ("grad norm 1.5", "grad_norm", 1.5), ("gnorm=1.5", "grad_norm", 1.5),
        ("grad_norm/encoder.0.weight=1.5", "grad_norm/encoder.0.weight", 1.5),
        ("grad/layer1: 1.5", "grad_norm/layer1", 1.5),
        ("layers.0.grad_norm 1.5", "grad_norm/layers.0", 1.5),
        ("grad_2.0_norm/x=1.5", "grad_norm/x", 1.5), ("scale 1024", "loss_scale", 1024),
        ("grad_scale=1024.0", "loss_scale", 1024), ("amp/scale: 1024", "loss_scale", 1024),
        ("update_ratio 0.001", "update_ratio", 0.001), ("weight_norm: 12.5", "weight_norm", 12.5),
        ("dead_relu/fc1 0.25", "dead_share/fc1", 0.25),
        ("clipped_share 0.25", "clipped_share", 0.25),
        ("mem 1024MB", "memory", 2**30), ("gpu_mem: 1.5 GiB", "memory", 1.5 * 2**30),
        ("max mem: 1024", "memory", 2**30), ("250 ms/step", "step_time", 0.25),
        ("ms/batch 250.0", "step_time", 0.25), ("4.0it/s", "step_time", 0.25),
        ("2.00s/it", "step_time", 2.0), ("step_time: 250ms", "step_time", 0.25),
        ("lr 1e-3", "learning_rate", 1e-3), ("learning rate: 0.001", "learning_rate", 1e-3),
        ("lr-AdamW/pg1: 0.001", "learning_rate", 1e-3),
    ],
)  # fmt: skip
def test_names_and_units(runs_of, points, told: str, name: str, value: float) -> None:
    (run,) = runs_of(f"epoch 1 loss 0.5 {told}\nepoch 2 loss 0.4 {told}\n")
    assert points(run, "train_loss") == [(1, 0.5), (2, 0.4)]
    assert list(run.curves[name].values) == [pytest.approx(value)] * 2


@pytest.mark.parametrize(
    "line",
    [
        "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0",
        "[deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, reducing to "
        "32768",
        "NOTE: gradient overflow detected, ignoring gradient, setting loss scale to: 32768.0",
    ],
)
def test_overflows_in_words(runs_of, points, line: str) -> None:
    (run,) = runs_of(f"step 1 loss 0.5\n{line}\nstep 2 loss 0.4\n{line}\n")
    assert points(run, "loss_scale") == [(1, 32768), (2, 32768)]
    assert points(run, "skipped_steps") == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    "noise",
    [
        "model.safetensors: 100%|##########| 548M/548M [00:05<00:00, 99.5MB/s]",
        "Downloading data:  45%|####5     | 12/27 [00:05<00:07,  2.1it/s]",
        "Loading checkpoint shards: 100%|##########| 2/2 [00:05<00:00,  2.5s/it]",
        "Preparing data: epoch 9 of 10 done",
         "Preparing epoch 1/3: 100%|###| 9/9 [0:01, 9it/s]", "Processed epoch 1735812672",
        "[I 2025-01-02 10:11:12,345] Trial 3 finished with value: 9.5 and parameters: "
        "{'lr': 0.5, 'loss': 9.5}. Best is trial 1 with value: 8.5.",
        "Namespace(lr=9.5, loss='mse', epochs=2, weight_decay=9.5)",
        "optimizer: Adam(lr=9.5)", "Saving model to ckpt/epoch=1-val_loss=9.50.ckpt",
        "val_loss improved from 9.5 to 8.5, saving model", "Validation loss decreased (inf "
                                                           "--> 9.5).",
        "EarlyStopping: best val_loss 9.5, patience 3", "Loaded checkpoint: epoch 9, loss 9.5",
        "best_loss=9.5 at epoch 1", "packet loss 9.5%",
    ],
)  # fmt: skip
def test_what_is_no_point_of_a_curve(runs_of, points, noise: str) -> None:
    (run,) = runs_of(
        f"Epoch 1 loss 0.5 val_loss 0.6\n{noise}\nEpoch 2 loss 0.4 val_loss 0.7\n{noise}\n"
    )
    assert points(run, "train_loss") == [(1, 0.5), (2, 0.4)]
    assert points(run, "val_loss") == [(1, 0.6), (2, 0.7)]
    assert set(run.curves) == {"train_loss", "val_loss"}
