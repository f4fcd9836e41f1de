"""A run is linked to the configuration that lies beside it."""

from ml_debugger.artifacts import TrainingConfig, TrainingRun
from ml_debugger.workspace.assembly import assemble
from ml_debugger.workspace.configuration import load

LOG = "epoch,loss,val_loss\n0,0.5,0.6\n1,0.4,0.5\n2,0.3,0.4\n"
SETTINGS = "lr: 0.1\nepochs: 3\n"


def linked(folder):
    """For each run, the configuration it is linked to."""
    assembled = assemble([folder], load(folder), configured=False)
    runs = [a for a in assembled.artifacts if isinstance(a, TrainingRun)]
    return {
        str(run.path).removeprefix(f"{folder}/"): [
            str(c.path).removeprefix(f"{folder}/")
            for c in assembled.links.linked(run, TrainingConfig)
        ]
        for run in runs
    }


def test_each_version_of_lightning_has_its_own(write, tmp_path) -> None:
    for version in (0, 1):
        write(f"lightning_logs/version_{version}/metrics.csv", LOG)
        write(f"lightning_logs/version_{version}/hparams.yaml", SETTINGS)
    assert linked(tmp_path) == {
        f"lightning_logs/version_{v}/metrics.csv": [f"lightning_logs/version_{v}/hparams.yaml"]
        for v in (0, 1)
    }


def test_what_hydra_hides_is_found(write, tmp_path) -> None:
    write("outputs/a/.hydra/config.yaml", "optimizer: {name: adam, lr: 0.1}\nepochs: 3\n")
    write("outputs/a/.hydra/hydra.yaml", "hydra: {job: {lr: 0.1, epochs: 3}}\n")
    write("outputs/a/metrics.csv", LOG)
    assert linked(tmp_path) == {"outputs/a/metrics.csv": ["outputs/a/.hydra/config.yaml"]}


def test_a_trial_of_ray_is_one_run_with_its_parameters(write, tmp_path) -> None:
    rows = [f'{{"loss": {1 / n}, "training_iteration": {n}}}\n' for n in (1, 2, 3)]
    write("trial/result.json", "".join(rows))
    write("trial/progress.csv", "loss,training_iteration\n1.0,1\n0.5,2\n0.333333333,3\n")
    write("trial/params.json", '{"lr": 0.1, "batch_size": 8}')
    assert list(linked(tmp_path).values()) == [["trial/params.json"]]


def test_an_mlflow_run_brings_its_parameters(write, tmp_path) -> None:
    write("mlruns/0/abc/meta.yaml", "run_id: abc\nstatus: 3\n")
    write("mlruns/0/abc/metrics/loss", "1700000000000 0.5 0\n1700000001000 0.4 1\n")
    write("mlruns/0/abc/params/learning_rate", "0.01")
    assert linked(tmp_path) == {"mlruns/0/abc": ["mlruns/0/abc"]}
