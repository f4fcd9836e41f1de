"""The keys, over the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS = """\
1 2 3 4        Findings, Machine, Training, Past runs
arrows  j k    one line down or up
g G            first and last line
Enter          read a finding in full; open a past run
/              filter by plain text or regular expression
/!             filter out what matches
a              all results, or only findings
Esc            back: clear the filter, close, first screen
r              refresh now
?              this help
q              leave at once

Nothing here changes a file, and refreshes are not stored.
NEW marks what the last stored run did not have.
In a curve, x stands for NaN or infinite, ^ for a finding.
"""


class Help(ModalScreen[None]):
    """Closed by the keys that open it or go back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter", "dismiss", show=False),
        Binding("q", "app.quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        yield Static(KEYS, markup=False)
