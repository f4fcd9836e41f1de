"""Start: become a package with a name that no repository has, and leave the import path."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

NAME = "diagnostic_user_side"

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != here]
    spec = importlib.util.spec_from_file_location(
        NAME, str(here / "__init__.py"), submodule_search_locations=[str(here)]
    )
    assert spec is not None
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    importlib.import_module(NAME + ".service").serve()
