"""CKP003: keys or shapes of a checkpoint differ from its siblings or from the configuration."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ml_debugger.artifacts import Checkpoint, CheckpointSeries, TrainingConfig
from ml_debugger.artifacts.model_folder import ModelFolder
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.architecture import Shapes, kind_of, shapes, stated_sizes, tied
from ml_debugger.runs.saves import are_saves_of_one_run, by_part, name_of, places

_SHOWN = 4
_SETTINGS = {
    "hidden": ("hidden_size", "hidden_dim", "lstm_hidden", "lstm_hidden_size", "rnn_hidden_size",
               "lstm_units", "rnn_hidden", "n_hidden"),
    "layers": ("num_layers", "n_layers", "lstm_layers", "num_lstm_layers", "rnn_layers"),
    "model": ("d_model", "n_embd", "embed_dim", "model_dim"),
}  # fmt: skip
_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})(\..*)")


@dataclass(frozen=True)
class _Difference:
    """A save that differs from another one; `odd` where the saves around it agree."""

    save: Checkpoint
    other: Checkpoint
    tensors: tuple[str, ...]
    odd: bool


@check(
    code="CKP003",
    name="checkpoint-mismatch",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "odd_saves",
            "saves",
            "above",
            "saves whose tensors differ from those of the saves before and after them",
            "PyTorch, Module.load_state_dict: one missing key or other shape ends the loading",
            fail=0,
        ),
        Limit(
            "changes",
            "changes",
            "above",
            "places at which the tensors change for good while the training goes on",
            "a training that goes on cannot load the state from before the change",
            warn=0,
        ),
        Limit(
            "contradicted_settings",
            "settings",
            "above",
            "sizes in the run's configuration that the tensors contradict",
            "the model built from the configuration cannot take these tensors",
            fail=0,
        ),
        Limit(
            "missing_shards",
            "files",
            "above",
            "files that the names of a sharded save announce and that are not there",
            "Hugging Face Hub: NAME-00001-of-00003 is the first of three",
            fail=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def checkpoint_mismatch(subject: CheckpointSeries | ModelFolder) -> Outcome:
    """Keys or shapes differ from the sibling checkpoints or the configured architecture.

    What it measures:
        Names and shapes of the weights of one run's saves, in the order of step or epoch, and
        for folders the sizes that recurrent and attention layers tell against the
        configuration beside them (hidden size, layers, model dimension), and the files of
        sharded saves. Names are compared without `module.` of data-parallel and `_orig_mod.`
        of compiled models. Tied weights that are stored once, averaged copies that start late,
        buffers, optimizer states, exports of another precision, adapters, folds and another
        run that starts anew in the same folder are no mismatch.
    Why it matters:
        Loading stops with missing or unexpected keys. With strict=False it does not, and the
        layers that were not found keep their random start.
    What to do:
        Load the save with the code and configuration of its own time. Give every run a folder
        of its own. Download missing shards again.
    Sources:
        PyTorch 2.13, Module.load_state_dict; DistributedDataParallel and torch.compile wrap a
        module under `module` and `_orig_mod`. Gate layout: torch.nn.LSTM, torch.nn.GRU.
    """
    if isinstance(subject, ModelFolder):
        return _of_folder(subject)
    parts = by_part(subject.members)
    if "" in parts and not are_saves_of_one_run(subject.members):
        return NotMeasured("nothing shows that these files are saves of one run, by step or epoch")
    compared = 0
    differences: list[_Difference] = []
    for members in parts.values():
        for same in _same_kind(members):
            compared += len(same)
            differences += _differences(same)
    if not compared:
        return NotMeasured("fewer than two whole saves of one kind with known tensors")
    odd = [d for d in differences if d.odd]
    values = {"odd_saves": float(len(odd)), "changes": float(len(differences) - len(odd))}
    if not differences:
        return Measurement(f"{compared} saves hold the same weights", values)
    worst = (odd or differences)[0]
    count = len(worst.tensors)
    title = f"{name_of(worst.save)}: {count} weight{'s' * (count > 1)} differ from its siblings"
    evidence = [Evidence("differs", text, None, worst.save.path) for text in worst.tensors[:_SHOWN]]
    evidence.append(Evidence("compared_with", name_of(worst.other), None, worst.other.path))
    return Measurement(title, values, tuple(evidence), path=worst.save.path)


def _same_kind(members: Sequence[Checkpoint]) -> list[list[Checkpoint]]:
    groups: dict[object, list[Checkpoint]] = defaultdict(list)
    for member in members:
        kind = kind_of(member)
        if kind is not None:
            groups[kind].append(member)
    return [group for group in groups.values() if len(group) > 1]


def _differences(members: Sequence[Checkpoint]) -> list[_Difference]:
    """Changes between one save and the next of the same run."""
    found = []
    for run in _runs(members):
        signatures = [shapes(member) for member in run]
        for at in range(1, len(run)):
            tensors = _between(run[at - 1], signatures[at - 1], run[at], signatures[at])
            if not tensors:
                continue
            after = signatures[at + 1] if at + 1 < len(run) else None
            back = after is not None and not _plain(signatures[at - 1], after)
            previous = signatures[at - 2] if at > 1 else None
            left = previous is not None and not _plain(previous, signatures[at])
            if not left:
                found.append(_Difference(run[at], run[at - 1], tensors, odd=back))
    return found


def _runs(members: Sequence[Checkpoint]) -> list[list[Checkpoint]]:
    """The saves by run: one that begins anew in the same folder is another run.

    In the order in which they were written a run's steps grow; where they fall another run began.
    """
    told = places(members)
    if told is None:
        return [list(members)]
    numbered = sorted(zip(members, told, strict=True), key=lambda one: (one[0].modified, one[1]))
    runs: list[list[tuple[Checkpoint, int]]] = []
    for member, place in numbered:
        if (runs and place > runs[-1][-1][1]) or (
            runs and member.modified == runs[-1][-1][0].modified
        ):
            runs[-1].append((member, place))
        else:
            runs.append([(member, place)])
    whole = [run for run in runs if len(run) > 1]
    # times that have nothing to do with the steps are those of a copy
    if len(runs) > 1 + len(members) // 4 or not whole:
        return [[m for m, _ in sorted(numbered, key=lambda one: one[1])]]
    return [[m for m, _ in sorted(run, key=lambda one: one[1])] for run in runs]


def _plain(one: Shapes, other: Shapes) -> list[str]:
    names = sorted(one.keys() | other.keys())
    return [name for name in names if one.get(name) != other.get(name)]


def _between(before: Checkpoint, one: Shapes, after: Checkpoint, other: Shapes) -> tuple[str, ...]:
    """What differs, in words; a weight that is stored once because it is tied does not."""
    found = []
    for name in _plain(one, other):
        if name not in other:
            if not tied(before, name):
                found.append(f"{name} is missing")
        elif name not in one:
            if not tied(after, name):
                found.append(f"{name} is new")
        else:
            found.append(f"{name}: {list(other[name])} for {list(one[name])}")
    return tuple(found)


def _of_folder(folder: ModelFolder) -> Outcome:
    shards = _missing_shards(folder) if folder.whole else {}
    sizes, contradicted = _against_settings(folder)
    if not sizes and not any(_SHARD.fullmatch(c.path or "") for c in folder.checkpoints):
        return NotMeasured("no configuration beside it tells sizes that its tensors tell too")
    values = {
        "contradicted_settings": float(len(contradicted)),
        "missing_shards": float(sum(map(len, shards.values()))),
    }
    evidence = [Evidence("setting", text, None, where) for text, where in contradicted[:_SHOWN]]
    evidence += [Evidence("missing", name, None, save) for save in shards for name in shards[save]]
    if contradicted:
        title = contradicted[0][0]
    elif shards:
        save, missing = next(iter(shards.items()))
        title = (
            f"{len(missing)} of the files of {save} {'is' if len(missing) == 1 else 'are'} missing"
        )
    else:
        title = (
            f"{sizes} configured sizes agree with the tensors" if sizes else "All shards are there"
        )
    return Measurement(title, values, tuple(evidence[: _SHOWN + 1]))


def _against_settings(folder: ModelFolder) -> tuple[int, list[tuple[str, str]]]:
    """How many sizes were compared, and which of them the newest save contradicts."""
    newest = next((c for c in reversed(folder.checkpoints) if kind_of(c) is not None), None)
    if newest is None or len(folder.configurations) != 1:
        return 0, []
    compared, found = 0, []
    for meaning, size, tensor in stated_sizes(newest):
        for key, value in _settings(folder.configurations[0], meaning):
            compared += 1
            if value != size:
                text = f"{key} is {value}, the weights say {size}"
                found.append((text, f"{tensor.name} {list(tensor.shape)} of {name_of(newest)}"))
    return compared, found


def _settings(config: TrainingConfig, meaning: str) -> list[tuple[str, int]]:
    """The one setting of this meaning; none where several differ."""
    found = [
        (key, value)
        for key, value in config.values.items()
        if key.rpartition(".")[2].lower() in _SETTINGS[meaning]
        and isinstance(value, int)
        and not isinstance(value, bool)
    ]
    return found[:1] if len({value for _, value in found}) == 1 else []


def _missing_shards(folder: ModelFolder) -> dict[str, list[str]]:
    """The files that sharded saves lack, by save."""
    found: dict[str, list[str]] = {}
    shards = [m for f in folder.files if (m := _SHARD.fullmatch(f.path))]
    shards.sort(key=lambda m: (m[1], m[3], m[4]))
    for (stem, total, ending), held in groupby(shards, key=lambda m: (m[1], m[3], m[4])):
        there = {int(m[2]) for m in held}
        lacking = [n for n in range(1, int(total) + 1) if n not in there]
        if lacking:
            found[stem + ending] = [f"{stem}-{n:05d}-of-{total}{ending}" for n in lacking[:100]]
    return found
