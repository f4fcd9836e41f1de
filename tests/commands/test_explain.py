import pytest

from ml_debugger.runtime.registry import registry


def test_the_card_has_its_sections_limits_and_playbook(diagnostic) -> None:
    ended = diagnostic("explain", "sign-imbalance")
    assert ended.code == 0
    for part in (
        "PRD002 sign-imbalance",
        "component     performance",
        "judges        predictions",
        "What it measures",
        "Why it matters",
        "What to do",
        "Sources",
        "Limits",
        "sign_gap  warn > 13, fail > 35  [points]",
        "playbook      sign-bias: diagnostic playbook run PRD002",
    ):
        assert part in ended.out


@pytest.mark.parametrize("word", ["prd002", "PRD002", "Sign-Imbalance"])
def test_code_and_name_are_found_in_any_case(diagnostic, word) -> None:
    assert "PRD002 sign-imbalance" in diagnostic("explain", word).out


def test_every_card_fits_80_columns_of_ascii() -> None:
    from ml_debugger.report.card import describe
    from ml_debugger.report.card_text import render
    from ml_debugger.report.style import Style

    for check in registry().values():
        text = render(describe(check, registry()), Style())
        assert text.isascii(), check.code
        assert max(map(len, text.splitlines())) <= 80, check.code


def test_a_playbook_that_is_not_written_is_not_promised(diagnostic) -> None:
    ended = diagnostic("explain", "PRC001")
    assert "market-data" not in ended.out or "playbook run PRC001" in ended.out


def test_the_json_has_the_card_and_both_directions_of_explanation(diagnostic) -> None:
    document = diagnostic("explain", "PRD001", "--format", "json").document
    assert document["schema_version"] == "1.0"
    card = document["check"]
    assert card["code"] == "PRD001"
    assert card["headline"]
    assert card["playbook"] == "sign-bias"
    assert "sign-imbalance (PRD002)" in card["explains"]
    assert {"name", "direction", "warn", "fail", "skip", "unit", "meaning", "source"} <= set(
        card["limits"][0]
    )


def test_a_configured_limit_is_shown_with_its_place_and_default(diagnostic, write) -> None:
    write("diagnostic.toml", "[limits.sign-imbalance]\nsign_gap = { warn = 20, fail = 50 }\n")
    ended = diagnostic("explain", "PRD002")
    assert "sign_gap  warn > 20, fail > 50" in ended.out
    assert "set by diagnostic.toml: warn 20 fail 50 (default: warn 13 fail 35)" in ended.out


def test_a_limit_that_the_check_does_not_have_is_refused(diagnostic, write) -> None:
    write("diagnostic.toml", "[limits.sign-imbalance]\nspeed = 1\n")
    ended = diagnostic("explain", "PRD002")
    assert ended.code == 2
    assert "has no limit 'speed'" in ended.err


def test_an_unknown_code_is_wrong_usage_with_near_matches(diagnostic) -> None:
    ended = diagnostic("explain", "sign-inbalance")
    assert ended.code == 2
    assert "did you mean sign-imbalance" in ended.err
