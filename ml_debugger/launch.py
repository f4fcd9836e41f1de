"""The console script.

A trading repository may have folders `checks`, `commands`, `tui` or `playbooks` of its own, and
they may stand first on the import path (PYTHONPATH=., an editable install). The finder below
makes these four names mean the packages that were installed beside this one.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

OWN = frozenset({"checks", "commands", "tui", "playbooks"})


class OwnPackages:
    """Resolves our four top-level names to the folders beside `ml_debugger`.

    An import finder by its method alone: the base class in importlib.abc costs 15 ms to import.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002  the protocol of import finders
    ) -> ModuleSpec | None:
        if path is not None or fullname not in OWN:
            return None
        folder = Path(__file__).resolve().parent.parent / fullname
        return spec_from_file_location(
            fullname, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )


def use_own_packages() -> None:
    """Install the finder, once, before anything of ours is imported by these names."""
    if not any(isinstance(finder, OwnPackages) for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnPackages())


def main() -> None:
    """Run the command line and leave with its exit code."""
    use_own_packages()
    sys.exit(importlib.import_module("commands.main").run(sys.argv[1:]))
