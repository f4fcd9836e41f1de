"""Fits of scalers, selectors, resamplers and models, and on which rows they are done."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules import splitting
from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.names import is_label, words
from checks.leakage.source_rules.things import Elements, Estimator, Instance
from checks.leakage.source_rules.trace import Finding
from checks.leakage.source_rules.values import UNKNOWN, Mark, Marks, Value, joined
from checks.leakage.source_rules.vocabulary import vocabulary

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

SCALERS = vocabulary(
    "MinMaxScaler StandardScaler RobustScaler MaxAbsScaler QuantileTransformer PowerTransformer",
    "SimpleImputer Imputer KNNImputer IterativeImputer PCA IncrementalPCA KernelPCA SparsePCA",
    "FastICA TruncatedSVD NMF FactorAnalysis UMAP Isomap KBinsDiscretizer TargetEncoder",
    "ColumnTransformer SplineTransformer Nystroem LinearDiscriminantAnalysis",
)
SELECTORS = vocabulary(
    "SelectKBest SelectPercentile SelectFromModel SelectFwe SelectFpr SelectFdr RFE RFECV",
    "SequentialFeatureSelector GenericUnivariateSelect BorutaPy BorutaShap VarianceThreshold",
)
_HARMLESS = vocabulary(
    "LabelEncoder OneHotEncoder OrdinalEncoder LabelBinarizer MultiLabelBinarizer",
    "PolynomialFeatures Normalizer Binarizer FunctionTransformer CountVectorizer",
    "TfidfVectorizer TfidfTransformer HashingVectorizer Tokenizer TSNE MDS KMeans DBSCAN",
)
_PIPELINES = frozenset({"Pipeline", "make_pipeline", "ImbPipeline"})
_SCALER_WORDS = vocabulary(
    "scaler scalers imputer pca normalizer sc mms minmax standardizer selector",
)


@function("make_pipeline", "make_column_transformer", "make_column_selector")
def _made(call: Call, _run: Run) -> Value:
    name = "Pipeline" if call.name == "make_pipeline" else "ColumnTransformer"
    return Value(thing=Estimator(name, call.line, call.args, dict(call.keywords)))


def _fitted(call: Call) -> Estimator | None:
    """What is fitted: the receiver, or one that its name shows to be a scaler."""
    thing = call.on.thing
    if isinstance(thing, Estimator):
        return thing
    assert isinstance(call.node.func, ast.Attribute)
    inner = call.node.func.value
    name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
    if isinstance(inner, ast.Subscript):
        name = getattr(inner.value, "id", getattr(inner.value, "attr", ""))
    if thing is None and words(name) & _SCALER_WORDS:
        return Estimator(name, call.line)
    return None


def _prepares(name: str) -> str | None:
    if name in SELECTORS:
        return "selection"
    if name in SCALERS or words(name) & _SCALER_WORDS:
        return "fit before split"
    return None


def _whole(value: Value) -> bool:
    return bool(value.origins) and value.part is None and "window" not in value.traits


def _fit_preparation(estimator: Estimator, data: Value, call: Call, run: Run, kind: str) -> None:
    estimator.fitted_on = data.origins
    if not _whole(data):
        estimator.marks = frozenset()
        test = data.part == "test" and call.name == "fit_transform" and "folds" not in data.traits
        if test and not is_label(_argument_name(call)):
            sentence = f"{estimator.name} is fitted on test rows, whose own future sets its scale"
            run.trace.findings.add(Finding(call.line, "fit on test rows", sentence, False))
        return
    verb = "chooses features from" if kind == "selection" else "is fitted on"
    what = f"{estimator.name} {verb} all rows"
    estimator.marks = frozenset({run.mark(kind, call.line, what)})


def _argument_name(call: Call) -> str:
    names = [n.id for n in ast.walk(call.node) if isinstance(n, ast.Name)]
    return " ".join(names)


@method("fit")
def _fit(call: Call, run: Run) -> Value | None:
    estimator = _fitted(call)
    data = call.given(0, "X", "x")
    if estimator is None or data is None:
        return _fit_model(call, run, None) if data is not None else None
    kind = _prepares(estimator.name)
    if estimator.name in _HARMLESS:
        return call.on
    if kind is None:
        return _fit_model(call, run, estimator)
    _fit_preparation(estimator, data, call, run, kind)
    return Value(thing=estimator)


@method("fit_transform")
def _fit_transform(call: Call, run: Run) -> Value | None:
    estimator = _fitted(call)
    data = call.given(0, "X", "x")
    if estimator is None or data is None or estimator.name in _HARMLESS:
        return None if data is None else replace(data, thing=None)
    kind = _prepares(estimator.name)
    if kind is None and estimator.name not in _PIPELINES:
        return replace(joined([data]), part=data.part)
    _fit_preparation(estimator, data, call, run, kind or "fit before split")
    _remember(call, estimator, run)
    return replace(data, thing=None, literal=UNKNOWN).marked(*estimator.marks)


def _remember(call: Call, estimator: Estimator, run: Run) -> None:
    """Give a scaler of unknown origin its name, so that `transform` finds what it was fitted on."""
    if not isinstance(call.on.thing, Estimator | Instance):
        assert isinstance(call.node.func, ast.Attribute)
        run.rebind(call.node.func.value, Value(thing=estimator))


@method("transform")
def _transform(call: Call, run: Run) -> Value | None:
    from checks.leakage.source_rules import shifting

    estimator = call.on.thing
    if not isinstance(estimator, Estimator):
        return shifting.transform(call, run)
    data = call.args[0] if call.args else None
    if data is None:
        return None
    value = replace(data, thing=None)
    if not data.origins & estimator.fitted_on:
        return value
    value = value.marked(*estimator.marks)
    if value.part is not None:
        # the rows were cut first, but what scales them was fitted on all of them
        run.trace.becomes(value, value.part)
    return value


def chosen(estimator: Estimator, run: Run) -> Marks:
    """Marks of a choice of features by what was fitted on all rows."""
    found = set()
    for mark in estimator.marks:
        what = mark.what
        if mark.kind != "selection":
            what = f"features are chosen by {estimator.name}, fitted on all rows"
        found.add(run.mark("selection", mark.line, what))
    return frozenset(found)


@method("get_support", "get_feature_names_out")
def _support(call: Call, _run: Run) -> Value | None:
    thing = call.on.thing
    return Value(marks=thing.marks) if isinstance(thing, Estimator) else None


@method("fit_resample", "fit_sample")
def _resample(call: Call, run: Run) -> Value | None:
    data = call.args[0] if call.args else None
    if data is None:
        return None
    name = call.on.thing.name if isinstance(call.on.thing, Estimator) else call.name
    values = call.args[:2]
    if _whole(data):
        mark = run.mark("resampling before split", call.line, f"{name} resamples all rows")
        values = tuple(v.marked(mark) for v in values)
    return replace(
        joined(list(values)), thing=Elements(tuple(replace(v, thing=None) for v in values))
    )


@function("mutual_info_classif", "mutual_info_regression", "f_classif", "f_regression", "chi2")
def _score_features(call: Call, run: Run) -> Value | None:
    data = call.given(0, "X")
    if data is None or not _whole(data) or len(call.args) + len(call.keywords) < 2:
        return None
    return Value(marks=frozenset({_selected(call, run, f"{call.name} ranks features by all rows")}))


@method("corr", "corrwith")
def _correlate(call: Call, run: Run) -> Value | None:
    if not _whole(call.on) or "rolling" in call.on.traits:
        return None
    return Value(
        marks=frozenset({_selected(call, run, "a correlation over all rows chooses features")})
    )


def _selected(call: Call, run: Run, what: str) -> Mark:
    return run.mark("selection", call.line, what)


@function("DMatrix", "QuantileDMatrix", "Pool")
def _matrix(call: Call, run: Run) -> Value | None:
    data, labels = call.given(0, "data"), call.given(1, "label")
    return _container(call, run, data, labels)


@function("Dataset", "TensorDataset")
def _dataset(call: Call, run: Run) -> Value | None:
    lightgbm = "lightgbm" in call.module or "lgb" in call.module
    if call.name == "Dataset" and not lightgbm:
        return None
    return _container(call, run, call.given(0, "data"), call.given(1, "label"))


def _container(call: Call, run: Run, data: Value | None, labels: Value | None) -> Value | None:
    if data is None:
        return None
    if labels is not None and labels.origins:
        run.trace.taken(data, labels, _made_at(call, run))
    whole = joined([v for v in (data, labels) if v is not None])
    return replace(whole, part=data.part, columns={})


def _made_at(call: Call, run: Run) -> int:
    """The line at which the features that are handed over were made."""
    node = call.node_of(0, "X", "x", "data")
    while isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        node = node.value
        if isinstance(node, ast.Attribute):
            node = node.value
    if isinstance(node, ast.Name):
        return run.scope.line(node.id) or call.line
    return call.line


def _fit_model(call: Call, run: Run, estimator: Estimator | None) -> Value | None:
    data, labels = call.given(0, "X", "x"), call.given(1, "y")
    if data is None:
        return None
    if isinstance(data.thing, Elements) and labels is None:
        return None
    if "at a split" in data.traits and data.part is not None:
        run.trace.becomes(data, data.part)
    if labels is not None and (labels.origins or labels.marks):
        run.trace.taken(data, labels, _made_at(call, run))
    share = call.given(-1, "validation_split")
    if share is not None and share.literal not in (0, 0.0, None):
        run.trace.evaluated(data)
    held_out = call.given(2, "validation_data", "eval_set")
    if held_out is not None:
        for part in _flat(held_out):
            if part.part == "test":
                run.trace.becomes(part, "test")
    if estimator is None:
        return call.on
    if estimator.name in splitting.SEARCHES:
        splitting.judge_folds(
            estimator.options.get("cv"), data, estimator.line, run, estimator.name
        )
        run.trace.evaluated(data)
    if _whole(data):
        estimator.fitted_on = data.origins
        what = f"{estimator.name} is fitted on all rows, and its importances choose features"
        estimator.marks = frozenset({Mark("selection", call.line, what)})
    else:
        estimator.marks = frozenset()
    return Value(thing=estimator)


def _flat(value: Value) -> list[Value]:
    if isinstance(value.thing, Elements):
        return [inner for item in value.thing.items for inner in _flat(item)]
    return [value]
