import pytest

from ml_debugger.artifacts import Checkpoint, Expectations, PriceTable, TrainingRun
from ml_debugger.contract import Limit, Measurement, NotMeasured, Outcome, Settings, check
from ml_debugger.errors import ContractError

LIMIT = Limit("share", "share", "above", "a share", "a test", fail=0.5)
RUN = TrainingRun("run", "run.csv", "csv", "epoch", {})


def declare(measure, code="TRN901", name="some-fault", component="training"):
    return check(code=code, name=name, component=component, playbook="nan-loss", limits=[LIMIT])(
        measure
    )


def measuring(run: TrainingRun) -> Outcome:
    """Something is wrong.

    What it measures:
        A share.

    Why it matters:
        It does.

    What to do:
        Look.

    Sources:
        None.
    """
    return Measurement(f"looked at {run.subject}", {"share": 0.1})


def test_the_parameters_say_what_is_judged() -> None:
    declared = declare(measuring)
    assert declared.judges is TrainingRun
    assert declared.run([RUN], Settings({})) == Measurement("looked at run", {"share": 0.1})


def test_a_subject_may_be_of_several_kinds() -> None:
    def of_either(subject: TrainingRun | Checkpoint) -> Outcome:
        return NotMeasured(subject.subject)

    of_either.__doc__ = measuring.__doc__
    declared = declare(of_either)
    assert declared.judges is TrainingRun
    assert declared.subjects == (TrainingRun, Checkpoint)
    assert declare(measuring).subjects == (TrainingRun,)


def test_the_docstring_is_the_card() -> None:
    card = declare(measuring).card
    assert card.headline == "Something is wrong."
    assert card.measures == "A share."
    assert card.sources == "None."


def test_an_optional_artifact_is_given_as_none() -> None:
    def with_option(run: TrainingRun, prices: PriceTable | None, expect: Expectations) -> Outcome:
        assert run is RUN
        assert prices is None
        return NotMeasured(expect.subject)

    with_option.__doc__ = measuring.__doc__
    declared = declare(with_option)
    assert [need.optional for need in declared.needs] == [False, True, False]
    from datetime import date

    expect = Expectations("configuration", None, date(2026, 1, 5))
    assert declared.run([RUN, None, expect], Settings({})) == NotMeasured("configuration")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": "TRN1"}, "code 'TRN1'"),
        ({"name": "Some Fault"}, "name 'Some Fault'"),
        ({"component": "kitchen"}, "component 'kitchen'"),
    ],
)
def test_a_wrong_declaration_is_refused_by_name(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        declare(measuring, **wrong)


def test_a_card_without_a_section_is_refused() -> None:
    def measure(run: TrainingRun) -> Outcome:
        """Only a headline."""
        return NotMeasured(run.subject)

    with pytest.raises(ContractError, match="lacks the section 'What it measures:'"):
        declare(measure)


def test_a_check_that_judges_nothing_is_refused() -> None:
    def measure(settings: Settings) -> Outcome:
        return NotMeasured(str(settings))

    measure.__doc__ = measuring.__doc__
    with pytest.raises(ContractError, match="no parameter is typed as an artifact"):
        declare(measure)
