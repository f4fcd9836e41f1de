"""Requirements of installed packages that are not met, judged from their own metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from ml_debugger.artifacts.environment import Conflict

NUMPY_2: Mapping[str, str] = {
    "torch": "2.3.0",
    "pandas": "2.2.2",
    "scipy": "1.13.0",
    "scikit-learn": "1.4.2",
    "pyarrow": "16.0.0",
    "numba": "0.60.0",
    "tensorflow": "2.18.0",
    "h5py": "3.11.0",
    "statsmodels": "0.14.2",
}
"""First releases built so that they run with NumPy 2 (numpy/numpy issue 26191)."""

_BY_THE_DRIVER = "nvidia-"
"""Wheels with CUDA libraries: images and conda bring these libraries in other ways."""


def conflicts(
    packages: Mapping[str, str],
    requires: Mapping[str, Sequence[str]],
    markers: Mapping[str, str],
) -> Iterator[Conflict]:
    """What installed packages require and do not find; extras and other platforms left out.

    Names are as `PACKAGES` gives them; `markers` is the marker environment of that interpreter.
    Lines that are no requirement are passed over: their package was installed despite them.
    """
    for package, lines in requires.items():
        for line in lines:
            try:
                requirement = Requirement(line)
                marker = requirement.marker
                wanted = marker is None or marker.evaluate({**markers, "extra": ""})
            except (InvalidRequirement, ValueError, KeyError):
                continue
            name = requirement.name.lower().replace("_", "-").replace(".", "-")
            if not wanted or (name not in packages and name.startswith(_BY_THE_DRIVER)):
                continue
            found = packages.get(name)
            if found is None or not _meets(requirement, found):
                wording = f"{requirement.name}{requirement.specifier}"
                yield Conflict(f"{package} {packages.get(package, '')}".strip(), wording, found)


def stale_abi(packages: Mapping[str, str]) -> list[Conflict]:
    """Packages built for NumPy 1 that stand beside NumPy 2."""
    numpy = _version(packages.get("numpy"))
    if numpy is None or numpy.major < 2:
        return []
    stale = []
    for name, least in NUMPY_2.items():
        found = _version(packages.get(name))
        if found is not None and found < Version(least):
            stale.append(Conflict(f"numpy {numpy}", f"{name}>={least}", str(found)))
    return stale


def _meets(requirement: Requirement, found: str) -> bool:
    if _version(found) is None:
        # a version of no known form cannot be compared; pip does not judge it either
        return True
    return requirement.specifier.contains(found, prereleases=True)


def _version(text: str | None) -> Version | None:
    try:
        return Version(text) if text else None
    except InvalidVersion:
        return None
