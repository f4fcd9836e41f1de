"""Calls: of functions and classes of the source, of libraries, and of what is not known."""

from __future__ import annotations

import ast
import builtins
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules import choosing
from checks.leakage.source_rules.calls import FUNCTIONS, METHODS, Call
from checks.leakage.source_rules.things import (
    Class,
    Elements,
    Entries,
    Estimator,
    Function,
    Instance,
    Module,
)
from checks.leakage.source_rules.values import NOTHING, Value, joined
from checks.leakage.source_rules.vocabulary import vocabulary

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

_DATA_CLASSES = vocabulary(
    "DataFrame Series Index DatetimeIndex LazyFrame Tensor FloatTensor LongTensor Variable",
    "TensorDataset Subset MultiIndex Categorical Dataset",
)
_NUMBERS = vocabulary(
    "len int float round bool str isinstance type hasattr getattr id hash print abs_path exists",
    "time now strftime strptime join format mean_squared_error mean_absolute_error r2_score",
    "sqrt_mse accuracy_score f1_score roc_auc_score precision_score recall_score",
    "classification_report confusion_matrix mean_absolute_percentage_error show plot scatter",
    "figure subplots subplot legend title xlabel ylabel savefig hist barplot heatmap lineplot",
    "pairplot boxplot head_print describe info nunique adfuller kpss acf pacf plot_acf",
    "plot_pacf summary",
)


_LIBRARIES = vocabulary(
    "numpy pandas polars torch tensorflow keras jax cupy cudf dask xarray sklearn scipy"
)


def call(node: ast.Call, run: Run) -> Value:
    called = node.func
    receiver: Value | None = None
    module = ""
    if isinstance(called, ast.Attribute):
        name = called.attr
        receiver = run.evaluate(called.value)
        if isinstance(receiver.thing, Module):
            module, receiver = receiver.thing.name, None
        elif isinstance(receiver.thing, Instance):
            return _of_own(node, run.evaluate(called), run, receiver, name)
    else:
        held = run.evaluate(called)
        name = called.id if isinstance(called, ast.Name) else ""
        if isinstance(held.thing, Module):
            module, _, name = held.thing.name.rpartition(".")
        elif isinstance(held.thing, Function | Class):
            return _of_own(node, held, run, None, name)
    args, keywords = _arguments(node, run)
    call = Call(node, name, module, receiver, args, keywords)
    table = FUNCTIONS if receiver is None else METHODS
    handler = table.get(name)
    value = handler(call, run) if handler is not None else None
    if value is not None:
        return value
    return _unknown(call, run)


def _arguments(node: ast.Call, run: Run) -> tuple[tuple[Value, ...], dict[str, Value]]:
    args: list[Value] = []
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            held = run.evaluate(argument.value)
            args.extend(held.thing.items if isinstance(held.thing, Elements) else (held,))
        else:
            args.append(run.evaluate(argument))
    keywords = {}
    for keyword in node.keywords:
        held = run.evaluate(keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = held
        elif isinstance(held.thing, Entries):
            keywords.update({k: v for k, v in held.thing.items.items() if isinstance(k, str)})
        else:
            keywords["**"] = held
    return tuple(args), keywords


def _of_own(node: ast.Call, held: Value, run: Run, receiver: Value | None, name: str) -> Value:
    args, keywords = _arguments(node, run)
    if isinstance(held.thing, Function):
        return run.call(held.thing, args, keywords, node.args)
    if isinstance(held.thing, Class):
        return run.make(held.thing, args, keywords)
    call = Call(node, name, "", receiver, args, keywords)
    handler = METHODS.get(name)
    value = handler(call, run) if handler is not None else None
    return value if value is not None else call.everything()


def _unknown(call: Call, run: Run) -> Value:
    """A call whose meaning is not known: data go through it, and it may choose columns."""
    whole = with_functions(call, run)
    if call.name in _NUMBERS:
        return NOTHING
    if call.receiver is not None:
        if isinstance(call.receiver.thing, Estimator):
            return replace(joined([call.receiver, whole]), thing=call.receiver.thing)
        return whole
    if call.name[:1].isupper() and call.name not in _DATA_CLASSES:
        made = Estimator(call.name, call.line, call.args, dict(call.keywords))
        return replace(whole, thing=made, columns={})
    if call.name == "DataFrame" and not call.args:
        return whole
    if not whole.origins and not whole.marks:
        reads = not call.module.startswith(("math", "os", "random", "datetime", "time", "re."))
        return run.fresh() if reads else NOTHING
    built_in = not call.module and hasattr(builtins, call.name)
    if built_in or call.module.split(".", 1)[0] in _LIBRARIES or call.name in _DATA_CLASSES:
        return whole
    return choosing.unresolved(whole)


def with_functions(call: Call, run: Run) -> Value:
    """What a call of unknown meaning gives, where functions are among its arguments."""
    on = call.receiver
    results = [call.everything()]
    for argument in (*call.args, *call.keywords.values()):
        if isinstance(argument.thing, Function):
            data = [on] if on is not None else [a for a in call.args if a.origins]
            given = joined(data) if data else NOTHING
            if on is not None:
                given = replace(given, traits=given.traits | (on.traits & {"by time"}))
                if "rolling" in on.traits or call.name in ("rolling", "expanding"):
                    given = given.having("window")
                if call.says("axis", 1):
                    given = given.having("window")
            results.append(run.call(argument.thing, [given] if data else []))
    return joined(results) if len(results) > 1 else results[0]
