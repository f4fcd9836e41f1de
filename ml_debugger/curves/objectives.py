"""Losses that are not expected to fall: games, rewards, and objectives that change under way."""

from __future__ import annotations

import re

from ml_debugger.artifacts import TrainingRun

_WORDS = re.compile(r"[a-z]+|\d+")
_GAME = frozenset(
    {"generator", "discriminator", "critic", "actor", "policy", "adversarial", "gan", "reward",
     "rewards", "entropy_loss", "episode", "episodes", "td", "wasserstein", "fid"}
)  # fmt: skip
_PAIRS = (("g_loss", "d_loss"), ("loss_g", "loss_d"), ("gen_loss", "disc_loss"))
_SCHEDULED = frozenset(
    {"beta", "curriculum", "difficulty", "teacher", "forcing", "anneal", "annealing", "lambda"}
)
_SCHEDULED_NAMES = frozenset(
    {"kl_weight", "kld_weight", "mask_ratio", "seq_len", "sequence_length", "noise_level", "stage"}
)


def unsteady_objective(run: TrainingRun) -> str | None:
    """Why the run's loss need not fall; None where it should.

    The loss of one side of a game (GAN) or of a policy says nothing of progress by its level
    (Goodfellow et al., "Generative Adversarial Nets", 2014; Henderson et al., "Deep
    Reinforcement Learning that Matters", 2018). A loss whose weights or data follow a plan of
    their own may rise while all is well (Bengio et al., "Curriculum Learning", 2009). Told by
    the names of the logged quantities.
    """
    names = {name.lower().removeprefix("train_").removeprefix("val_") for name in run.curves}
    originals = {curve.original.lower() for curve in run.curves.values()}
    for name in sorted(names | originals):
        found = _GAME.intersection(_WORDS.findall(name))
        if found:
            return f"the log speaks of a {sorted(found)[0]}: such a loss need not fall"
    if any(set(pair) <= {re.sub(r"\W+", "_", n) for n in names | originals} for pair in _PAIRS):
        return "the log holds the losses of two players: such losses need not fall"
    for name, curve in run.curves.items():
        words = set(_WORDS.findall(name.lower()))
        if (words & _SCHEDULED or name.lower() in _SCHEDULED_NAMES) and len(set(curve.values)) > 1:
            return f"the objective changes in the course of the run ({curve.original})"
    return None
