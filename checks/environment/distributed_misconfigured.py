"""ENV010: the settings of a distributed training contradict each other, or it cannot talk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ml_debugger.artifacts import Environment
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_SLOW = {
    "NCCL_P2P_DISABLE": "cards no longer talk to each other directly",
    "NCCL_SHM_DISABLE": "processes of one machine talk over the network",
    "NCCL_IB_DISABLE": "InfiniBand is not used",
    "CUDA_LAUNCH_BLOCKING": "each kernel is waited for",
    "TORCH_DISTRIBUTED_DEBUG": "each collective is checked against all ranks",
}
"""Variables that are set to find a fault and forgotten."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})


@check(
    code="ENV010",
    name="distributed-misconfigured",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "contradictions",
            "settings",
            "above",
            "variables of a distributed training that are missing or contradict each other",
            "PyTorch documentation, 'torchrun' and 'Environment variable initialization'",
            fail=0,
        ),
        Limit(
            "failed_reductions",
            "all-reduces",
            "above",
            "all-reduces of two local processes over gloo that did not come to an end",
            "the least that a distributed training needs; gloo needs no GPU",
            fail=0,
        ),
        Limit(
            "slow_settings",
            "settings",
            "above",
            "variables that slow a distributed training, as they are set to find a fault",
            "NCCL documentation, 'Environment variables'; PyTorch documentation, 'Debugging"
            " torch.distributed applications'",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def distributed_misconfigured(environment: Environment) -> Outcome:
    """The settings of a distributed training contradict each other, or it cannot talk.

    What it measures:
        The environment variables that this command was started with: world size, ranks,
        master address and port, devices, interfaces for NCCL and gloo; and variables of NCCL
        and CUDA that are meant for finding faults. Where a world size is set, and in a full
        run, two local processes also add up one number over gloo.
    Why it matters:
        Ranks that wait for a master at the wrong place wait for half an hour, then end with
        a time-out that names neither.
    What to do:
        Start with torchrun, which sets them all, or unset what an older session left
        (`env | grep -E "RANK|WORLD|MASTER|NCCL"`). If gloo fails, look at the interface
        (GLOO_SOCKET_IFNAME), the firewall and what the host's own name resolves to.
    Sources:
        PyTorch documentation, "torchrun (Elastic Launch)", "Distributed communication
        package"; NVIDIA NCCL documentation, "Environment variables".
    """
    own = environment.variables
    wrong = list(_contradictions(own, environment))
    world = _number(own.get("WORLD_SIZE"))
    slow = [name for name in _SLOW if _is_on(name, own)] if _is_distributed(own) else []
    reduced = environment.all_reduce
    if reduced is None and not _is_distributed(own):
        return NotMeasured("no variable of a distributed training is set, and none was tried")
    if wrong:
        title = wrong[0][1]
    elif reduced == "fails":
        title = f"Two local processes cannot add up: {environment.all_reduce_detail}"
    elif slow:
        title = f"{slow[0]}={own[slow[0]]}: {_SLOW[slow[0]]}"
    elif world is not None:
        title = f"The settings for {world} ranks fit together"
    else:
        title = "Two local processes add up over gloo"
    return Measurement(
        title,
        {
            "contradictions": len(wrong),
            "failed_reductions": float("nan") if reduced is None else float(reduced == "fails"),
            "slow_settings": len(slow),
        },
        (
            *(Evidence("setting", f"{name}={own.get(name, '')}", None, why) for name, why in wrong),
            *(Evidence("slow", f"{name}={own[name]}", None, _SLOW[name]) for name in slow),
            Evidence("all_reduce", reduced, None, environment.all_reduce_detail),
        )[:5],
    )


def _is_distributed(own: Mapping[str, str]) -> bool:
    return any(name in own for name in ("WORLD_SIZE", "RANK", "MASTER_ADDR"))


def _contradictions(own: Mapping[str, str], environment: Environment) -> Iterator[tuple[str, str]]:
    world, rank = _number(own.get("WORLD_SIZE")), _number(own.get("RANK"))
    local, local_world = _number(own.get("LOCAL_RANK")), _number(own.get("LOCAL_WORLD_SIZE"))
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT"):
        if own.get(name) and _number(own[name]) is None:
            yield name, f"{name} is no number: {own[name]}"
    if world is not None and world > 1:
        for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
            if name not in own:
                yield name, f"WORLD_SIZE is {world}, and {name} is not set"
    if world is not None and rank is not None and not 0 <= rank < max(1, world):
        yield "RANK", f"RANK is {rank} in a world of {world}"
    if local is not None and local_world is not None and not 0 <= local < max(1, local_world):
        yield "LOCAL_RANK", f"LOCAL_RANK is {local} of {local_world} on this machine"
    # with several machines only the first may name itself as the master
    several = world is not None and local_world is not None and world > local_world
    first = rank is None or local is None or rank == local
    if several and not first and own.get("MASTER_ADDR") in _LOCAL:
        yield "MASTER_ADDR", f"MASTER_ADDR is {own['MASTER_ADDR']} on a machine without rank 0"
    cards = len(environment.cards)
    if cards and local is not None and local >= cards and "CUDA_VISIBLE_DEVICES" not in own:
        yield "LOCAL_RANK", f"LOCAL_RANK is {local}, and {cards} cards are here"
    for name in ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"):
        wanted = own.get(name, "")
        if wanted and environment.interfaces and not _names_one(wanted, environment.interfaces):
            yield name, f"{name}={wanted} names no interface of this machine"


def _names_one(wanted: str, interfaces: tuple[str, ...]) -> bool:
    """By NCCL's rules: prefixes, `=` for whole names, `^` for all but these."""
    if wanted.startswith("^"):
        return True
    exact = wanted.startswith("=")
    names = wanted.lstrip("=").split(",")
    return any(
        i == name or (not exact and i.startswith(name)) for i in interfaces for name in names
    )


def _is_on(name: str, own: Mapping[str, str]) -> bool:
    if name == "TORCH_DISTRIBUTED_DEBUG":
        return own.get(name, "").upper() == "DETAIL"
    return own.get(name, "0") not in ("", "0")


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().lstrip("-").isdigit() else None
