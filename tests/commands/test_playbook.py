import pytest


@pytest.fixture
def broken_run(write):
    """A workspace whose training log turns to NaN in epoch 40."""

    def rows(sound: int, total: int) -> str:
        values = [f"{1 / n + 0.01 * (n % 3):.4f}" if n < sound else "nan" for n in range(1, total)]
        body = "".join(f"{n},{value},{value}\n" for n, value in enumerate(values, 1))
        return f"epoch,train_loss,val_loss\n{body}"

    return lambda sound: write("metrics.csv", rows(sound, 60))


ANSWERS = ("precision=float32", "heads=no", "rate=climbs", "trained=yes")
GIVEN = tuple(word for answer in ANSWERS for word in ("--answer", answer))


def test_the_list_is_the_documented_json(diagnostic) -> None:
    document = diagnostic("playbook", "list", "--format", "json").document
    assert set(document) == {"schema_version", "playbooks"}
    assert all(set(p) == {"id", "title", "category", "codes"} for p in document["playbooks"])
    names = [
        "disk-and-checkpoints",
        "gpu-box",
        "leakage",
        "market-data",
        "nan-loss",
        "sign-bias",
        "training-run",
    ]
    assert [p["id"] for p in document["playbooks"]] == names


def test_show_prints_every_step_with_its_outcomes(diagnostic) -> None:
    ended = diagnostic("playbook", "show", "non-finite-loss")
    assert ended.code == 0
    assert "[1/" in ended.out
    assert "float16" in ended.out
    assert "expected  exit code" in ended.out


def test_a_finding_that_was_not_repaired_is_still_open(diagnostic, broken_run) -> None:
    broken_run(40)
    ended = diagnostic("playbook", "run", "TRN001", *GIVEN)
    assert ended.code == 1
    assert "STILL OPEN" in ended.out
    assert "diagnostic check TRN001" in ended.out


def test_the_last_step_closes_a_repaired_finding(diagnostic, broken_run) -> None:
    broken_run(100)
    ended = diagnostic("playbook", "run", "TRN001", "--start-at", "close")
    assert ended.code == 0
    assert "CLOSED" in ended.out


def test_without_a_terminal_an_unanswered_question_ends_with_3(diagnostic, broken_run) -> None:
    broken_run(40)
    ended = diagnostic("playbook", "run", "nan-loss", "--start-at", "precision")
    assert ended.code == 3
    assert "not answered" in ended.out


def test_where_nothing_can_be_looked_at_nothing_is_closed(diagnostic) -> None:
    ended = diagnostic("playbook", "run", "nan-loss", "--start-at", "close")
    assert ended.code == 3
    assert "INCOMPLETE" in ended.out


def test_noop_does_nothing(diagnostic, tmp_path) -> None:
    ended = diagnostic("playbook", "run", "leakage", "--noop")
    assert ended.code == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nonsense"), "; playbooks: disk-and-checkpoints, gpu-box, leakage"),
        (("run", "nan-loss", "--start-at", "x"), "has no step 'x'; it has: confirm,"),
        (("run", "nan-loss", "--answer", "heads"), "write STEP=CHOICE"),
        (("run", "nan-loss", "--answer", "heads=perhaps"), "'heads' takes one of yes, no"),
        (("run", "nan-loss", "--answer", "confirm=yes"), "'confirm' asks no question"),
        (("dance",), "No such command 'dance'"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(diagnostic, arguments, said) -> None:
    ended = diagnostic("playbook", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
