"""ENV009: reproducibility is asked for, and something random is left."""

from __future__ import annotations

from collections.abc import Mapping

from ml_debugger.artifacts import Environment, TrainingConfig
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_ASKED = frozenset(
    {"deterministic", "use_deterministic_algorithms", "reproducible", "full_determinism",
     "torch_deterministic", "cudnn_deterministic", "enable_determinism"}
)  # fmt: skip
_SEEDS = frozenset(
    {"seed", "random_seed", "manual_seed", "random_state", "global_seed", "seed_everything",
     "torch_seed", "rng_seed", "seed_value", "data_seed", "numpy_seed"}
)  # fmt: skip
_SEARCHING = frozenset({"benchmark", "cudnn_benchmark"})
_WORDS = ("manual_seed", "seed_everything", "set_random_seed")


@check(
    code="ENV009",
    name="nondeterministic",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "missing_seeds",
            "seeds",
            "above",
            "1 where neither the configuration nor code of the workspace sets a seed",
            "PyTorch documentation, 'Reproducibility': a seed comes first",
            warn=0,
        ),
        Limit(
            "searching_kernels",
            "settings",
            "above",
            "settings that let cuDNN choose its kernels by timing them",
            "PyTorch documentation, 'Reproducibility': benchmarking may choose other kernels in"
            " another run",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def nondeterministic(config: TrainingConfig, environment: Environment | None) -> Outcome:
    """Reproducibility is asked for, and something random is left.

    What it measures:
        Only configurations that ask for reproducibility ("deterministic: true" and the like)
        are judged: whether a seed is set, there or in code of the workspace, and whether
        cuDNN's benchmarking is on. A missing CUBLAS_WORKSPACE_CONFIG is not counted: torch
        itself stops with an error where it is needed.
    Why it matters:
        A result that nobody can repeat cannot be told from luck, and a fault that comes and
        goes cannot be found.
    What to do:
        Set one seed for Python, NumPy and the framework (lightning.seed_everything,
        transformers.enable_full_determinism, torch.manual_seed), workers of data loaders
        included, and benchmark: false.
    Sources:
        PyTorch documentation, "Reproducibility"; Lightning documentation, Trainer
        (deterministic, benchmark); NVIDIA cuBLAS documentation, "Results reproducibility".
    """
    asked = [key for key, value in config.values.items() if _leaf(key) in _ASKED and _on(value)]
    if not asked:
        return NotMeasured("the configuration does not ask for reproducibility")
    seed = next(
        (key for key in config.values if _leaf(key) in _SEEDS and _set(config.values, key)), None
    )
    said = (environment.said if environment is not None else None) or {}
    in_code = next((f"{word} at {said[word]}" for word in _WORDS if word in said), None)
    searching = [
        key for key, value in config.values.items() if _leaf(key) in _SEARCHING and value is True
    ]
    missing = seed is None and in_code is None
    if missing:
        title = f"{asked[0]} is set, and no seed is"
    elif searching:
        title = f"{asked[0]} is set, and so is {searching[0]}"
    else:
        title = f"{asked[0]} is set, with a seed in {seed or in_code}"
    return Measurement(
        title,
        {"missing_seeds": int(missing), "searching_kernels": len(searching)},
        (
            Evidence("asked_by", f"{asked[0]}: {config.values[asked[0]]}"),
            Evidence("seed", None if seed is None else config.values[seed], None, seed or in_code),
            *(Evidence("benchmark", True, None, key) for key in searching[:2]),
        ),
    )


def _leaf(key: str) -> str:
    return key.rpartition(".")[2].lower().replace("-", "_")


def _on(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "warn")


def _set(values: Mapping[str, object], key: str) -> bool:
    """A seed of zero is one; null, false and -1 say that none is wanted."""
    value = values[key]
    return value is not None and value is not False and value != -1
