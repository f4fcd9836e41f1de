"""Centred windows and filters over the whole series: each value is made of later ones too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.values import Value
from checks.leakage.source_rules.vocabulary import vocabulary

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

KIND = "centred window"


_POLARS = vocabulary(
    "rolling_mean rolling_std rolling_var rolling_sum rolling_min rolling_max rolling_median",
    "rolling_quantile rolling_skew rolling_kurtosis rolling_map",
)


@method("rolling", *sorted(_POLARS))
def _rolling(call: Call, run: Run) -> Value:
    on = replace(call.on, thing=None).having("rolling")
    if call.says("center", True):
        what = f"{call.name}(center=True) averages over later rows"
        return on.marked(run.mark(KIND, call.line, what, ahead=True))
    return on


@method("expanding", "ewm", "cumsum", "cummax", "cummin", "cumprod")
def _causal(call: Call, _run: Run) -> Value:
    return replace(call.on, thing=None).having("rolling")


_FILTERS = vocabulary(
    "savgol_filter filtfilt sosfiltfilt gaussian_filter1d gaussian_filter uniform_filter1d",
    "medfilt wiener lowess hpfilter bkfilter cffilter wavedec waverec dwt idwt swt",
    "denoise_wavelet STL EMD EEMD CEEMDAN UnivariateSpline hilbert detrend fft rfft ifft irfft",
)


@function(*sorted(_FILTERS))
def _filter(call: Call, run: Run) -> Value | None:
    data = [a for a in call.args if a.origins]
    if not data or any(a.part is not None or "window" in a.traits for a in data):
        return None
    if any(m.kind == KIND for a in data for m in a.all_marks):
        return None
    if call.name == "wiener" and "signal" not in call.module:
        return None
    what = f"{call.name} over the whole series uses later rows for each"
    whole = call.everything()
    return replace(whole, thing=None).marked(run.mark(KIND, call.line, what))


@function("seasonal_decompose")
def _decompose(call: Call, run: Run) -> Value | None:
    if call.says("two_sided", False) or not call.args or call.args[0].part is not None:
        return None
    what = "seasonal_decompose averages over later rows (two_sided is its default)"
    return replace(call.args[0], thing=None).marked(run.mark(KIND, call.line, what))


@function("convolve", "convolve1d", "fftconvolve", "correlate")
def _convolve(call: Call, run: Run) -> Value | None:
    if not call.says("mode", "same", 2) or not call.args[0].origins:
        return None
    if call.args[0].part is not None or "window" in call.args[0].traits:
        return None
    what = f"{call.name} with mode='same' averages over later rows"
    return call.args[0].flat().marked(run.mark(KIND, call.line, what, ahead=True))
