"""Words of the code, compile caches and cards."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

from ml_debugger.artifacts.environment import Card
from ml_debugger.probes.cards import cards_of
from ml_debugger.probes.code_words import code_words
from ml_debugger.probes.compile_caches import compile_caches


def test_the_first_place_of_each_word(tmp_path: Path) -> None:
    for name, text in {
        "a.py": "# torch.manual_seed\nscaler = torch.amp.GradScaler()\n",
        "b/c.py": "torch.manual_seed(3)\nGradScaler\n",
        "tests/t.py": "autocast",
        ".hidden/h.py": "autocast",
        "venv/pyvenv.cfg": "",
        "own/pyvenv.cfg": "",
        "own/lib/x.py": "autocast",
        "notes.txt": "autocast",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    assert code_words([str(tmp_path)]) == {
        "GradScaler": f"{tmp_path}/a.py:2",
        "manual_seed": f"{tmp_path}/b/c.py:1",
    }
    assert code_words([str(tmp_path)], seconds=-1) == {}


def test_caches_are_counted_where_they_are_configured(tmp_path: Path) -> None:
    (tmp_path / "kernels" / "a").mkdir(parents=True)
    (tmp_path / "kernels" / "a" / "x.cubin").touch()
    own = {
        "CUDA_CACHE_PATH": str(tmp_path / "kernels"),
        "CUDA_CACHE_DISABLE": "1",
        "TRITON_CACHE_DIR": str(tmp_path / "none"),
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path),
    }
    found = {cache.kind: cache for cache in compile_caches(own, tmp_path, "me")}
    assert (found["cuda"].files, found["cuda"].disabled) == (1, "CUDA_CACHE_DISABLE=1")
    assert (found["triton"].files, found["triton"].disabled) == (0, None)
    assert found["inductor"].folder.endswith("torchinductor_me")
    assert found["xla"].files == 1


class NVMLError(Exception):
    """The base of NVML's errors."""


def driver(**more: object) -> SimpleNamespace:
    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlSystemGetCudaDriverVersion_v2=lambda: 12080,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda _: b"NVIDIA H100",
        nvmlDeviceGetCudaComputeCapability=lambda _: (9, 0),
        **more,
    )


def test_cards_with_their_capability() -> None:
    assert cards_of(driver()) == ((Card("NVIDIA H100", "9.0"),), "12.8")


def test_a_driver_that_fails_or_hangs_names_no_cards() -> None:
    def fail() -> None:
        raise NVMLError

    release = threading.Event()
    broken, hanging = driver(), driver()
    broken.nvmlInit, hanging.nvmlInit = fail, lambda: release.wait(20)
    try:
        assert cards_of(broken) == ((), None)
        assert cards_of(hanging, deadline=0.05) == ((), None)
    finally:
        release.set()
