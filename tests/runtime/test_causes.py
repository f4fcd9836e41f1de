from ml_debugger.contract import Status
from ml_debugger.runtime.causes import distinct, fold

EXPLAINED = {
    "non-finite-loss": ["exploding-gradient", "unscaled-feature"],
    "exploding-gradient": ["unscaled-feature"],
}
LOSS = ("TRN001", "non-finite-loss")
GRADIENT = ("GRD002", "exploding-gradient")
SCALE = ("FEA003", "unscaled-feature")


def make(result, fault, subject, status=Status.FAIL):
    return result(fault[0], status, subject, name=fault[1])


def test_a_cause_on_the_same_subject_explains(result) -> None:
    loss, gradient = make(result, LOSS, "run"), make(result, GRADIENT, "run")
    folded = fold([loss, gradient], EXPLAINED, {})
    assert [r.caused_by for r in folded] == [("GRD002",), ()]


def test_a_cause_upstream_explains(result) -> None:
    loss, scale = make(result, LOSS, "run"), make(result, SCALE, "table")
    assert fold([loss, scale], EXPLAINED, {"run": ["table"]})[0].caused_by == ("FEA003",)


def test_a_cause_on_a_subject_that_is_not_linked_explains_nothing(result) -> None:
    loss, scale = make(result, LOSS, "run"), make(result, SCALE, "other table")
    assert fold([loss, scale], EXPLAINED, {"run": ["table"]})[0].caused_by == ()


def test_a_warning_never_explains_a_failure(result) -> None:
    loss, gradient = make(result, LOSS, "run"), make(result, GRADIENT, "run", Status.WARN)
    assert fold([loss, gradient], EXPLAINED, {})[0].caused_by == ()
    warned = make(result, LOSS, "run", Status.WARN)
    assert fold([warned, gradient], EXPLAINED, {})[0].caused_by == ("GRD002",)


def test_a_cause_that_passed_explains_nothing(result) -> None:
    loss, gradient = make(result, LOSS, "run"), make(result, GRADIENT, "run", Status.PASS)
    assert fold([loss, gradient], EXPLAINED, {})[0].caused_by == ()


def test_what_passed_has_no_cause(result) -> None:
    loss, gradient = make(result, LOSS, "run", Status.PASS), make(result, GRADIENT, "run")
    assert fold([loss, gradient], EXPLAINED, {})[0].caused_by == ()


def test_a_circle_has_one_root(result) -> None:
    circle = {"non-finite-loss": ["exploding-gradient"], "exploding-gradient": ["non-finite-loss"]}
    folded = fold([make(result, LOSS, "run"), make(result, GRADIENT, "run")], circle, {})
    assert sum(not r.caused_by for r in folded) == 1


def test_equal_results_of_one_subject_stand_once(result) -> None:
    loss, gradient = make(result, LOSS, "run"), make(result, GRADIENT, "run")
    assert distinct([loss, gradient, loss]) == [loss, gradient]
    assert len(distinct([loss, make(result, LOSS, "run", Status.WARN)])) == 2
