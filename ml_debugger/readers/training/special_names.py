"""The names that logs give to the quantities which every training run has.

`special` finds the canonical name of a learning rate, a gradient norm, a loss scale and so on,
whatever the script calls it. The spellings are those of the loggers of PyTorch Lightning,
Transformers, DeepSpeed, Megatron, fairseq, Keras, Ultralytics, OpenMMLab, detectron2 and of
scripts seen in public logs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALIASES: dict[str, tuple[str, ...]] = {
    "grad_norm": (
        *("grad_norm", "gradnorm", "gnorm", "gradient_norm", "grads_norm", "gradients_norm"),
        *("grad_norm_total", "total_grad_norm", "total_norm", "global_norm", "norm"),
        *("global_grad_norm", "grad_global_norm", "global_gradient_norm", "grad_l2"),
        *("grad_l2_norm", "norm_grad", "norm_of_gradients", "norm_of_gradient", "grad_total_norm"),
    ),
    "loss_scale": (
        *("loss_scale", "scale", "grad_scale", "amp_scale", "scaler", "loss_scaler", "grad_scaler"),
        *("scaler_scale", "grad_scaler_scale", "gradscaler", "gradscaler_scale", "fp16_scale"),
        *("amp_loss_scale", "fp16_loss_scale", "dynamic_loss_scale", "amp_grad_scale"),
    ),
    "skipped_steps": (
        *("skipped_steps", "skipped", "skipped_iterations", "skip_steps", "steps_skipped"),
        *("num_skipped", "overflow_steps", "skipped_updates", "amp_skipped", "num_skipped_steps"),
        *("number_of_skipped_iterations", "skipped_iters"),
    ),
    "clipped_share": (
        *("clipped_share", "share_clipped", "clipped_frac", "clipped_fraction", "frac_clipped"),
        *("grad_clip_frac", "grad_clip_fraction", "grad_clipped", "grad_clip_rate", "pct_clipped"),
        *("grad_clip_ratio", "clipped_ratio", "clipped_pct", "clipped_grad_share"),
    ),
    "update_ratio": (
        *("update_ratio", "update_to_weight_ratio", "update_to_weight", "update_weight_ratio"),
        *("update_data_ratio", "ud_ratio", "upd_ratio", "update_norm_ratio", "relative_update"),
        *("update_param_ratio", "update_to_param_ratio", "ratio_update_weight", "uw_ratio"),
    ),
    "weight_norm": (
        *("weight_norm", "weights_norm", "param_norm", "params_norm", "parameter_norm"),
        *("parameters_norm", "w_norm", "pnorm", "model_norm", "total_weight_norm", "wnorm"),
        *("weight_l2", "weight_l2_norm", "norm_of_weights", "norm_weights"),
    ),
    "directional_accuracy": (
        *("directional_accuracy", "direction_accuracy", "dir_accuracy", "dir_acc", "diracc", "da"),
        *("directional_acc", "direction_acc", "dacc", "hit_rate", "hitrate", "hit_ratio", "mda"),
        *("sign_accuracy", "sign_acc", "sign_agreement", "sign_match", "correct_sign"),
        *("mean_directional_accuracy", "correct_direction", "pct_correct_direction"),
        *("directional_hit_rate", "accuracy_directional", "acc_dir", "updown_acc", "sign_hit_rate"),
    ),
    "prediction_std": (
        *("prediction_std", "predictions_std", "pred_std", "preds_std", "std_pred", "std_preds"),
        *("std_prediction", "std_predictions", "std_of_predictions", "std_of_prediction"),
        *("y_pred_std", "y_hat_std", "yhat_std", "std_y_hat", "std_yhat", "std_y_pred"),
        *("output_std", "outputs_std", "pred_stddev", "pred_sd", "pred_spread", "forecast_std"),
        *("prediction_spread", "std_of_outputs", "sigma_pred", "std_forecast", "pred_sigma"),
    ),
    "share_positive": (
        *("share_positive", "positive_share", "pos_frac", "frac_pos", "frac_positive", "pos_share"),
        *("fraction_positive", "positive_fraction", "positive_frac", "pct_positive", "pct_pos"),
        *("positive_pct", "pos_pct", "percent_positive", "positive_ratio", "pos_ratio", "pos_rate"),
        *("share_pos", "pred_pos_frac", "pred_positive_rate", "pred_pos_rate", "preds_positive"),
        *("share_of_positive", "pred_positive", "share_up", "frac_up", "pct_up", "share_long"),
        *("share_of_positive_predictions", "positive_predictions", "predicted_positive"),
        *("pred_pos", "pred_frac_positive", "pred_positive_frac", "pred_share_positive"),
    ),
    "step_time": (
        *("step_time", "time_per_step", "batch_time", "seconds_per_step", "sec_per_step", "s_it"),
        *("s_per_it", "iter_time", "iteration_time", "time_per_iter", "time_per_iteration"),
        *("time_per_batch", "ms_batch", "ms_step", "ms_it", "ms_iter", "ms_per_step", "step_ms"),
        *("ms_per_batch", "ms_per_iter", "step_time_ms", "step_time_s", "iter_time_ms", "s_step"),
        *("sec_step", "sec_batch", "s_batch", "s_iter", "sec_per_batch", "step_duration"),
        *("step_duration_ms", "iteration_time_ms", "batch_time_ms", "step_time_sec", "sec_it"),
        *("elapsed_time_per_iteration_ms", "elapsed_time_per_iteration", "train_step_time"),
        *("sec_per_iter", "sec_iter", "time_step", "us_step", "step_seconds", "step_time_seconds"),
        *("it_s", "it_sec", "its_per_sec", "steps_per_sec", "steps_per_second", "steps_s"),
        *("global_step_sec", "iterations_per_second", "step_sec", "batches_per_sec"),
        *("iters_per_sec", "batches_per_second", "it_per_sec", "steps_sec"),
        *("batch_sec", "batches_sec", "iters_sec"),
    ),
    "timestamp": ("timestamp", "time_stamp", "unix_time", "wall_time", "walltime", "epoch_seconds"),
    "memory": (
        *("memory", "mem", "gpu_mem", "gpu_memory", "max_mem", "max_memory", "memory_allocated"),
        *("mem_allocated", "memory_mb", "mem_mb", "mem_gb", "memory_gb", "gpu_mem_gb"),
        *("gpu_mem_mb", "gpu_memory_gb", "gpu_memory_mb", "peak_memory", "peak_mem"),
        *("peak_memory_gb", "rss"),
        *("peak_memory_mb", "peak_mem_gb", "peak_mem_mb", "cuda_memory", "cuda_mem", "max_mem_gb"),
        *("max_memory_allocated", "gpu_memory_allocated", "memory_mib", "mem_mib", "memory_gib"),
        *("gpu_mem_mib", "gpu_mem_gib", "memory_bytes", "gpu_memory_bytes", "max_mem_mb"),
        *("gpu_ram", "vram", "vram_gb", "vram_mb", "memory_used", "mem_used"),
        *("gpu_mem_used", "max_memory_mb"),
    ),
    "target_std": ("target_std", "targets_std", "label_std", "labels_std", "y_std", "true_std",
                   "y_true_std", "std_target", "std_true", "std_of_targets"),
}  # fmt: skip
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}

WORDS = frozenset(word for alias in _CANONICAL for word in alias.split("_") if not word.isdigit())
"""All words that such names are made of."""

INVERSE = frozenset(
    {
        *("it_s", "it_sec", "its_per_sec", "steps_per_sec", "steps_per_second", "steps_s"),
        *("global_step_sec", "iterations_per_second", "step_sec", "batches_per_sec"),
        *("iters_per_sec", "batches_per_second", "it_per_sec", "steps_sec", "batch_sec"),
        *("batches_sec", "iters_sec"),
    }
)
"""Names of rates, whose inverse is the time of a step."""

# what says where a norm was taken or by whom it was logged, and no layer
_GENERAL = frozenset(
    {
        *("train", "training", "trainer", "optim", "optimizer", "opt", "total", "global", "avg"),
        *("mean", "average", "step", "epoch", "model", "before", "unclipped", "raw", "l2", "all"),
        *("metrics", "stats", "debug", "overall", "charts", "preclip", "pre", "norm", "batch"),
        *("log", "losses", "iter", "2", "monitor", "clip", "per", "current", "info", "network"),
    }
)
_NO_LAYER = frozenset(
    {
        *("scale", "scaler", "clipped", "after", "post", "max", "min", "std", "var", "nan", "inf"),
        *("overflow", "accum", "accumulation", "steps", "hist", "histogram", "ratio", "penalty"),
        *("threshold", "norms", "median", "p50", "p90", "p95", "p99", "count", "loss", "time"),
        *("cos", "cosine", "noise", "variance", "sim", "similarity", "snr", "zero", "value"),
    }
)
_LEFT_GRADIENT = re.compile(
    r"^(?:.*/)?grad(?:ient)?s?[_\-./]?(?:2(?:\.0)?[_\-])?(?:l2[_\-])?norms?(?:[/.:_\-]|\s)(?P<layer>.+)$",
    re.IGNORECASE,
)
_GRADIENT_OF = re.compile(
    r"^grad(?:ient)?s?[/.:](?P<layer>.+?)(?:[/._\-]?(?:l2)?norm)?$", re.IGNORECASE
)
_RIGHT_GRADIENT = re.compile(
    r"^(?P<layer>.+?)[/._\-\s](?:grad(?:ient)?[/._\-\s]?norm|gnorm)$", re.IGNORECASE
)
_DEAD = re.compile(
    r"^(?:(?P<before>.+?)[/._\-])?dead(?:[_\- ](?:relu|unit|neuron)s?)?"
    r"(?:[_\- ](?:share|frac|fraction|ratio|pct|percent|rate))?(?:[/.:](?P<after>.+))?$",
    re.IGNORECASE,
)
_NO_RATE = frozenset(
    {
        *("decay", "momentum", "min", "max", "base", "initial", "init", "factor", "schedule"),
        *("warmup", "weight", "finder", "mult", "patience", "scheduler", "gamma", "final", "eta"),
        *("loss", "policy", "multiplier", "ratio", "lrs", "start", "end", "peak", "target"),
    }
)
_RATE_OWNERS = frozenset(
    {
        *("adam", "adamw", "sgd", "rmsprop", "adagrad", "adamax", "nadam", "radam", "lamb", "lion"),
        *("optim", "optimizer", "opt", "train", "training", "current", "cur", "charts", "group"),
        *("of", "step", "epoch", "metrics", "trainer", "the", "new", "param", "params", "avg"),
        *("learning", "schedule", "val", "valid", "info", "adafactor", "muon", "lr", "w", "x"),
    }
)


def special(original: str, parts: Sequence[str], rest: Sequence[str]) -> tuple[str, bool] | None:
    """The canonical name of such a quantity and whether it is that of the whole model.

    `parts` are all words of the name, `rest` those without the word for train or validation.
    """
    percent = ("pct_" + "_".join(parts),) if "%" in original else ()
    for joined in ("_".join(parts), "_".join(rest), *percent):
        if joined in _CANONICAL:
            return _CANONICAL[joined], True
    return _rate(parts) or _gradient(original) or _dead(original)


def _rate(parts: Sequence[str]) -> tuple[str, bool] | None:
    joined = "_".join(parts)
    numbered = [word for word in parts if re.fullmatch(r"lr\d+", word)]
    said = "lr" in parts or "learningrate" in parts or "learning_rate" in joined
    if not (said or numbered):
        return None
    if not _NO_RATE.isdisjoint(parts):
        return None
    owned = [
        word
        for word in parts
        if word not in _RATE_OWNERS
        and word not in ("rate", "learningrate")
        and word not in numbered
    ]
    owned += [word[2:] for word in numbered]
    if len(owned) > 3:
        return None
    return (f"learning_rate/{'_'.join(owned)}", False) if owned else ("learning_rate", True)


def _gradient(original: str) -> tuple[str, bool] | None:
    lower = original.lower()
    if "grad" not in lower and "gnorm" not in lower:
        return None
    for pattern in (_LEFT_GRADIENT, _RIGHT_GRADIENT, _GRADIENT_OF):
        found = pattern.match(original.strip())
        if found is None:
            continue
        layer = found.group("layer").strip(" /._-:")
        told = {word for word in re.split(r"[\W_]+", layer.lower()) if word}
        if not told or not told.isdisjoint(_NO_LAYER):
            return None
        if told <= _GENERAL:
            return "grad_norm", True
        return f"grad_norm/{layer}", False
    return None


def _dead(original: str) -> tuple[str, bool] | None:
    found = _DEAD.match(original.strip()) if "dead" in original.lower() else None
    if found is None:
        return None
    layer = found.group("after") or found.group("before") or "all"
    if layer.lower() in ("train", "val", "model", "stats", "debug"):
        layer = "all"
    return f"dead_share/{layer}", False
