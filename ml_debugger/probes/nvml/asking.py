"""One question to NVML at a time: what fails costs its own answer and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

_SILENT = (
    *("NotSupported", "NoPermission", "FunctionNotFound", "NotFound", "InvalidArgument", "NoData"),
    *("VgpuEccNotSupported", "ArgumentVersionMismatch", "Deprecated"),
)
"""Errors that say "not on this card" or "not with this driver": no answer, and no trouble."""

IDENTITY = frozenset(("name", "UUID", "PCI", "compute capability"))
_SUCCESS = 0
_VALUES = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
"""Where a field value stands in its union, by its type (nvml.h, nvmlValueType_t)."""


class Asking:
    """Questions about one card. `problems` are the answers that were errors, `answered` counts
    the others that say more than which card it is, `asked` is the question that was put last."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self.nvml = nvml
        self.handle = handle
        self.problems: list[tuple[str, str]] = []
        self.answered = 0
        self.asked = "name"
        self._silent = tuple(
            kind
            for name in _SILENT
            if (kind := getattr(nvml, f"NVMLError_{name}", None)) is not None
        )

    def ask(self, label: str, *questions: str | tuple[Any, ...]) -> Any:
        """The first answer to alternative questions, each a function of NVML or a tuple of one
        and its further arguments; None where none of them is answered."""
        self.asked = label
        for question in questions:
            name, *extra = (question,) if isinstance(question, str) else question
            function = getattr(self.nvml, name, None)
            if function is None:
                continue
            answer = self._answer(label, partial(function, self.handle, *extra))
            if answer is not None:
                return answer
        return None

    def field(self, label: str, name: str) -> int | None:
        """The value of a field by the name of its number, such as `NVML_FI_DEV_MEMORY_TEMP`."""
        self.asked = label
        number = getattr(self.nvml, name, None)
        if number is None:
            return None

        def value() -> int | None:
            (said,) = self.nvml.nvmlDeviceGetFieldValues(self.handle, [number])
            if said.nvmlReturn != _SUCCESS:
                raise self.nvml.NVMLError(said.nvmlReturn)
            return int(getattr(said.value, _VALUES[said.valueType]))

        answer = self._answer(label, value)
        return answer if answer is None else int(answer)

    def fill(self, label: str, question: str, struct: str) -> Any:
        """A structure of NVML that a question fills in, None where it is not answered."""
        self.asked = label
        kind, function = getattr(self.nvml, struct, None), getattr(self.nvml, question, None)
        if kind is None or function is None:
            return None

        def filled() -> Any:
            from ctypes import byref

            form = kind()
            function(self.handle, byref(form))
            return form

        return self._answer(label, filled)

    def _answer(self, label: str, question: Callable[[], Any]) -> Any:
        try:
            answer = question()
        except self._silent:
            return None
        except self.nvml.NVMLError as error:
            self._failed(label, text_of(error))
        except Exception as error:  # noqa: BLE001  another version answers in another form
            self._failed(label, f"{type(error).__name__}: {error}")
        else:
            self.answered += answer is not None and label not in IDENTITY
            return answer
        return None

    def _failed(self, label: str, error: str) -> None:
        if (label, error) not in self.problems:
            self.problems.append((label, error))


def text_of(error: Exception) -> str:
    """What an error says."""
    return str(error).strip() or type(error).__name__


def name_of(value: Any) -> str:
    """A name; older bindings give bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def cuda_version(number: int) -> str:
    """The version of CUDA as people write it: NVML states 12.4 as 12040."""
    return f"{number // 1000}.{number % 1000 // 10}"
