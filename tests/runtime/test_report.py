import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.contract import Result, Status
from ml_debugger.runtime.report import summarise


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([Status.PASS], 0),
        ([Status.PASS, Status.WARN], 0),
        ([Status.PASS, Status.FAIL], 1),
        ([Status.PASS, Status.SKIP], 0),
        ([Status.PASS, Status.ERROR], 3),
        ([Status.FAIL, Status.ERROR], 1),
        ([], 0),
    ],
)
def test_the_exit_code_follows_the_results(result, report, statuses, code) -> None:
    assert report(*(result(status=s) for s in statuses)).exit_code == code


def test_a_required_check_that_was_skipped_leaves_the_run_incomplete(result, report) -> None:
    assert report(result(status=Status.SKIP, required=True)).exit_code == 3


def test_a_check_asked_for_by_name_must_be_judged_on_one_subject_at_least(result, report) -> None:
    skipped = result(status=Status.SKIP)
    asked: dict[str, frozenset[str]] = {"required": frozenset({"TRN001"})}
    assert report(skipped, **asked).exit_code == 3
    assert report(skipped, result(status=Status.PASS, subject="b"), **asked).exit_code == 0


def test_fail_on_warn_makes_a_warning_a_finding(result, report) -> None:
    assert report(result(status=Status.WARN), fail_on=Status.WARN).exit_code == 1


def test_the_score_decides_only_when_it_is_asked_to(result, report) -> None:
    half = [result(status=Status.PASS), result(status=Status.WARN)]
    assert report(*half).exit_code == 0
    assert report(*half, min_score=90).exit_code == 1


def test_a_failure_caps_the_score(result) -> None:
    results = [result(status=Status.PASS)] * 57 + [result(status=Status.WARN), result()]
    summary = summarise(results)
    assert (summary.score, summary.grade) == (68, "D")


def test_what_was_skipped_leaves_the_score_and_lowers_the_coverage(result) -> None:
    summary = summarise([result(status=Status.PASS), result(status=Status.SKIP)])
    assert (summary.score, summary.coverage) == (100, 0.5)


def test_nothing_judged_has_no_score(result) -> None:
    summary = summarise([result(status=Status.SKIP)])
    assert (summary.score, summary.grade, summary.coverage) == (None, None, 0.0)


def test_roots_come_gravest_last_and_consequences_are_folded(result, report) -> None:
    root = result("FEA003")
    consequence = result("TRN001").explained([root])
    warning = result("CKP005", status=Status.WARN)
    found = report(root, consequence, warning)
    assert [r.code for r in found.roots] == ["CKP005", "FEA003"]
    assert found.consequences(root) == [consequence]


def test_a_cause_that_is_not_in_the_run_hides_nothing(result, report) -> None:
    assert len(report(result().explained([result("GRD002")])).roots) == 1


def test_of_equally_grave_roots_the_one_with_more_consequences_is_last(result, report) -> None:
    root = result("FEA003")
    found = report(root, result("TRN001").explained([root]), result("TRN008"))
    assert [r.code for r in found.roots] == ["TRN008", "FEA003"]


def test_a_chain_is_folded_under_its_first_link(result, report) -> None:
    first, second = result("FEA003"), result("GRD002")
    second = second.explained([first])
    third = result("TRN001").explained([second])
    found = report(third, second, first)
    assert found.roots == [first]
    assert found.consequences(first) == [second, third]


def test_equal_codes_on_two_subjects_keep_their_own_consequences(result, report) -> None:
    one, other = result("FEA003", subject="a"), result("FEA003", subject="b")
    of_one = result("TRN001", subject="run a").explained([one])
    found = report(one, other, of_one)
    assert found.consequences(one) == [of_one]
    assert found.consequences(other) == []


def test_the_document_is_strict_json(result, report) -> None:
    document = json.loads(json.dumps(report(result()).to_dict(), allow_nan=False))
    assert document["schema_version"] == "1.0"
    assert set(document) >= {"tool", "run", "results", "summary"}
    assert document["run"]["exit_code"] == 1


@given(st.lists(st.sampled_from(list(Status))))
def test_counts_add_up_and_the_score_is_a_percentage(statuses: list[Status]) -> None:
    results = [Result("TRN001", "x", "training", s, "run", "t") for s in statuses]
    summary = summarise(results)
    assert sum(summary.counts.values()) == len(statuses)
    assert summary.score is None or 0 <= summary.score <= 100
    assert 0 <= summary.coverage <= 1


def test_the_fingerprint_holds_no_measured_value(result) -> None:
    assert result(line=3).fingerprint == result(line=9, seconds=2.0).fingerprint
    assert result().fingerprint != result(subject="other").fingerprint
    assert Result.from_dict(result().to_dict()) == result()
