import pytest

from commands.main import take_debug


def test_without_arguments_it_prints_short_help(diagnostic) -> None:
    ended = diagnostic()
    assert ended.code == 0
    assert "diagnostic [OPTIONS] [COMMAND]" in ended.out
    assert "inspect" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "XXX999"), "no check has the code or name 'XXX999'"),
        (("check", "overfiting"), "did you mean overfitting"),
        (("inspect", "no/such/file"), "no/such/file: no such file or folder"),
        (("inspect",), "Missing argument 'PATH...'"),
        (("frobnicate",), "No such command 'frobnicate'"),
        (("--component", "kitchen"), "'kitchen' is not one of"),
        (("--component",), "--component needs a name"),
        (("--full", "inspect", "x"), "'inspect' cannot follow a short form"),
        (("--full", "--format", "xml"), "'xml' is not one of"),
        (("check", "--format", "xml"), "'xml' is not one of"),
        (("check", "--out", "json"), "write FORMAT:PATH"),
        (("check", "--out", "json:/no/such/folder/x"), "/no/such/folder does not exist"),
        (("history", "abc"), "there is no history yet"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_code_2(diagnostic, arguments, said) -> None:
    ended = diagnostic(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_group_without_a_command_shows_its_help_as_it_is_laid_out(diagnostic) -> None:
    ended = diagnostic("data")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: diagnostic data")
    assert any(line.strip().startswith("validate") for line in ended.err.splitlines())


def test_an_unreadable_configuration_names_the_file_and_code_2(diagnostic, write) -> None:
    write("diagnostic.toml", "[run\n")
    ended = diagnostic("--full")
    assert ended.code == 2
    assert "diagnostic.toml: not readable as TOML" in ended.err


def test_a_limit_that_a_check_does_not_have_is_named(diagnostic, write) -> None:
    write("diagnostic.toml", "[limits.low-wfe]\nspeed = 3\n")
    ended = diagnostic("check")
    assert ended.code == 2
    assert "check low-wfe has no limit 'speed'" in ended.err


def test_the_version_is_said(diagnostic) -> None:
    from ml_debugger import __version__

    assert diagnostic("--version").out == f"diagnostic {__version__}\n"


def test_debug_may_stand_anywhere_but_behind_a_double_dash() -> None:
    assert take_debug(["inspect", "x", "--debug"]) == (True, ["inspect", "x"])
    assert take_debug(["x", "--", "--debug"]) == (False, ["x", "--", "--debug"])


def test_the_interpreter_that_trains_can_be_named(diagnostic) -> None:
    ended = diagnostic("check", "ENV007", "--python", "/no/such/python", "--format", "json")
    assert ended.code == 3
    (result,) = ended.document["results"]
    assert result["status"] == "skip"
    assert "No such file" in result["reason"]
