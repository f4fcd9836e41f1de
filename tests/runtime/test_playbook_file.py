import pytest

from ml_debugger.errors import ConfigError, UsageError
from ml_debugger.runtime.playbook_file import identifiers, load, parse, validate
from ml_debugger.runtime.registry import Registry, registry

WHOLE = """
id = "nan-loss"
title = "a title"
category = "training"
codes = ["TRN001"]
symptoms = ["a symptom"]

[[step]]
name = "ask"
title = "Ask"
question = "Is it so?"
choices = [{ answer = "yes", to = "close" }, { answer = "no", to = "end", advice = "Do it." }]

[[step]]
name = "look"
title = "Look"
command = "diagnostic explain 'TRN001'"
expect = { exit = 0, text = "Limits" }
differs = "Install it."

[[step]]
name = "close"
title = "Close"
checks = ["finding"]
found = "Still there."
clean = "Gone."
"""


def test_a_whole_playbook_is_read_as_it_stands() -> None:
    playbook = parse(WHOLE, "here.toml")
    assert [step.name for step in playbook.steps] == ["ask", "look", "close"]
    assert playbook.steps[1].command == ("diagnostic", "explain", "TRN001")
    assert playbook.steps[0].choices[0].to == "close"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "nan-loss"', "", "'id' is missing"),
        ('id = "nan-loss"', 'id = "NaN loss"', "is not like nan-loss"),
        ('category = "training"', 'category = "kitchen"', "'category' must be one of"),
        ('codes = ["TRN001"]', "codes = 5", "'codes' must be a list of text, not 5"),
        ('codes = ["TRN001"]', 'codes = ["trn1"]', "not like TRN001"),
        ("symptoms", "omens", "'symptoms' is missing"),
        ('title = "Ask"', 'title = "Ask"\nhint = "?"', "'step.ask.hint' is no known key"),
        ('question = "Is it so?"', "", "must stand there exactly once"),
        ('to = "close"', 'to = "clsoe"', "'step.ask' leads to 'clsoe', no later step"),
        (', advice = "Do it."', "", "'step.ask.choices.no.advice' is missing"),
        ('name = "look"', 'name = "ask"', "two steps have the name 'ask'"),
        ("expect = { exit = 0, text", "expect = { exit = 0, txt", "'expect.txt' is no known key"),
        ('expect = { exit = 0, text = "Limits" }', "", "must name an exit code or a text"),
        ("'TRN001'\"", "'TRN001\"", "is no command line"),
        ('checks = ["finding"]', 'checks = ["TRN001"]', "the last step must have checks"),
        ("[[step]]", "[[step", "not readable as TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(old, new, said) -> None:
    with pytest.raises(ConfigError, match=r"here\.toml") as refused:
        parse(WHOLE.replace(old, new, 1), "here.toml")
    assert said in str(refused.value)


def test_a_step_may_not_lead_backward() -> None:
    backward = WHOLE.replace('found = "Still there."', 'found = "x"\nfound_to = "ask"')
    with pytest.raises(ConfigError, match=r"'step\.close' leads to 'ask', no later step"):
        parse(backward, "here.toml")


def test_codes_that_no_check_has_are_refused() -> None:
    with pytest.raises(ConfigError, match="playbook nan-loss: 'codes': no check has"):
        validate(parse(WHOLE, "here.toml"), Registry([]))


def test_a_step_is_found_by_number_and_name_and_refused_otherwise() -> None:
    playbook = parse(WHOLE, "here.toml")
    assert playbook.position("2") == playbook.position("look") == 1
    for word in ("0", "4", "nothing"):
        with pytest.raises(UsageError, match="has no step"):
            playbook.position(word)


def test_a_playbook_is_loaded_by_id_code_and_name() -> None:
    by_id = load("nan-loss", registry())
    assert load("trn001", registry()) == load("non-finite-loss", registry()) == by_id


def test_a_playbook_that_is_only_a_name_yet_is_said_to_be_missing() -> None:
    waiting = [check for check in registry().values() if check.playbook not in identifiers()]
    for check in waiting[:3]:
        with pytest.raises(UsageError, match=f"'diagnostic explain {check.code}'"):
            load(check.code, registry())
        with pytest.raises(UsageError, match="is not written yet"):
            load(check.playbook, registry())


def test_what_is_neither_playbook_nor_check_names_the_playbooks() -> None:
    with pytest.raises(UsageError, match=r"playbooks: .*leakage, market-data, nan-loss"):
        load("nonsense", registry())
