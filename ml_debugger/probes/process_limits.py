"""Limits and text settings of a process that is started here."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping

from ml_debugger.artifacts.host import ProcessLimits, TextSettings

_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING", "PYTHONUTF8")


def limits() -> ProcessLimits | None:
    """The limits that this process inherited; None where the system has none."""
    try:
        import resource
    except ImportError:
        return None

    def soft(name: int) -> int | None:
        value = resource.getrlimit(name)[0]
        return None if value == resource.RLIM_INFINITY else value

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return ProcessLimits(
        open_files=soft(resource.RLIMIT_NOFILE),
        open_files_hard=None if hard == resource.RLIM_INFINITY else hard,
        processes=soft(resource.RLIMIT_NPROC),
        locked_memory=soft(resource.RLIMIT_MEMLOCK),
        core=soft(resource.RLIMIT_CORE),
    )


def text_settings(environ: Mapping[str, str] = os.environ) -> TextSettings:
    """The encodings that Python takes under these variables.

    This process was started with the user's variables, so what it got is what a training gets
    (PEP 538 and PEP 540 turn the locales C and POSIX into UTF-8 from Python 3.7 on).
    """
    output = sys.stdout.encoding or locale.getpreferredencoding(do_setlocale=False)
    given = [f"{name}={environ[name]}" for name in _VARIABLES if environ.get(name)]
    return TextSettings(output.lower(), sys.getfilesystemencoding(), " ".join(given) or None)
