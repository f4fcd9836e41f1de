"""Tables on the console: fastai, skorch, YOLO, scikit-learn, spaCy, Chainer, boxes."""

import pytest

L, V = "train_loss", "val_loss"
TWO, TWO_V = [(1, 0.5), (2, 0.4)], [(1, 0.6), (2, 0.7)]

FASTAI = (
    "epoch     train_loss  valid_loss  accuracy  time    \n"
    "1         0.500000    0.600000    0.810000  00:05     \n"
    "2         0.400000    0.700000    0.820000  00:05     \n"
)
YOLO = (
    "\n      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
    "\r        1/9      3.5G        0.9        2.0        1.1         12        640:  50%|##  "
    " | 1/2"
    "\r        1/9      3.5G        0.8        1.9        1.2         12        640: "
    "100%|#####| 2/2\n"
    "                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95)\n"
    "                   all        128        929       0.64      0.537      0.605      0.446\n"
    "\n      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
    "\r        2/9      3.5G        0.7        1.8        1.1         12        640: "
    "100%|#####| 2/2\n"
    "\n9 epochs completed in 0.010 hours.\n"
)
SKLEARN = (
    "      Iter       Train Loss      OOB Improve   Remaining Time \n"
    "         1           0.5000            0.0742            1.50s\n"
    "         2           0.4000            0.0642            1.20s\n"
)
SPACY = (
    "E    #       LOSS TOK2VEC  LOSS NER  ENTS_F  ENTS_P  ENTS_R  SCORE \n"
    "---  ------  ------------  --------  ------  ------  ------  ------\n"
    "  0       0          0.50     45.10    0.00    0.00    0.00    0.00\n"
    "  0     200          0.40     35.10   10.00   10.00   10.00    0.10\n"
)
BOX = (
    "┌───────┬────────────┬──────────┐\n│ epoch │ train_loss │ val_loss │\n"
    "├───────┼────────────┼──────────┤\n│     1 │        0.5 │      0.6 │\n"
    "│     2 │        0.4 │      0.7 │\n└───────┴────────────┴──────────┘\n"
)
LOGGED = (
    "Results so far:\n| Epoch | Train Loss | Val Loss |\n|-------|------------|----------|\n"
    "| 1     | 0.5        | 0.6      |\n| 2     | 0.4        | 0.7      |\n"
)


@pytest.mark.parametrize(
    ("text", "unit", "curves"),
    [
        (FASTAI, "epoch", {L: TWO, V: TWO_V, "train_accuracy": None}),
        (YOLO, "epoch", {"box_loss": [(1, 0.8), (2, 0.7)], "memory": [(1, 3.5 * 2**30)] * 2}),
        (SKLEARN, "step", {L: TWO}),
        (SPACY, "step", {"loss_ner": [(0, 45.1), (200, 35.1)]}),
        (BOX, "epoch", {L: TWO, V: TWO_V}),
        (LOGGED, "epoch", {L: TWO, V: TWO_V}),
        ("epoch  loss  val_loss\n1  0,500  0,600\n2  0,400  0,700\n", "epoch", {L: TWO, V: TWO_V}),
        ("epoch  loss  val_loss\n1  0.500  -\n2  0.400  0.700\n", "epoch", {L: TWO, V: [(2, 0.7)]}),
    ],
    ids=["fastai", "yolo", "sklearn", "spacy", "box", "markdown", "commas", "dashes"],
)
def test_tables(runs_of, points, text: str, unit: str, curves: dict) -> None:
    (run,) = runs_of(text)
    assert run.step_unit == unit
    for name, expected in curves.items():
        if name == "memory":
            assert [value for _, value in points(run, name)] == [value for _, value in expected]
        elif expected is not None:
            assert points(run, name) == expected, name


def test_a_header_that_comes_again_begins_no_run(runs_of) -> None:
    head, *rows = FASTAI.splitlines(keepends=True)
    (run,) = runs_of(head + rows[0] + head + rows[1] + head)
    assert len(run.curves[L]) == 2
    assert [run.segment for run in runs_of(FASTAI + FASTAI)] == ["run 1", "run 2"]


def test_plan_and_end_of_yolo(runs_of) -> None:
    (run,) = runs_of(YOLO)
    assert (run.planned_steps, run.finished) == (9, True)
