"""What `inspect` says of a labelled collection: found, missed, wrongly accused.

The folder holds files and a `truth.jsonl`, one object a line: `file` (a path in the folder),
`healthy`, `faults` (the collector's words), `suggested_ids` (catalogue names, alternatives with
`|`), `notes`. A fault counts as found when a warning or failure of one of its names is reported
for its file. A finding on a healthy file counts as a wrong accusation; a finding on a faulty
file that none of its labels covers is listed as another name, to be read by a person.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_debugger.contract import Result
from ml_debugger.launch import use_own_packages
from ml_debugger.runtime.events import RunFinished
from ml_debugger.runtime.registry import registry
from ml_debugger.runtime.request import inspect_request
from ml_debugger.runtime.supervisor import run


@dataclass
class Score:
    """Counts over the files, and a line for each case that a person should read."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    no_check_yet: Counter[str] = field(default_factory=Counter)
    accused: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    healthy: int = 0


def inspect(path: Path) -> list[Result]:
    """The findings on one file or run folder, inspected on its own."""
    for event in run(inspect_request([str(path)])):
        if isinstance(event, RunFinished):
            return [r for r in event.report.results if r.status.is_finding or r.status == "error"]
    return []


def names_of(label: str) -> set[str]:
    """The catalogue names of one suggested id (`PRC/calendar-gap|PRC/zero-volume`)."""
    return {part.strip().rpartition("/")[2] for part in label.split("|")}


def score(folder: Path, truths: Iterable[Mapping[str, Any]]) -> Score:
    """Inspect every labelled file and compare."""
    total = Score()
    known = {check.name for check in registry().values()}
    for truth in truths:
        results = inspect(folder / truth["file"])
        said = {r.name: r for r in results}
        labels = [names_of(label) for label in truth["suggested_ids"]]
        if truth["healthy"]:
            total.healthy += 1
            total.accused += [f"{truth['file']}: {r.status} {r.name}: {r.title}" for r in results]
            continue
        for names in labels:
            word = "|".join(sorted(names))
            if names & said.keys():
                total.found[word] += 1
            elif names & known:
                total.missed[word] += 1
                print(f"missed  {truth['file']}: {word}; {truth['evidence'][:150]}")
            else:
                total.no_check_yet[word] += 1
        covered = set().union(*labels) if labels else set()
        total.other += [
            f"{truth['file']} ({', '.join(truth['faults'])}): {r.status} {r.name}: {r.title}"
            for r in results
            if r.name not in covered
        ]
    return total


def main() -> None:
    """Score the folder named on the command line."""
    use_own_packages()
    folder = Path(sys.argv[1])
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    total = score(folder, map(json.loads, lines))
    for line in total.accused:
        print(f"ACCUSED {line}")
    for line in total.other:
        print(f"other   {line}")
    print(f"found {sum(total.found.values())}: {dict(total.found)}")
    print(f"missed {sum(total.missed.values())}: {dict(total.missed)}")
    print(f"without a check yet {sum(total.no_check_yet.values())}: {dict(total.no_check_yet)}")
    files = len({line.split(":")[0] for line in total.accused})
    print(f"wrongly accused: {files} of {total.healthy} healthy files")


if __name__ == "__main__":
    main()
