"""CKP009: a model is stored in a form that today's loaders refuse or will refuse."""

from __future__ import annotations

import re

from ml_debugger.artifacts import Checkpoint
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_REFUSED = {
    "xgboost-legacy": (
        "XGBoost's binary form, which 3.1 and later refuse",
        "load it with XGBoost 1.7 or 2.1 and save it again: booster.save_model('NAME.ubj')",
    ),
    "torch-tar": (
        "torch's tar archive of before 2017, which weights_only refuses",
        "in a sandbox: torch.save(torch.load(NAME, weights_only=False), NEW)",
    ),
}
_OLD = {
    "torch-legacy": (
        "torch's form of before 1.6, without checksums",
        "torch.save(torch.load(NAME, weights_only=True), NEW)",
    ),
}
_LIBRARIES = re.compile(r"^(sklearn|xgboost|lightgbm|catboost|torch)\.", re.MULTILINE)
_KEPT = {
    "xgboost": "booster.save_model keeps it for later releases",
    "lightgbm": "booster.save_model keeps it for later releases",
    "catboost": "save_model keeps it for later releases",
    "torch": "torch.save of its state_dict opens with weights_only",
    "sklearn": "skops or ONNX keep it without pickles",
}


@check(
    code="CKP009",
    name="legacy-format",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "refused",
            "files",
            "above",
            "the form is one that the library's releases of today do not open",
            "XGBoost 3.1 release notes: the binary format is removed; torch.load of PyTorch 2.13: "
            "no tar archives with weights_only",
            fail=0,
        ),
        Limit(
            "old_form",
            "files",
            "above",
            "the form is old, or opens only by running code that the pickle names",
            "PyTorch, Serialization semantics: zip since 1.6, weights_only by default since 2.6",
            warn=0,
        ),
    ),
    profiles=("full",),
)
def legacy_format(checkpoint: Checkpoint) -> Outcome:
    """A model is in a legacy format, or in one that safe loading cannot read.

    What it measures:
        The form of a whole file: torch's pickles of before 1.6 and tar archives of before
        2017, XGBoost's binary form of before 1.0, and torch files in which the weights are
        attributes of pickled module objects instead of a state_dict. Pickles and joblib files
        of scikit-learn, XGBoost and LightGBM are the usual form of these; they pass, and the
        title names the form that keeps. What a pickle would run is judged by unsafe-pickle.
    Why it matters:
        The next update of the library cannot open the file, and then the environment of its
        time must be built again. A whole module needs the class that made it under the same
        name, and weights_only, torch's default since 2.6, refuses it.
    What to do:
        Convert once, with the release that still reads the file, and compare the predictions
        of both: XGBoost by save_model as UBJ, torch by saving the state_dict.
    Sources:
        PyTorch 2.13, torch/serialization.py and the notes on serialization semantics. XGBoost,
        Introduction to Model IO. scikit-learn, Model persistence.
    """
    if checkpoint.problem is not None:
        return NotMeasured("the file cannot be opened")
    refused, old = _REFUSED.get(checkpoint.format), _OLD.get(checkpoint.format)
    modules = checkpoint.details.get("modules", "").splitlines()
    values = {"refused": float(refused is not None), "old_form": float(bool(old or modules))}
    if refused or old:
        said, way = refused or old or ("", "")
        evidence = [Evidence("convert", way), Evidence("format", checkpoint.format)]
        return Measurement(f"Stored in {said}", values, tuple(evidence))
    if modules:
        path, _, made = modules[0].partition(" is a ")
        way = "torch.save(model.state_dict(), NEW), where the class can be imported"
        evidence = [Evidence("convert", way), Evidence("module", made, None, path)]
        what = "The model" if path == "the file" else path
        return Measurement(
            f"{what} is a pickled {made.rpartition('.')[2]}: weights_only refuses it",
            values,
            tuple(evidence),
        )
    found = _LIBRARIES.search(checkpoint.details.get("globals", ""))
    if checkpoint.format in ("joblib", "pickle", "zip-of-pickles") and found:
        title = f"{checkpoint.format} of {found[1]}, opens by unpickling; {_KEPT[found[1]]}"
        return Measurement(title, values)
    return Measurement(f"{checkpoint.format} is a form of today", values)
