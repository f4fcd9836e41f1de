"""ENV008: the first run will compile GPU kernels for a long time."""

from __future__ import annotations

from collections.abc import Iterator

from ml_debugger.artifacts import Environment
from ml_debugger.artifacts.architectures import fit_of
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="ENV008",
    name="compile-cache-cold",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "cold_builds",
            "frameworks",
            "above",
            "frameworks without code for the card, whose kernels are compiled at first use, while"
            " the cache for them is empty or off",
            "the project's record: more than 30 minutes before the first step on a card of"
            " compute capability 12.0 that TensorFlow had no code for",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def compile_cache_cold(environment: Environment) -> Outcome:
    """The first run will compile GPU kernels for a long time.

    What it measures:
        Whether torch and TensorFlow, in the interpreter that trains, have machine code for
        each card or only PTX that the driver compiles at first use, and whether the driver's
        cache for the outcome holds anything and is on. With machine code an empty cache
        costs seconds and is told as a fact only; so are the caches of torch.compile, Triton
        and XLA, which cost minutes where they are used.
    Why it matters:
        The first run seems to hang at its first step for half an hour; on a pod with a fresh
        container disk that is each run.
    What to do:
        Install a build with code for the card. Otherwise let it compile once, with
        CUDA_CACHE_PATH on a volume that stays and CUDA_CACHE_MAXSIZE=4294967296 (by default
        1 GiB is kept), and give stall detectors an hour for the first step.
    Sources:
        CUDA C++ programming guide, "Just-in-time compilation" and "Environment variables";
        the project's record; PyTorch documentation, "Compile time caching".
    """
    if environment.unanswered is not None:
        return NotMeasured(environment.unanswered)
    code = dict(_code(environment))
    capable = [card for card in environment.cards if card.capability]
    if not capable or not code:
        missing = "no card is known" if not capable else "no framework said what it has code for"
        return NotMeasured(f"{missing}, so nothing tells what would be compiled")
    late = [
        (framework, card)
        for framework, names in code.items()
        for card in capable
        if fit_of(card.capability or "0.0", names) == "compiled at first use"
    ]
    cache = next((c for c in environment.caches if c.kind == "cuda"), None)
    cold = cache is None or cache.files == 0 or cache.disabled is not None
    frameworks = {framework for framework, _ in late} if cold else set()
    if late and cold:
        framework, card = late[0]
        title = f"{framework} has no code for {card.name} ({card.capability}) and the cache is cold"
    elif late:
        title = f"{late[0][0]} is compiled for {late[0][1].name}; the cache holds kernels"
    else:
        title = f"{' and '.join(code)} {'has' if len(code) == 1 else 'have'} code for the card"
    return Measurement(
        title,
        {"cold_builds": len(frameworks)},
        tuple(
            Evidence(f"{c.kind}_cache", c.files, "files", c.disabled or c.folder)
            for c in environment.caches[:4]
        ),
    )


def _code(environment: Environment) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The architectures by framework, of those that state them."""
    if environment.torch is not None and environment.torch.architectures:
        yield "torch", environment.torch.architectures
    for framework, names in environment.framework_code.items():
        yield framework, tuple(names.split())
