"""What loading a file would run, as SEC001 tells it, beside picklescan and fickling.

Three sets: the detours of `ml_debugger.testing.hostile_pickles`, a folder with a `truth.jsonl`
beside its parent, and a folder of harmless files. The other scanners run under the interpreter
that is given, each file in the process of its scanner; a crash is counted by itself.

    python benchmarks/pickle_scanners.py PYTHON [--labelled FOLDER ...] [--harmless FOLDER ...]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from checks.security.unsafe_pickle import unsafe_pickle
from ml_debugger.contract import Measurement, Settings
from ml_debugger.readers.head import read_head
from ml_debugger.readers.pickles import contents_of
from ml_debugger.testing.hostile_pickles import EVASIONS

_OTHERS = """
import contextlib, io, json, logging, sys, time, warnings
logging.disable(logging.CRITICAL); warnings.filterwarnings("ignore")
begun = time.perf_counter()
if sys.argv[1] == "picklescan":
    from picklescan.scanner import SafetyLevel, scan_file_path
    def look(path):
        result = scan_file_path(path)
        if result.infected_files: return "found"
        doubt = any(g.safety == SafetyLevel.Suspicious for g in result.globals)
        return "doubt" if doubt else "error" if result.scan_err else "silent"
else:
    import fickling
    def look(path):
        return "silent" if fickling.is_likely_safe(path) else "found"
imported = time.perf_counter() - begun
found = {}
begun = time.perf_counter()
for path in map(str.strip, sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        try: found[path] = look(path)
        except BaseException as error: found[path] = "error"
print(json.dumps([imported, time.perf_counter() - begun, found]))
"""
KINDS = ("found", "doubt", "silent", "error")


def ours(files: Sequence[Path]) -> tuple[float, float, Mapping[str, str]]:
    """What SEC001 says of each file."""
    begun = time.perf_counter()
    said = {}
    for file in files:
        contents = contents_of(read_head(file, file.name))
        outcome = None if contents is None else unsafe_pickle.run((contents,), Settings({}))
        if not isinstance(outcome, Measurement):
            said[str(file)] = "silent" if outcome is None else "error"
        elif outcome.values["dangerous_acts"]:
            said[str(file)] = "found"
        else:
            said[str(file)] = "doubt" if outcome.values["unknown_names"] else "silent"
    return 0.0, time.perf_counter() - begun, said


def others(python: str, scanner: str, files: Sequence[Path]) -> tuple[float, float, dict[str, str]]:
    """What another scanner says of each file, in one process of its own."""
    run = subprocess.run(
        [python, "-c", _OTHERS, scanner],
        input="\n".join(map(str, files)),
        capture_output=True,
        text=True,
        check=True,
        timeout=1800,
    )
    imported, seconds, said = json.loads(run.stdout.splitlines()[-1])
    return imported, seconds, said


def evasions(folder: Path) -> list[Path]:
    """The inert detours, each in a folder of its own."""
    files = []
    for number, make in enumerate(EVASIONS.values()):
        name, content = make()
        file = folder / f"{number:03}" / name
        file.parent.mkdir()
        file.write_bytes(content)
        files.append(file)
    return files


def labelled(folder: Path) -> tuple[list[Path], list[Path]]:
    """Unsafe and other files of a folder by its parent's truth.jsonl."""
    truth = [json.loads(line) for line in (folder.parent / "truth.jsonl").read_text().splitlines()]
    here = [row for row in truth if Path(row["file"]).parent.name == folder.name]
    unsafe = {Path(r["file"]).name for r in here if "SEC/unsafe-pickle" in r["suggested_ids"]}
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return [f for f in files if f.name in unsafe], [f for f in files if f.name not in unsafe]


def show(title: str, files: Sequence[Path], python: str) -> None:
    """One table: how many files each scanner said what of, and in how long."""
    print(f"\n{title}: {len(files)} files")
    print(f"{'':<12}" + "".join(f"{kind:>8}" for kind in KINDS) + "   import s   scan s")
    rows = [("SEC001", ours(files))]
    rows += [(name, others(python, name, files)) for name in ("picklescan", "fickling")]
    for name, (imported, seconds, said) in rows:
        counts = Counter(said.values())
        print(
            f"{name:<12}"
            + "".join(f"{counts[kind]:>8}" for kind in KINDS)
            + f"{imported:>11.2f}{seconds:>9.2f}"
        )


def main(python: str, marked: Iterable[Path], harmless: Iterable[Path]) -> None:
    """Print a table for each set."""
    with tempfile.TemporaryDirectory() as folder:
        show("Detours", evasions(Path(folder)), python)
    unsafe: list[Path] = []
    other: list[Path] = []
    for one in marked:
        bad, good = labelled(one)
        unsafe, other = unsafe + bad, other + good
    if unsafe or other:
        show("Labelled unsafe", unsafe, python)
        show("Labelled otherwise", other, python)
    for one in harmless:
        show(f"Harmless, {one}", sorted(f for f in one.iterdir() if f.is_file()), python)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="an interpreter that has picklescan and fickling")
    parser.add_argument("--labelled", type=Path, nargs="*", default=[])
    parser.add_argument("--harmless", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    main(given.python, given.labelled, given.harmless)
