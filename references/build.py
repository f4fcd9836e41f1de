"""Write the generated pages beside this file, or say with --check which ones lag behind."""

from __future__ import annotations

import sys
from pathlib import Path

from ml_debugger.report.pages import pages
from ml_debugger.runtime.registry import registry

HERE = Path(__file__).resolve().parent


def lagging() -> list[str]:
    """Pages that are missing, differ from the checks' declarations, or have no check any more."""
    wanted = {HERE / path: text for path, text in pages(registry()).items()}
    stale = [
        path
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    orphans = [path for path in (HERE / "checks").glob("*.md") if path not in wanted]
    return sorted(str(path.relative_to(HERE)) for path in (*stale, *orphans))


def write() -> None:
    """Write all pages and remove those of prefixes that no check has."""
    wanted = {HERE / path: text for path, text in pages(registry()).items()}
    (HERE / "checks").mkdir(exist_ok=True)
    for path in (HERE / "checks").glob("*.md"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """0 when the pages are up to date, 1 with their names when `--check` finds some that lag."""
    if "--check" not in sys.argv[1:]:
        write()
        return 0
    for name in (behind := lagging()):
        print(f"references/{name} lags behind the checks; run python references/build.py")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
