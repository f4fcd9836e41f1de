import pytest

from commands.main import COMMANDS
from commands.short_forms import expand


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("--full", "check"),
        ("--full --format json --out json:a.json", "check --format json --out json:a.json"),
        ("--format json --full", "check --format json"),
        ("--validate-data --rows rows.csv", "data validate --rows rows.csv"),
        ("--system-health -v", "check infrastructure -v"),
        ("--component data training", "check data training"),
        ("--component data,training", "check data training"),
        ("--component data --component training", "check data training"),
        ("--component=data --format json", "check data --format json"),
        ("--validate-data --system-health", "check data infrastructure"),
        ("--full --component data", "check"),
        ("inspect x --full", "inspect x --full"),
        ("data import x", "data import x"),
        ("--version", "--version"),
        ("", ""),
    ],
)
def test_a_short_form_stands_for_a_command(line: str, command: str) -> None:
    assert expand(line.split(), COMMANDS) == command.split()
