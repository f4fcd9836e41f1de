import pytest

from ml_debugger.runtime.registry import registry

KEYS = {"code", "name", "component", "judges", "limits", "playbook", "fix", "preview"}


def codes(ended) -> list[str]:
    return [check["code"] for check in ended.document["checks"]]


def test_the_catalogue_is_the_documented_json(diagnostic) -> None:
    document = diagnostic("checks", "--format", "json").document
    assert set(document) == {"schema_version", "checks"}
    assert [check["code"] for check in document["checks"]] == list(registry())
    for check in document["checks"]:
        assert set(check) == KEYS
        assert check["judges"]
        assert check["playbook"]
        assert all(limit["source"] for limit in check["limits"])


def test_the_table_names_every_check_within_80_columns(diagnostic) -> None:
    ended = diagnostic("checks")
    assert ended.code == 0
    assert all(code in ended.out and c.name in ended.out for code, c in registry().items())
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        (("--component", "performance"), lambda c: c.component == "performance"),
        (("--prefix", "prc"), lambda c: c.prefix == "PRC"),
        (("--profile", "quick"), lambda c: "quick" in c.profiles),
        (("price", "table", "--prefix", "PRC"), lambda c: c.prefix == "PRC"),
        (("sign-imbalance",), lambda c: c.name == "sign-imbalance"),
    ],
)
def test_filters_narrow_the_list(diagnostic, filters, fits) -> None:
    chosen = codes(diagnostic("checks", *filters, "--format", "json"))
    assert chosen
    assert chosen == [code for code, check in registry().items() if fits(check)]


def test_words_that_fit_nothing_give_an_empty_list_and_say_so(diagnostic) -> None:
    ended = diagnostic("checks", "unheard-of", "--format", "json")
    assert ended.code == 0
    assert ended.document["checks"] == []
    assert "no check fits" in ended.err


def test_an_unknown_prefix_is_wrong_usage(diagnostic) -> None:
    ended = diagnostic("checks", "--prefix", "XYZ")
    assert ended.code == 2
    assert "no check has it; known:" in ended.err
