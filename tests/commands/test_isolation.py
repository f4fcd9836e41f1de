"""Checks that crash or hang, installed like any third party's, cost only themselves."""

import textwrap

import pytest

CARD = '''"""A check for the tests.

    What it measures:
        Nothing.

    Why it matters:
        It does not.

    What to do:
        Nothing.

    Sources:
        None.
    """'''

CHECKS = {
    "TRN901": ("fine", "return Measurement('fine', {'share': 0.0})"),
    "TRN902": ("raising", "raise ValueError('broken on purpose')"),
    "TRN903": ("crashing", "import os; os._exit(7)"),
    "TRN904": ("hanging", "import threading; threading.Event().wait()"),
    "TRN905": ("printing", "print('noise'); return Measurement('fine', {'share': 0.0})"),
    "TRN906": ("after", "return Measurement('too much', {'share': 1.0})"),
}


@pytest.fixture
def third_party(tmp_path):
    """A folder for PYTHONPATH with an installed package of odd checks."""
    site = tmp_path / "site"
    info = site / "odd-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    points = "".join(f"{code} = odd:{name}\n" for code, (name, _) in CHECKS.items())
    (info / "entry_points.txt").write_text(f"[ml_debugger.checks]\n{points}")
    parts = [
        "from ml_debugger.artifacts import TrainingRun",
        "from ml_debugger.contract import Limit, Measurement, check",
        "L = [Limit('share', 'share', 'above', 'a share', 'a test', fail=0.5)]",
    ]
    for code, (name, body) in CHECKS.items():
        parts.append(
            f"@check(code='{code}', name='{name}', component='training', playbook='nan-loss',"
            f" limits=L, deadline=1.0)\n"
            f"def {name}(run: TrainingRun):\n    {CARD}\n{textwrap.indent(body, '    ')}\n"
        )
    (site / "odd.py").write_text("\n".join(parts))
    return str(site)


@pytest.fixture
def run_log(write):
    return write(
        "metrics.csv",
        "epoch,train_loss,val_loss\n" + "".join(f"{n},{1 / n},{1.1 / n}\n" for n in range(1, 30)),
    )


def test_each_bad_check_is_an_error_and_the_rest_goes_on(diagnostic, run_log, third_party) -> None:
    ended = diagnostic("inspect", run_log, "--format", "json", PYTHONPATH=third_party)
    by_name = {r["name"]: r for r in ended.document["results"]}
    assert by_name["fine"]["status"] == "pass"
    assert by_name["printing"]["status"] == "pass"
    assert by_name["raising"]["status"] == "error"
    assert "ValueError: broken on purpose" in by_name["raising"]["reason"]
    assert by_name["crashing"]["status"] == "error"
    assert "code 7" in by_name["crashing"]["reason"]
    assert by_name["hanging"]["status"] == "error"
    assert "longer than 1 s" in by_name["hanging"]["reason"]
    assert by_name["after"]["status"] == "fail"
    assert ended.code == 1


def test_an_error_without_findings_is_exit_code_3(diagnostic, run_log, third_party) -> None:
    assert run_log.is_file()
    ended = diagnostic("check", "raising", "--format", "json", PYTHONPATH=third_party)
    assert ended.code == 3
    assert [r["status"] for r in ended.document["results"]] == ["error"]


def test_a_named_check_with_nothing_to_judge_is_exit_code_3(diagnostic, third_party) -> None:
    ended = diagnostic("check", "fine", "--format", "json", PYTHONPATH=third_party)
    assert ended.code == 3
    assert [r["status"] for r in ended.document["results"]] == ["skip"]


def test_each_subject_has_one_result_a_check(diagnostic, run_log, third_party) -> None:
    results = diagnostic("inspect", run_log, "--format", "json", PYTHONPATH=third_party)
    keys = [(r["code"], r["subject"]) for r in results.document["results"]]
    assert len(keys) == len(set(keys))
