"""Console logs in their many shapes, and texts that are none."""

import math

import pytest

KERAS = (
    "Epoch 1/2\n\r1/4 [==>...] - ETA: 1s - loss: 0.99\r4/4 [====] - 1s 3ms/step - loss: 0.51 - "
    "accuracy: 0.60 - val_loss: 0.61 - val_accuracy: 0.55\nEpoch 2/2\n4/4 [====] - 1s 3ms/step - "
    "loss: 0.41 - accuracy: 0.70 - val_loss: 0.51 - val_accuracy: 0.65\n"
)
WORD_MODEL = (
    "| epoch   1 |   200/ 1000 batches | lr 20.0000 | ms/batch 11.77 | loss  9.09 | ppl 8835.03\n"
    "| epoch   1 |   400/ 1000 batches | lr 20.0000 | ms/batch 11.71 | loss  7.33 | ppl 1532.86\n"
    "---------\n| end of epoch   1 | time: 38.24s | valid loss  5.48 | valid ppl   240.64\n"
    "| epoch   2 |   200/ 1000 batches | lr 20.0000 | ms/batch 11.77 | loss  6.09 | ppl 835.03\n"
)
TUTORIAL = (
    "Epoch 0/1\n----------\ntrain Loss: 0.5721 Acc: 0.7049\nval Loss: 0.2146 Acc: 0.9281\n\n"
    "Epoch 1/1\n----------\ntrain Loss: 0.4721 Acc: 0.7549\nval Loss: 0.2046 Acc: 0.9381\n\n"
    "Training complete in 1m 5s\nBest val Acc: 0.938100\n"
)


@pytest.mark.parametrize(
    ("text", "train", "validation"),
    [
        (
            "Epoch 3/10 - loss: 0.5 - val_loss: 0.6\nEpoch 4/10 - loss: 0.4 - val_loss: 0.7\n",
            [(3, 0.5), (4, 0.4)],
            [(3, 0.6), (4, 0.7)],
        ),
        (
            "Epoch 1: Average Training Loss = 0.69\nEpoch 2: Average Training Loss = 0.68\n",
            [(1, 0.69), (2, 0.68)],
            None,
        ),
        ("step=1 loss=0.5\nstep=2 loss=0.4 lr=1e-3\n", [(1, 0.5), (2, 0.4)], None),
        (KERAS, [(1, 0.51), (2, 0.41)], [(1, 0.61), (2, 0.51)]),
        (WORD_MODEL, [(0.2, 9.09), (0.4, 7.33), (1.2, 6.09)], [(1, 5.48)]),
        (TUTORIAL, [(0, 0.5721), (1, 0.4721)], [(0, 0.2146), (1, 0.2046)]),
        (
            "2024-01-01 10:00:00,1 INFO Epoch 1\n2024-01-01 10:00:01,1 INFO train loss: 0.9\n"
            "2024-01-01 10:00:02,1 INFO val loss: 0.95\n2024-01-01 10:00:03,1 INFO Epoch 2\n"
            "2024-01-01 10:00:04,1 INFO train loss: 0.8\n10:00:05,1 INFO val loss: 0.9\n",
            [(1, 0.9), (2, 0.8)],
            [(1, 0.95), (2, 0.9)],
        ),
        (
            "Epoch 1 | train: loss 0.5 acc 0.8 | val: loss 0.6 acc 0.7\n"
            "Epoch 2 | train: loss 0.4 acc 0.9 | val: loss 0.7 acc 0.6\n",
            [(1, 0.5), (2, 0.4)],
            [(1, 0.6), (2, 0.7)],
        ),
        (
            "{'loss': 0.7, 'learning_rate': 1e-05, 'epoch': 0.5}\n{'eval_loss': 0.6, 'epoch': 1}\n"
            "{'loss': 0.5, 'learning_rate': 1e-06, 'epoch': 1.0}\n"
            "{'train_runtime': 10.0, 'train_loss': 0.6, 'epoch': 1.0}\n",
            [(0.5, 0.7), (1, 0.5)],
            [(1, 0.6)],
        ),
        ("Cost after iteration 0: 0.7\nCost after iteration 9: 0.5\n", [(0, 0.7), (9, 0.5)], None),
        (
            "Epoch [1/3], Step [100/400], Loss: 2.2\nEpoch [1/3], Step [200/400], Loss: 1.2\n",
            [(0.25, 2.2), (0.5, 1.2)],
            None,
        ),
    ],
)  # fmt: skip
def test_shapes(runs_of, points, text, train, validation) -> None:
    (run,) = runs_of(text)
    assert points(run, "train_loss") == train
    if validation is None:
        assert "val_loss" not in run.curves
    else:
        assert points(run, "val_loss") == validation


def test_a_progress_bar_gives_each_figure_once(runs_of, points) -> None:
    bar = "\x1b[32mEpoch 0:\x1b[0m  {0}%|##   | {1}/4 [00:00<00:01, 5.0it/s, loss={2}, val_loss=7]"
    frames = [(25, 1, 0.9), (50, 2, 0.8), (50, 2, 0.8), (75, 3, 0.7), (100, 4, 0.6)]
    (run,) = runs_of("\r".join(bar.format(*frame) for frame in frames) + "\n")
    assert points(run, "train_loss") == [(0.25, 0.9), (0.5, 0.8), (0.75, 0.7), (1.0, 0.6)]
    assert len(run.curves["val_loss"]) == 1


@pytest.mark.parametrize("written", ["nan", "NaN", "nan.0", "tensor(nan, device='cuda:0')"])
def test_a_literal_nan_is_nan(runs_of, written: str) -> None:
    (run,) = runs_of(f"epoch 1 loss 0.5\nepoch 2 loss {written}\n")
    assert math.isnan(run.curves["train_loss"].values[1])
    assert run.curves["train_loss"].lines[1] == 2


def test_epochs_that_start_again_are_another_run(runs_of) -> None:
    text = "".join(f"Epoch {e}: loss=0.{9 - e} val_loss=0.5\n" for e in (1, 2, 3, 1, 2))
    runs = runs_of(text)
    assert [(run.segment, len(run.curves["train_loss"])) for run in runs] == [
        ("run 1", 3),
        ("run 2", 2),
    ]
    assert [run.subject for run in runs] == ["run.log (run 1)", "run.log (run 2)"]


def test_folds_name_their_runs(runs_of) -> None:
    text = "".join(
        f"Fold {f}\n" + "".join(f"Epoch {e} train_loss 0.5 val_loss 0.6\n" for e in (1, 2, 3))
        for f in (1, 2)
    )
    text = text.replace("Epoch 2 train_loss 0.5", "Epoch 2 train_loss 0.4")
    assert [run.segment for run in runs_of(text)] == ["fold 1", "fold 2"]


def test_one_line_a_fold_is_a_log(runs_of) -> None:
    folds = "".join(f"Fold {n}: train_loss=0.5{n} val_loss=0.52 dir_acc=0.53\n" for n in (1, 2, 3))
    runs = runs_of(folds)
    assert [run.segment for run in runs] == ["fold 1", "fold 2", "fold 3"]
    assert runs[2].curves["train_loss"].values[0] == 0.53


def test_lines_that_look_back_are_no_points(runs_of, points) -> None:
    text = (
        "Epoch 1: train_loss 0.5 val_loss 0.6 (best)\nEpoch 2: train_loss 0.4 val_loss 0.7\n"
        "Early stopping. Best epoch 1, best val loss 0.6\nLoaded epoch 1: val_loss 0.6\n"
    )
    (run,) = runs_of(text)
    assert points(run, "val_loss") == [(1, 0.6), (2, 0.7)]


def test_half_a_number_at_the_end_is_dropped_in_silence(read_log, points) -> None:
    reading = read_log("epoch 1 loss 0.512\nepoch 2 loss 0.5\nepoch 3 loss 9.1")
    assert reading.problem is None
    assert points(reading.artifacts[0], "train_loss") == [(1, 0.512), (2, 0.5)]


def test_accuracies_in_percent_and_in_counts(runs_of) -> None:
    text = "".join(
        f"Epoch {e}\nTrain loss: 0.{5 - e} acc: 7{e}%\nTest set: Average loss: 0.4, "
        f"Accuracy: 8{e}00/10000 (8{e}%)\n"
        for e in (1, 2)
    )
    (run,) = runs_of(text)
    assert list(run.curves["train_accuracy"].values) == [0.71, 0.72]
    assert list(run.curves["val_accuracy"].values) == [0.81, 0.82]


@pytest.mark.parametrize(
    "text",
    [
        "# My trader\n\nInstall it:\n```\npip install x\n```\n## Usage\n```\nEpoch 1: loss 0.5\n"
        "Epoch 2: loss 0.4\n```\n- [ ] more\n## Licence\nMIT\n" + "Some words of prose.\n" * 9,
        "import torch\nfrom x import y\ndef f(x):\n    epoch = 1\n    loss = 0.5\n    return loss\n"
        "for epoch in range(3):\n    loss = 0.25\n    print(f'epoch {epoch} loss: {loss}')\n",
        "2024 INFO Opened AAPL at 180.2 stop loss: 175.3 take profit: 190\n" * 3
        + "step 3 total loss: -320.5\nstep 4 net loss: 50.2\nstep 5 daily loss limit: 0.02\n",
        "model:\n  epochs: 10\n  lr: 0.001\n  loss: mse\n  loss_weight: 0.5\n  step_size: 10\n",
        "".join(f"2024 INFO step {i} packet loss: 0.{i}%\n" for i in range(1, 9)),
        "Month 1: profit 300 loss 200\nMonth 2: profit 100 loss 250\n",
        "INFO Model Accuracy: 0.6667\nINFO Starting training for TEST...\n" * 20,
        "0%|          | 0/4617 [00:00<?, ?it/s]\r 1%|1         | 40/4617 [00:44<57:39, 4.97s/it]\n",
    ],
)
def test_texts_that_are_no_training_log(runs_of, text: str) -> None:
    assert runs_of(text) == []


def test_tables_of_skorch(runs_of, points) -> None:
    text = (
        "  epoch    train_loss    valid_acc    valid_loss     dur\n"
        "-------  ------------  -----------  ------------  ------\n"
        "      1        \x1b[36m0.6907\x1b[0m       0.5000        0.6881  0.02\n"
        "      2        0.6807       0.5000        0.6781  0.02\n"
    )
    (run,) = runs_of(text)
    assert points(run, "train_loss") == [(1, 0.6907), (2, 0.6807)]
    assert points(run, "val_loss") == [(1, 0.6881), (2, 0.6781)]


def test_tables_within_documents_are_no_training_log(runs_of) -> None:
    text = (
        "# Results\n\nOur model:\n\n| Epoch | Train Loss | Val Loss |\n|---|---|---|\n"
        "| 1 | 0.5 | 0.6 |\n| 2 | 0.4 | 0 |\n"
    )
    assert runs_of(text, "README.md") == []
