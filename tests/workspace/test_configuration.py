from datetime import date
from pathlib import Path

import pytest

from ml_debugger.errors import ConfigError
from ml_debugger.workspace.assembly import expectations
from ml_debugger.workspace.configuration import find_project_file, load, variable_name
from ml_debugger.workspace.template import template


def configure(folder: Path, text: str) -> Path:
    (folder / "diagnostic.toml").write_text(text)
    return folder


def test_without_a_file_everything_is_the_default(tmp_path) -> None:
    configuration = load(tmp_path, {})
    assert configuration["run.fail_on"] == "fail"
    assert configuration.values["run.fail_on"].source == "default"


def test_each_value_knows_where_it_comes_from(tmp_path) -> None:
    configure(tmp_path, '[run]\nfail_on = "warn"\nprofile = "quick"\n[expect]\ngpus = 8\n')
    environment = {"DIAGNOSTIC_PROFILE": "pre-train", "DIAGNOSTIC_EXPECT_GPUS": "4"}
    configuration = load(tmp_path, environment).with_flags({"run.profile": "full"})
    values = configuration.values
    assert values["run.fail_on"].source.endswith("diagnostic.toml")
    assert (values["expect.gpus"].value, values["expect.gpus"].source) == (
        4,
        "DIAGNOSTIC_EXPECT_GPUS",
    )
    assert (values["run.profile"].value, values["run.profile"].source) == ("full", "flag")


def test_the_nearest_file_above_holds(tmp_path) -> None:
    configure(tmp_path, "[expect]\ngpus = 2\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load(below, {})["expect.gpus"] == 2


def test_a_section_of_pyproject_is_read(tmp_path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.diagnostic.expect]\nhorizons = [1, 5]\n")
    assert load(tmp_path, {})["expect.horizons"] == [1, 5]


def test_a_pyproject_without_our_section_is_not_ours(tmp_path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    assert find_project_file(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\nfail_no = 1\n", "unknown key 'run.fail_no'"),
        ("[kitchen]\nsink = 1\n", "unknown key 'kitchen.sink'"),
        ("top = 1\n", "unknown key 'top'"),
        ('[expect]\ngpus = "eight"\n', "'expect.gpus' must be whole number"),
        ('[run]\nfail_on = "note"\n', r"'run.fail_on' must be fail\|warn"),
        ("[expect]\ndata_through = 5\n", "'expect.data_through' must be date or latest"),
        ("[limits]\noverfitting = 3\n", "'limits.overfitting' is not a section"),
        ('[limits.overfitting]\ngap = "big"\n', "'limits.overfitting.gap'"),
        ("[run\n", "not readable as TOML"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_key(tmp_path, text, said) -> None:
    configure(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as raised:
        load(tmp_path, {})
    assert "diagnostic.toml" in str(raised.value)


def test_a_wrong_variable_is_refused_by_name(tmp_path) -> None:
    with pytest.raises(ConfigError, match="DIAGNOSTIC_EXPECT_GPUS"):
        load(tmp_path, {"DIAGNOSTIC_EXPECT_GPUS": "many"})


def test_a_list_in_a_variable_may_be_written_with_commas(tmp_path) -> None:
    configuration = load(tmp_path, {"DIAGNOSTIC_EXPECT_TICKERS": "AAPL, MSFT"})
    assert configuration["expect.tickers"] == ["AAPL", "MSFT"]


def test_limits_are_kept_by_check_and_name(tmp_path) -> None:
    configure(tmp_path, "[limits.overfitting]\ngap = { warn = 0.1, fail = 0.3 }\n")
    assert load(tmp_path, {}).limits["overfitting", "gap"].value == {"warn": 0.1, "fail": 0.3}


def test_latest_is_the_last_weekday_before_today(tmp_path) -> None:
    configure(tmp_path, '[expect]\ndata_through = "latest"\n')
    configuration = load(tmp_path, {})
    monday, wednesday = date(2026, 11, 16), date(2026, 11, 18)
    assert expectations(configuration, monday).data_through == date(2026, 11, 13)
    assert expectations(configuration, wednesday).data_through == date(2026, 11, 17)


def test_the_template_is_valid_and_each_of_its_examples_too(tmp_path) -> None:
    configure(tmp_path, template())
    load(tmp_path, {})
    opened = "\n".join(
        line.removeprefix("# ") for line in template().splitlines() if " = " in line or "[" in line
    ).replace("null", '"x"')
    text = opened.split("Limits of single checks")[0]
    configure(tmp_path, text)
    load(tmp_path, {})


@pytest.mark.parametrize(
    "text",
    [
        "AAPL\nMSFT\n",
        "# today's members\nAAPL\n\nMSFT\nAAPL\n",
        "Name,Symbol\nApple,AAPL\nM,MSFT\n",
    ],
)
def test_members_may_stand_in_a_file(text: str, tmp_path) -> None:
    (tmp_path / "members.csv").write_text(text)
    configure(tmp_path, '[expect]\nmembers = "members.csv"\n')
    assert load(tmp_path, {})["expect.members"] == ["AAPL", "MSFT"]
    assert load(tmp_path, {"DIAGNOSTIC_EXPECT_MEMBERS": "A,B"})["expect.members"] == ["A", "B"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\xfa", b"A\n" * 600_000])
def test_a_list_of_members_that_cannot_be_read_is_named(content: bytes | None, tmp_path) -> None:
    if content is not None:
        (tmp_path / "members.txt").write_bytes(content)
    configure(tmp_path, '[expect]\nmembers = "members.txt"\n')
    with pytest.raises(ConfigError, match=r"members\.txt"):
        load(tmp_path, {})


def test_variables_are_named_after_keys() -> None:
    assert variable_name("run.fail_on") == "DIAGNOSTIC_FAIL_ON"
    assert variable_name("expect.gpus") == "DIAGNOSTIC_EXPECT_GPUS"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gpus = -1", "'expect.gpus' must be whole number of 0 or more, not -1"),
        ("gpu_memory_gb = nan", "'expect.gpu_memory_gb' must be number of 0 or more, not nan"),
        ("gpu_memory_gb = inf", "'expect.gpu_memory_gb' must be number of 0 or more, not inf"),
    ],
)
def test_a_number_that_nothing_can_have_is_refused(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "diagnostic.toml").write_text(f"[expect]\n{line}\n")
    with pytest.raises(ConfigError, match=said):
        load(tmp_path)
