"""Lines with several losses, and losses that are not called by that name."""

import pytest

EPOCHS = range(1, 5)


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("[Epoch {e}/4] [D loss: {a}] [G loss: {b}]", ("d_loss", "g_loss")),
        ("Epoch {e} Generator loss {a} Discriminator loss {b}",
         ("generator_loss", "discriminator_loss")),
        ("episode 1 epoch {e} actor loss: {a} critic loss: {b}", ("actor_loss", "critic_loss")),
        # time-series libraries of the Informer family
        ("Epoch: {e}, Steps: 263 | Train Loss: {a} Vali Loss: {b} Test Loss: 0.9",
         ("train_loss", "val_loss")),
        ("epoch {e} loss={a} val={b} lr=0.001", ("train_loss", "val_loss")),
        ("epoch {e} | train loss {a} | valid: {b} | 3.2s", ("train_loss", "val_loss")),
    ],
)  # fmt: skip
def test_each_loss_of_a_line_keeps_its_own_name(runs_of, form: str, names) -> None:
    (run,) = runs_of("".join(form.format(e=e, a=1 / e, b=2 / e) + "\n" for e in EPOCHS))
    for name, scale in zip(names, (1, 2), strict=True):
        assert list(run.curves[name].values) == pytest.approx([scale / e for e in EPOCHS])


@pytest.mark.parametrize("rest", ["acc 0.3 val 0.78", "val 78%", "val 3/4"])
def test_a_bare_val_that_may_be_no_loss(runs_of, rest: str) -> None:
    (run,) = runs_of("".join(f"epoch {e} loss {1 / e} {rest}\n" for e in EPOCHS))
    assert "val_loss" not in run.curves


def test_megatron_s_lm_loss_and_its_validation(runs_of) -> None:
    (run,) = runs_of(
        "".join(
            f" iteration {10 * e}/ 40 | learning rate: 1.0E-04 | lm loss: {1 / e:.6E} |\n"
            f" validation loss at iteration {10 * e} | lm loss value: {2 / e:.6E} | "
            f"lm loss PPL: {3 / e:.6E} |\n"
            for e in EPOCHS
        )
    )
    assert list(run.curves["train_loss"].values) == pytest.approx([1 / e for e in EPOCHS])
    assert list(run.curves["val_loss"].values) == pytest.approx([2 / e for e in EPOCHS], rel=1e-5)
    assert list(run.curves["val_loss"].steps) == [10, 20, 30, 40]


@pytest.mark.parametrize("heading", ["===== Fold {}/3 =====", "Fold {} of 3", "--- fold: {} ---"])
def test_folds_are_called_by_their_number(runs_of, heading: str) -> None:
    text = "".join(
        heading.format(fold) + "\n" + "".join(f"epoch {e} loss {fold / e}\n" for e in EPOCHS)
        for fold in (1, 2, 3)
    )
    assert [run.segment for run in runs_of(text)] == ["fold 1", "fold 2", "fold 3"]
