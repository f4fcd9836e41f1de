"""What the trainers of public libraries print, read as a person reads it."""

import pytest

TRANSFORMERS = (
    "  0%|          | 0/20 [00:00<?, ?it/s]\r 25%|##5       | 5/20 [00:01<00:03, 4.9it/s]\n"
    "{'loss': 0.9, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': 0.5}\n"
    " 50%|#####     | 10/20 [00:02<00:02, 5.0it/s]\n"
    "{'loss': 0.8, 'grad_norm': 1.25, 'learning_rate': 2.5e-05, 'epoch': 1.0}\n"
    "{'eval_loss': 0.7, 'eval_runtime': 1.5, 'eval_samples_per_second': 66.7, 'epoch': 1.0}\n"
    "{'train_runtime': 9.9, 'train_samples_per_second': 20.0, 'train_loss': 0.85, 'epoch': 1.0}\n"
)
IMAGENET = (
    "Epoch: [0][  10/100]\tTime  0.250 ( 0.300)\tData  0.010 ( 0.020)\t"
    "Loss 6.9e+00 (6.95e+00)\tAcc@1   1.00 (  0.50)\tAcc@5   4.00 (  3.00)\n"
    "Epoch: [0][  20/100]\tTime  0.260 ( 0.300)\tData  0.010 ( 0.020)\t"
    "Loss 6.8e+00 (6.90e+00)\tAcc@1   2.00 (  0.90)\tAcc@5   5.00 (  4.00)\n"
    "Test: [ 0/10]\tTime  1.200 ( 1.200)\tLoss 5.0e+00 (5.0e+00)\tAcc@1  10.00 ( 10.00)\n"
    "Test: [ 9/10]\tTime  0.200 ( 0.300)\tLoss 7.0e+00 (5.5e+00)\tAcc@1   8.00 ( 12.00)\n"
    " *   Acc@1 12.000 Acc@5 30.000\n"
    "Epoch: [1][  10/100]\tTime  0.250 ( 0.300)\tData  0.010 ( 0.020)\t"
    "Loss 6.0e+00 (6.10e+00)\tAcc@1   5.00 (  4.50)\tAcc@5   9.00 (  8.00)\n"
    "Test: [ 9/10]\tTime  0.200 ( 0.300)\tLoss 6.5e+00 (5.25e+00)\tAcc@1   9.00 ( 13.00)\n"
)
KERAS_3 = (
    "Epoch 1/2\n\x1b[1m 1/50\x1b[0m \x1b[37m━━━━━━━━━━\x1b[0m \x1b[1m9s\x1b[0m 190ms/step - "
    "loss: 0.9\r"
    "\x1b[1m50/50\x1b[0m \x1b[32m━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 2ms/step - loss: 0.6 - "
    "val_loss: 0.7"
    " - learning_rate: 0.0010\nEpoch 2/2\n"
    "\x1b[1m50/50\x1b[0m \x1b[32m━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 2ms/step - loss: 0.5 - "
    "val_loss: 0.65"
    " - learning_rate: 0.0010\n"
)
STABLE_BASELINES = "".join(
    "-----------------------------------------\n"
    "| rollout/                |             |\n"
    f"|    ep_rew_mean          | {i}.5        |\n"
    "| time/                   |             |\n"
    f"|    iterations           | {i}           |\n"
    f"|    total_timesteps      | {i}000        |\n"
    "| train/                  |             |\n"
    "|    learning_rate        | 0.0003      |\n"
    f"|    loss                 | 0.{i}         |\n"
    f"|    value_loss           | 5{i}          |\n"
    "-----------------------------------------\n"
    for i in (2, 4, 6)
)
MMDETECTION = (
    "2024-03-01 10:00:00,000 - mmdet - INFO - Epoch [1][50/200]\tlr: 1.0e-03, eta: 1 day, 0:11:12, "
    "time: 0.594, data_time: 0.050, memory: 3883, loss_cls: 0.5000, acc: 90.1, loss: 1.2300\n"
    "2024-03-01 10:00:30,000 - mmdet - INFO - Epoch [1][100/200]\tlr: 2.0e-03, eta: 23:11:12, "
    "time: 0.500, data_time: 0.010, memory: 3883, loss_cls: 0.4000, acc: 91.1, loss: 1.1300\n"
)
DETECTRON = (
    "[03/01 10:00:00 d2.utils.events]:  eta: 1:00:00  iter: 19  total_loss: 4.1  loss_cls: 3.1  "
    "time: 0.50  last_time: 0.6  data_time: 0.01  lr: 2e-05  max_mem: 3000M\n"
    "[03/01 10:00:10 d2.utils.events]:  eta: 0:59:00  iter: 39  total_loss: 3.9  loss_cls: 2.9  "
    "time: 0.51  last_time: 0.6  data_time: 0.01  lr: 4e-05  max_mem: 3000M\n"
)
FAIRSEQ = (
    "2024-03-01 10:00:00 | INFO | train_inner | epoch 001:    100 / 400 loss=9.1, nll_loss=8.9, "
    "ppl=480.5, wps=900.1, ups=2.1, num_updates=100, lr=1e-05, gnorm=2.1, loss_scale=128\n"
    "2024-03-01 10:01:00 | INFO | train_inner | epoch 001:    200 / 400 loss=8.1, nll_loss=7.9, "
    "ppl=280.5, wps=900.1, ups=2.1, num_updates=200, lr=2e-05, gnorm=1.9, loss_scale=128\n"
    "2024-03-01 10:02:00 | INFO | fairseq.trainer | NOTE: gradient overflow detected, ignoring "
    "gradient, setting loss scale to: 64.0\n"
    "2024-03-01 10:03:00 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 7.5 | "
    "nll_loss 7.2 | ppl 150.1 | wps 900 | num_updates 400 | best_loss 7.5\n"
)
MEGATRON = (
    " iteration      100/    1000 | consumed samples:          800 | elapsed time per "
    "iteration (ms):"
    " 250.0 | learning rate: 1.500E-04 | global batch size:     8 | lm loss: 9.100000E+00 | "
    "loss scale: 4294967296.0 | grad norm: 1.250 | number of skipped iterations:   0 | "
    "number of nan iterations:   0 |\n"
    " iteration      200/    1000 | consumed samples:         1600 | elapsed time per "
    "iteration (ms):"
    " 251.0 | learning rate: 1.400E-04 | global batch size:     8 | lm loss: 8.100000E+00 | "
    "loss scale: 4294967296.0 | grad norm: 1.150 | number of skipped iterations:   0 | "
    "number of nan iterations:   0 |\n"
)
GLUONTS = (
    "learning rate from ``lr_scheduler`` has been overwritten\n"
    "Epoch[0] Learning rate is 0.001\n"
    "100%|##########| 50/50 [00:05<00:00,  9.50it/s, epoch=1/2, avg_epoch_loss=5.2]\n"
    "Epoch[0] Elapsed time 5.263 seconds\nEpoch[0] Evaluation metric 'epoch_loss'=5.200000\n"
    "100%|##########| 50/50 [00:05<00:00,  9.50it/s, epoch=2/2, avg_epoch_loss=4.8]\n"
    "Epoch[1] Evaluation metric 'epoch_loss'=4.800000\n"
)
CAFFE = (
    "I0301 10:00:00.000000  1234 solver.cpp:228] Iteration 100, loss = 0.5\n"
    "I0301 10:00:00.100000  1234 solver.cpp:244]     Train net output #0: loss = 0.5 (* 1 = "
    "0.5 loss)\n"
    "I0301 10:00:00.200000  1234 sgd_solver.cpp:106] Iteration 100, lr = 0.01\n"
    "I0301 10:01:00.000000  1234 solver.cpp:228] Iteration 200, loss = 0.4\n"
    "I0301 10:01:00.200000  1234 sgd_solver.cpp:106] Iteration 200, lr = 0.01\n"
)
ESPNET = (
    "[host] 2024-03-01 10:00:00,000 (trainer:732) INFO: 1epoch:train:1-100batch: iter_time=0.01, "
    "forward_time=0.1, loss=50.5, acc=0.3, optim0_lr0=1e-04, train_time=0.5\n"
    "[host] 2024-03-01 10:01:00,000 (trainer:732) INFO: 1epoch:train:101-200batch: iter_time=0.01, "
    "forward_time=0.1, loss=40.5, acc=0.4, optim0_lr0=2e-04, train_time=0.5\n"
    "[host] 2024-03-01 10:02:00,000 (trainer:732) INFO: 2epoch:train:1-100batch: iter_time=0.01, "
    "forward_time=0.1, loss=30.5, acc=0.5, optim0_lr0=3e-04, train_time=0.5\n"
)
NNUNET = "".join(
    f"2024-03-01 10:0{e}:00.000000: Epoch {e}\n"
    f"2024-03-01 10:0{e}:00.100000: Current learning rate: 0.00{9 - e}\n"
    f"2024-03-01 10:0{e}:50.000000: train_loss -0.{e + 1}\n"
    f"2024-03-01 10:0{e}:50.100000: val_loss -0.{e + 2}\n"
    f"2024-03-01 10:0{e}:50.200000: Pseudo dice [0.8, 0.7]\n"
    f"2024-03-01 10:0{e}:50.300000: Epoch time: 50.2 s\n"
    for e in (0, 1, 2)
)
TIMM = (
    "Train: 0 [   0/100 (  0%)]  Loss: 6.93 (6.93)  Time: 1.200s,   53.33/s  (1.200s,   53.33/s)  "
    "LR: 1.000e-06  Data: 0.9 (0.9)\n"
    "Train: 0 [  50/100 ( 50%)]  Loss: 6.50 (6.70)  Time: 0.200s,  320.00/s  (0.220s,  290.90/s)  "
    "LR: 1.000e-06  Data: 0.1 (0.1)\n"
    "Test: [   0/9]  Time: 0.8 (0.8)  Loss:   5.5 (5.5)  Acc@1:  9.0 ( 9.0)  Acc@5: 20.0 (20.0)\n"
    "Test: [   9/9]  Time: 0.1 (0.2)  Loss:   4.5 (5.0)  Acc@1: 12.0 (10.0)  Acc@5: 20.0 (22.0)\n"
    "Train: 1 [   0/100 (  0%)]  Loss: 6.10 (6.10)  Time: 0.900s,   71.11/s  (0.900s,   71.11/s)  "
    "LR: 2.000e-04  Data: 0.7 (0.7)\n"
    "Test: [   9/9]  Time: 0.1 (0.2)  Loss:   4.2 (4.8)  Acc@1: 13.0 (11.0)  Acc@5: 21.0 (23.0)\n"
)
DEEPSPEED = (
    "[2024-03-01 10:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, "
    "lr=[0.001, 0.001], mom=[[0.9, 0.999]]\n"
    "step: 10 loss: 2.5\n"
    "[2024-03-01 10:00:10,000] [INFO] [loss_scaler.py:190] [deepspeed] OVERFLOW! Rank 0 Skipping "
    "step. Attempted loss scale: 65536, reducing to 32768\n"
    "[2024-03-01 10:00:20,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=20, skipped=1, "
    "lr=[0.0005, 0.0005], mom=[[0.9, 0.999]]\n"
    "step: 20 loss: 2.25\n"
)

SHAPES = {
    "transformers": (TRANSFORMERS, "epoch", {
        "train_loss": [(0.5, 0.9), (1, 0.8)], "val_loss": [(1, 0.7)],
        "grad_norm": [(0.5, 1.5), (1, 1.25)], "learning_rate": [(0.5, 5e-5), (1, 2.5e-5)],
    }),
    "imagenet": (IMAGENET, "epoch", {
        "train_loss": [(0.1, 6.9), (0.2, 6.8), (1.1, 6.0)], "val_loss": [(0, 5.5), (1, 5.25)],
        "step_time": [(0.1, 0.25), (0.2, 0.26), (1.1, 0.25)],
        "train_accuracy": [(0.1, 0.01), (0.2, 0.02), (1.1, 0.05)],
    }),
    "keras 3": (KERAS_3, "epoch", {
        "train_loss": [(1, 0.6), (2, 0.5)], "val_loss": [(1, 0.7), (2, 0.65)],
        "learning_rate": [(1, 0.001), (2, 0.001)], "step_time": [(1, 0.002), (2, 0.002)],
    }),
    "stable baselines": (STABLE_BASELINES, "step", {
        "train_loss": [(2000, 0.2), (4000, 0.4), (6000, 0.6)],
        "value_loss": [(2000, 52), (4000, 54), (6000, 56)],
        "learning_rate": [(2000, 3e-4), (4000, 3e-4), (6000, 3e-4)],
        "ep_rew": [(2000, 2.5), (4000, 4.5), (6000, 6.5)],
    }),
    "mmdetection": (MMDETECTION, "epoch", {
        "train_loss": [(0.25, 1.23), (0.5, 1.13)], "learning_rate": [(0.25, 1e-3), (0.5, 2e-3)],
        "step_time": [(0.25, 0.594), (0.5, 0.5)], "loss_cls": [(0.25, 0.5), (0.5, 0.4)],
        "memory": [(0.25, 3883 * 2**20), (0.5, 3883 * 2**20)],
        "train_accuracy": [(0.25, 0.901), (0.5, 0.911)],
        "timestamp": [(0.25, 1709287200), (0.5, 1709287230)],
    }),
    "detectron": (DETECTRON, "step", {
        "train_loss": [(19, 4.1), (39, 3.9)], "learning_rate": [(19, 2e-5), (39, 4e-5)],
        "memory": [(19, 3000 * 2**20), (39, 3000 * 2**20)], "step_time": [(19, 0.5), (39, 0.51)],
    }),
    "fairseq": (FAIRSEQ, "epoch", {
        "train_loss": [(0.25, 9.1), (0.5, 8.1)], "val_loss": [(1, 7.5)],
        "grad_norm": [(0.25, 2.1), (0.5, 1.9)], "loss_scale": [(0.25, 128), (0.5, 128), (0.5, 64)],
        "skipped_steps": [(0.5, 1)],
    }),
    "megatron": (MEGATRON, "step", {
        "train_loss": [(100, 9.1), (200, 8.1)], "grad_norm": [(100, 1.25), (200, 1.15)],
        "loss_scale": [(100, 2.0**32), (200, 2.0**32)], "step_time": [(100, 0.25), (200, 0.251)],
        "skipped_steps": [(100, 0), (200, 0)], "learning_rate": [(100, 1.5e-4), (200, 1.4e-4)],
    }),
    "caffe": (CAFFE, "step", {"train_loss": [(100, 0.5), (200, 0.4)],
                              "learning_rate": [(100, 0.01), (200, 0.01)]}),
    "espnet": (ESPNET, "epoch", {"train_accuracy": [(1, 0.3), (1.5, 0.4), (2, 0.5)],
                                 "train_loss": [(1, 50.5), (1.5, 40.5), (2, 30.5)]}),
    "nnunet": (NNUNET, "epoch", {
        "train_loss": [(0, -0.1), (1, -0.2), (2, -0.3)],
        "val_loss": [(0, -0.2), (1, -0.3), (2, -0.4)],
        "learning_rate": [(0, 0.009), (1, 0.008), (2, 0.007)],
    }),
    "timm": (TIMM, "epoch", {
        "train_loss": [(0, 6.93), (0.5, 6.5), (1, 6.1)], "val_loss": [(0, 5.0), (1, 4.8)],
        "learning_rate": [(0, 1e-6), (0.5, 1e-6), (1, 2e-4)],
    }),
    "deepspeed": (DEEPSPEED, "step", {
        "train_loss": [(10, 2.5), (20, 2.25)], "loss_scale": [(10, 32768)],
        "learning_rate": [(10, 0.001), (20, 0.0005)],
    }),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shape(runs_of, points, shape: str) -> None:
    text, unit, curves = SHAPES[shape]
    (run,) = runs_of(text)
    assert run.step_unit == unit
    for name, expected in curves.items():
        assert points(run, name) == [(step, pytest.approx(value)) for step, value in expected], name


def test_gluonts(runs_of, points) -> None:
    (run,) = runs_of(GLUONTS)
    assert [value for _, value in points(run, "train_loss")] == [5.2, 4.8]
    assert [value for _, value in points(run, "learning_rate")] == [0.001]
