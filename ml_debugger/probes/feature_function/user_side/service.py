"""The exchange of requests and answers, and the watch over each call."""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import shutil
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from .calling import call
from .faults import Refused, problem_of
from .loading import load

if TYPE_CHECKING:
    from collections.abc import Callable


def serve() -> None:
    """Answer requests until the other side ends the trial or is gone."""
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    source = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    start = json.loads(source.readline())
    log = open(start["log"], "w", encoding="utf-8")  # noqa: PTH123, SIM115
    faulthandler.enable(log)
    reading = threading.Thread(target=read, args=(source, requests, start["scratch"]), daemon=True)
    reading.start()

    def answer(act: Callable[[], dict[str, Any]], seconds: float) -> bool:
        # the watchdog needs no lock of the interpreter, so it also ends a call that hangs in C
        faulthandler.dump_traceback_later(seconds, exit=True, file=log)
        try:
            said = act()
        except Refused as refusal:
            said = {"problem": str(refusal)}
        except BaseException as error:  # noqa: BLE001  what the user's code raised is the answer
            said = problem_of(error)
        faulthandler.cancel_dump_traceback_later()
        answers.write(json.dumps(said) + "\n")
        answers.flush()
        return "problem" not in said

    loaded: list[Any] = []

    def load_it() -> dict[str, Any]:
        function, said = load(start["target"], start["folder"])
        loaded.append(function)
        return said

    if not answer(load_it, start["seconds"]):
        return
    while True:
        request = requests.get()
        if "end" in request:
            os._exit(0)  # threads that the function left behind would keep an ordinary exit waiting
        answer(partial(call, loaded[0], request), request["seconds"])


def read(source: Any, requests: queue.Queue[dict[str, Any]], scratch: str) -> None:
    """Pass requests on; when the other side is gone, leave nothing behind."""
    for line in source:
        request = json.loads(line)
        requests.put(request)
        if "end" in request:
            return
    shutil.rmtree(scratch, ignore_errors=True)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)
    os._exit(0)
