"""SEC001 unsafe-pickle."""

from __future__ import annotations

from checks.security.loading import CARRIED, DANGEROUS, Act, acts
from ml_debugger.artifacts import PickleContents
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

SHOWN = 5
_LONG = 70


@check(
    code="SEC001",
    name="unsafe-pickle",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "dangerous_acts",
            "acts",
            "above",
            "imports and calls that run, read, write or reach something when the file is loaded",
            "one is enough: no model needs a command, a connection or a second file to be built; "
            "the names are those of Python's documentation and of the advisories against "
            "picklescan",
            fail=0,
        ),
        Limit(
            "unknown_names",
            "names",
            "above",
            "imports of packages and of the project's own code that are not known to be safe",
            "PyTorch 2.6 and skops load only listed types without being told; code of the "
            "project's own is no attack, but runs with whoever loads the file",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    deadline=120.0,
)
def unsafe_pickle(contents: PickleContents) -> Outcome:
    """Loading a model file would run code.

    What it measures:
        What unpickling the file would import, call and change, read from its opcodes: nothing is
        loaded. Pickles are found by content in files of any name, in zip, tar, gzip, bz2, xz and
        zlib, in NumPy arrays of objects, in torch files old and new, among the raw arrays of
        joblib, one behind the other, and up to the place where a broken one breaks. Names are of
        three classes. Known safe names only build values: tensors, arrays, estimators, dates.
        Dangerous ones run commands or code, open files or connections, or reach any attribute.
        All others run code of a package or of the project's own when the file is loaded. Keras
        Lambda layers, modules that a Keras configuration imports, and ONNX values that lie
        outside the model's folder are judged with them.

    Why it matters:
        A pickle is a program. Whoever can write a checkpoint, or make someone download one, runs
        what he likes as the user who loads it, with the keys of the broker in reach. A class of
        the project's own is no attack, but such a file loads only beside the same source.

    What to do:
        Dangerous: do not load the file. Find out where it came from and who could write it, and
        take a copy from the source, better in safetensors, XGBoost JSON or ONNX. Unknown: if the
        file is the project's own, save `state_dict()` instead of the whole module, or load it
        with `weights_only=True` and `torch.serialization.add_safe_globals`, or with
        `skops.io.load` and a list of trusted types.

    Sources:
        Python documentation, module pickle, warning. torch/serialization.py and
        torch/_weights_only_unpickler.py of PyTorch 2.13. Advisories of mmaitre314/picklescan.
        CVE-2024-3660 and CVE-2025-1550 (Keras), CVE-2022-25882 and CVE-2024-27318 (ONNX).
        Measured by benchmarks/pickle_scanners.py: of 78 detours this check fails 77 and warns of
        one, picklescan 1.0.5 finds 52 and doubts 13, fickling 0.1.12 finds 57; of 395 harmless
        pickles of scikit-learn, pandas, torch and others this check accuses none, picklescan
        accuses 1 and doubts 388, fickling accuses 378. So neither of them is used here.
    """
    found = acts(contents)
    dangerous = [act for act in found if act.grade == DANGEROUS]
    others = found[len(dangerous) :]
    if contents.unread and not found:
        return NotMeasured(f"could not look at all of it: {contents.unread[0]}")
    values = {"dangerous_acts": float(len(dangerous)), "unknown_names": float(len(others))}
    if not found:
        return Measurement(_harmless(contents), values)
    evidence = [Evidence(act.grade, act.what, where=act.where or None) for act in found[:SHOWN]]
    evidence += [Evidence("not looked at", reason) for reason in contents.unread[:1]]
    return Measurement(_title(dangerous, others), values, tuple(evidence))


def _title(dangerous: list[Act], others: list[Act]) -> str:
    if dangerous:
        more = f", and {len(dangerous) - 1} more" if len(dangerous) > 1 else ""
        what = dangerous[0].what.partition(", which")[0]
        what = what if len(what) <= _LONG else what[: _LONG - 3] + "..."
        return f"Loading it {what}{more}"
    if others[0].grade == CARRIED:
        return f"Loading it {others[0].what}, which runs when it is used"
    names = ", ".join(dict.fromkeys(act.name for act in others[:3]))
    return f"Loading it runs code that is not known to be safe: {names}"


def _harmless(contents: PickleContents) -> str:
    if not contents.pickles:
        return f"{contents.format} without a pickle: loading it runs nothing"
    needs = "; needs allow_pickle=True" if contents.objects else ""
    names = len(contents.imports)
    if not names:
        return f"Imports nothing: plain values{needs}"
    count = "its one import" if names == 1 else f"all {names} imports"
    return f"Known to be safe: {count} only build values{needs}"
