"""The playbooks that ship: whole, true to the catalogue, and safe to run."""

import pytest

from ml_debugger.report.playbook_text import render
from ml_debugger.report.style import Style
from ml_debugger.runtime.playbook_command import runs_by_itself
from ml_debugger.runtime.playbook_file import identifiers, load, load_all
from ml_debugger.runtime.playbook_model import ChecksStep, CommandStep, QuestionStep
from ml_debugger.runtime.registry import registry

EACH = pytest.mark.parametrize("name", identifiers())


def test_the_playbooks_ship() -> None:
    named = {"nan-loss", "sign-bias", "leakage", "market-data", "training-run"}
    assert named <= set(identifiers())


@EACH
def test_all_that_a_playbook_names_is_installed(name) -> None:
    assert load(name, registry()).id == name


@EACH
def test_a_playbook_serves_exactly_the_checks_that_name_it(name) -> None:
    own = [c for c in registry().values() if c.measure.__module__.startswith("checks.")]
    assert set(load(name, registry()).codes) == {c.code for c in own if c.playbook == name}


@EACH
def test_a_playbook_checks_asks_and_commands(name) -> None:
    kinds = {type(step) for step in load(name, registry()).steps}
    assert kinds == {ChecksStep, CommandStep, QuestionStep}


@EACH
def test_commands_of_a_playbook_only_read(name) -> None:
    for step in load(name, registry()).steps:
        if isinstance(step, CommandStep):
            assert runs_by_itself(step.command), step.command


@EACH
def test_a_playbook_is_shown_within_80_columns_but_for_command_lines(name) -> None:
    lines = render(load(name, registry()), Style()).splitlines()
    assert all(len(line) <= 80 for line in lines if "    run " not in line)


def test_no_code_is_served_twice() -> None:
    codes = [code for playbook in load_all() for code in playbook.codes]
    assert len(codes) == len(set(codes))
