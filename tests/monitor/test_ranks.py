"""Ranks that train one model: their differences are seen, and none waits for another."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import Result
from ml_debugger.monitor import StopTraining, TrainingMonitor
from ml_debugger.monitor.gradients import Parameters
from ml_debugger.monitor.ranks import EVERY, Follower, Ranks
from tests.monitor.live import Judge, finding, read_back


@pytest.fixture
def pair():
    store = distributed.HashStore()
    return Ranks(store, 0, 2), Ranks(store, 1, 2)


def model(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Linear(5, 3)


def reported(ranks: Ranks, count: int, loss: float, module: torch.nn.Module) -> None:
    ranks.report(count, count - 1.0, loss, 0.1, Parameters(module, None))
    ranks.publish()


def test_equal_copies_have_no_spread_and_losses_of_their_own(pair) -> None:
    first, second = pair
    reported(second, 100, 1.0, model())
    reported(first, 100, 2.0, model())
    ((step, row),) = first.compared()
    assert step == 99
    assert row == {
        "ranks_non_finite": 0.0,
        "rank_spread/train_loss": 0.5,
        "rank_spread/step_time": 0.0,
        "ranks_apart": 0.0,
        "rank_spread/weight_norm": 0.0,
    }
    assert first.compared() == []
    assert not first.notes


def test_copies_that_fall_apart_in_one_bit_are_seen(pair) -> None:
    first, second = pair
    for count, changed in ((100, 0.0), (200, 1e-8)):
        own, other = model(), model()
        with torch.no_grad():
            other.bias[1] += changed * float(other.bias[1])
            other.bias[1] = (
                torch.nextafter(other.bias[1], torch.tensor(9.0)) if changed else other.bias[1]
            )
        reported(second, count, 1.0, other)
        reported(first, count, 1.0, own)
        rows = first.compared()
    assert rows[0][1]["ranks_apart"] == 1.0
    assert rows[0][1]["rank_spread/weight_norm"] < 1e-6
    assert first.notes["ranks"].startswith(
        "rank 1 and rank 0 hold different parameters at step 199"
    )


def test_shards_that_never_were_copies_are_not_accused(pair) -> None:
    first, second = pair
    for count in (100, 200, 300):
        reported(second, count, 1.0, model(seed=count))
        reported(first, count, 1.0, model(seed=count + 1))
        ((_, row),) = first.compared()
        assert "ranks_apart" not in row
    assert not first.notes


def test_a_wrapper_that_promises_copies_is_held_to_it(pair) -> None:
    class DistributedDataParallel(torch.nn.Linear):
        pass

    first, second = pair
    reported(second, 100, 1.0, DistributedDataParallel(2, 2))
    reported(first, 100, 1.0, DistributedDataParallel(2, 2))
    assert first.compared()[0][1]["ranks_apart"] == 1.0


def test_one_rank_whose_loss_is_no_number(pair) -> None:
    first, second = pair
    reported(second, 100, math.nan, model())
    reported(first, 100, 1.0, model())
    row = first.compared()[0][1]
    assert row["ranks_non_finite"] == 1.0
    assert "rank_spread/train_loss" not in row
    assert first.notes == {"non-finite ranks": "the loss of rank 1 is no number at step 99"}


def test_a_silent_rank_is_named_and_not_waited_for(pair) -> None:
    first, _ = pair
    for count in range(100, 700, 100):
        reported(first, count, 1.0, model())
        assert first.compared() == []
    assert first.notes["silent ranks"].startswith("rank 1 did not report step")


def test_a_rank_that_is_late_is_compared_when_it_comes(pair) -> None:
    first, second = pair
    for count in (100, 200):
        reported(first, count, 1.0, model())
        first.compared()
    for count in (100, 200):
        reported(second, count, 1.0, model())
    assert [step for step, _ in first.compared()] == [99, 199]


def test_all_ranks_stop_at_one_step(pair) -> None:
    first, second = pair
    follower = Follower(second, obeys=True)
    for count in range(1, 60):
        stops = count >= 23 and first.stops(count, finding())
        follower.step(0.0, 1.0, None, None)
        assert bool(stops) is (follower.stop is not None) is (count >= 40)
    assert follower.stop == finding()


def fell_apart(run: TrainingRun) -> list[Result]:
    apart = run.curves.get("ranks_apart")
    return [finding("non-finite-loss")] if apart is not None and apart.values[-1] else []


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2
    )
    log = Path(folder) / f"log{rank}.jsonl"
    monitor = TrainingMonitor(
        "run", log=log, judging=Judge(fell_apart), overhead=1.0, stop_on="fail"
    )
    module = model()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    torch.manual_seed(rank)
    step = 0
    try:
        for step in range(5 * EVERY):
            x = torch.randn(8, 5)
            loss = (module(x) - x[:, :3]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            for parameter in module.parameters():
                if step < EVERY:
                    distributed.all_reduce(parameter.grad)
            distributed.barrier()
            optimizer.step()
            monitor.step(loss, model=module, optimizer=optimizer)
    except StopTraining as stopped:
        monitor.abort(stopped)
    (Path(folder) / f"last{rank}").write_text(str(step))
    distributed.barrier()
    distributed.destroy_process_group()


def test_two_processes_over_gloo_fall_apart_are_seen_and_stop_together(tmp_path) -> None:
    multiprocessing.spawn(work, (str(tmp_path),), nprocs=2)
    last = [int((tmp_path / f"last{rank}").read_text()) for rank in (0, 1)]
    assert last[0] == last[1]
    assert 2 * EVERY < last[0] < 4 * EVERY
    assert not (tmp_path / "log1.jsonl").exists()
    run = read_back(tmp_path / "log0.jsonl")
    assert list(run.curves["ranks_apart"].values)[:2] == [0.0, 1.0]
    assert run.finished is False
