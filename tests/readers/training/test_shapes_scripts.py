"""What training scripts print, in the shapes that public repositories show."""

import math

import pytest

L, V, LR, G = "train_loss", "val_loss", "learning_rate", "grad_norm"
TWO = [(1, 0.5), (2, 0.4)]
TWO_V = [(1, 0.6), (2, 0.7)]
ZERO = [(0, 0.5), (1, 0.4)]


def lines(form: str, *rows: tuple[object, ...]) -> str:
    """One line for each row of values."""
    return "".join(form.format(*row) + "\n" for row in rows)


A, B = (1, 0.5, 0.6), (2, 0.4, 0.7)
STEPS = ((100, 0.5, 0.6), (200, 0.4, 0.7))
HUNDREDS, HUNDREDS_V = [(100, 0.5), (200, 0.4)], [(100, 0.6), (200, 0.7)]

SHAPES = {
    # key=value, key: value, separators
    "key=value": (lines("epoch={} train_loss={} val_loss={}", A, B), {L: TWO, V: TWO_V}),
    "key: value": (lines("epoch: {}, train_loss: {}, val_loss: {}", A, B), {L: TWO, V: TWO_V}),
    "dashes": (lines("Epoch {}/2 - loss: {} - val_loss: {}", A, B), {L: TWO, V: TWO_V}),
    "pipes": (lines("Epoch {:03d} | Train Loss {:.4f} | Val Loss {:.4f}", A, B),
         {L: TWO, V: TWO_V}),
    "tabs": (lines("Epoch: {}\tTrain loss: {}\tValid loss: {}", A, B), {L: TWO, V: TWO_V}),
    "brackets": (lines("[Epoch {}/2] train loss = {}, valid loss = {}", A, B), {L: TWO, V: TWO_V}),
    "brackets 2": (lines("[{0:>4}/   2] loss: {1}  val_loss: {2}", A, B), {L: TWO, V: TWO_V}),
    "of": (lines("Epoch {} of 2: training loss {} validation loss {}", A, B), {L: TWO, V: TWO_V}),
    "arrows": (lines("epoch {} => loss {} | val => loss {}", A, B), {L: TWO, V: TWO_V}),
    "camel": (lines("epoch {} trainLoss={} valLoss={}", A, B), {L: TWO, V: TWO_V}),
    "dotted": (lines("epoch {}: train.loss={} val.loss={}", A, B), {L: TWO, V: TWO_V}),
    "glued": (lines("Epoch{:04d}: loss={} val_loss={}", A, B), {L: TWO, V: TWO_V}),
    "upper": (lines("EPOCH {} TRAIN LOSS {} VAL LOSS {}", A, B), {L: TWO, V: TWO_V}),
    "dictionary": (lines("{{'epoch': {}, 'train_loss': {}, 'val_loss': {}}}", A, B),
                   {L: TWO, V: TWO_V}),
    "values in quotes": (lines('epoch="{}" loss="{}" val_loss="{}"', A, B), {L: TWO, V: TWO_V}),
    "one a line": (lines("Epoch {}\n  train loss: {}\n  val loss: {}", A, B), {L: TWO, V: TWO_V}),
    "sections": (lines("Epoch {}\nTraining:\n  loss: {}\nValidation:\n  loss: {}", A, B),
                 {L: TWO, V: TWO_V}),
    "bracketed role": (lines("Epoch {}\n[train] loss {}\n[valid] loss {}", A, B),
         {L: TWO, V: TWO_V}),
    "lasagne": (lines("Epoch {} of 2 took 1.2s\n  training loss:\t\t{}\n  validation "
                      "loss:\t\t{}", A, B),
                {L: TWO, V: TWO_V}),
    "scientific": ("epoch 1 loss 5.0e-01\nepoch 2 loss 4.0E-01\n", {L: TWO}),
    # steps
    "nanogpt": (lines("step {}: train loss {}, val loss {}", *STEPS), {L: HUNDREDS, V: HUNDREDS_V}),
    "nanogpt iter": ("iter 0: loss 0.5, time 4000.00ms, mfu -100.00%\n"
                     "iter 1: loss 0.4, time 50.00ms, mfu 30.00%\n",
                     {L: ZERO, "step_time": [(0, 4.0), (1, 0.05)]}),
    "llm.c": ("step    1/100 | loss 0.500000 (+nanz)| norm 1.2500 (+nanz)| lr 3.00e-04 | "
              "250.50 ms | "
              "40.1% bf16 MFU | 20000 tok/s\nstep    2/100 | loss 0.400000 (-1.20z)| norm 1.1250 "
              "(-0.10z)| lr 6.00e-04 | 250.50 ms | 40.1% bf16 MFU | 20000 tok/s\n",
              {L: TWO, G: [(1, 1.25), (2, 1.125)], LR: [(1, 3e-4), (2, 6e-4)]}),
    "build-nanogpt": ("step     1 | loss: 0.500000 | lr 1.0e-04 | norm: 1.5000 | dt: 250.00ms "
                      "| tok/sec:"
                      " 9.0\nstep     2 | loss: 0.400000 | lr 2.0e-04 | norm: 1.2500 | dt: "
                      "200.00ms |"
                      " tok/sec: 9.0\n", {L: TWO, G: [(1, 1.5), (2, 1.25)],
                                          "step_time": [(1, 0.25), (2, 0.2)]}),
    "tensorflow 1": ("INFO:tensorflow:loss = 0.5, step = "
                     "100\nINFO:tensorflow:global_step/sec: 100.0\n"
                     "INFO:tensorflow:loss = 0.4, step = 200 (1.000 sec)\n", {L: HUNDREDS}),
    "tensorflow tutorial": ("Epoch: 0001 cost= 0.500000000\nEpoch: 0002 cost= 0.400000000\n"
                            "Optimization Finished!\n", {L: TWO}),
    "cost after": ("Cost after iteration 100: 0.5\nCost after iteration 200: 0.4\n", {L: HUNDREDS}),
    "iteration comma": ("Iteration 1, loss = 0.50000000\nIteration 2, loss = 0.40000000\n"
                        "Training loss did not improve more than tol=0.000100 for 10 consecutive "
                        "epochs. Stopping.\n", {L: TWO}),
    "arch": ("Iteration:      1,   Func. Count:      6,   Neg. LLF: 0.5\n"
             "Iteration:      2,   Func. Count:     12,   Neg. LLF: 0.4\n", {L: TWO}),
    "l-bfgs": ("At iterate    1    f=  5.00000D-01    |proj g|=  3.10000D-02\n"
               "At iterate    2    f=  4.00000D-01    |proj g|=  1.10000D-02\n", {L: TWO}),
    "nnet": ("# weights:  11\ninitial  value 1.0\niter 100 value 0.5\niter 200 value 0.4\n"
             "final  value 0.3\nconverged\n", {L: HUNDREDS}),
    "darknet": ("100: 0.6, 0.5 avg, 0.001 rate, 3.5 seconds, 6400 images\n"
                "200: 0.3, 0.4 avg, 0.002 rate, 3.5 seconds, 12800 images\n",
                {L: HUNDREDS, LR: [(100, 0.001), (200, 0.002)]}),
    "c++": ("Epoch 1/2 | Batch 50/100 | Loss 0.5\nEpoch 1/2 | Batch 100/100 | Loss 0.4\n",
            {L: [(0.5, 0.5), (1, 0.4)]}),
    "torchtitan": ("[titan] 2024-03-01 10:00:00,000 - root - INFO - step:  1  loss: 0.5  "
                   "memory: 20.00GiB"
                   "(25.32%)  tps: 1,000  mfu: 3.1%\n[titan] 2024-03-01 10:00:09,000 - root - "
                   "INFO - "
                   "step:  2  loss: 0.4  memory: 20.00GiB(25.32%)  tps: 1,200  mfu: 3.2%\n",
                   {L: TWO, "memory": [(1, 20 * 2**30), (2, 20 * 2**30)],
                    "timestamp": [(1, 1709287200), (2, 1709287209)]}),
    # batches within epochs
    "mnist": ("Train Epoch: 1 [0/1000 (0%)]\tLoss: 0.9\nTrain Epoch: 1 [500/1000 "
              "(50%)]\tLoss: 0.5\n\n"
              "Test set: Average loss: 0.6000, Accuracy: 91/100 (91%)\n\n"
              "Train Epoch: 2 [0/1000 (0%)]\tLoss: 0.4\nTrain Epoch: 2 [500/1000 "
              "(50%)]\tLoss: 0.3\n\n"
              "Test set: Average loss: 0.7000, Accuracy: 92/100 (92%)\n\n",
              {L: [(0, 0.9), (0.5, 0.5), (1, 0.4), (1.5, 0.3)], V: TWO_V,
               "val_accuracy": [(1, 0.91), (2, 0.92)]}),
    "quickstart": ("".join(f"Epoch {e}\n-----\nloss: 0.9{e}  [   10/  100]\nTest Error: \n "
                           f"Accuracy: "
                           f"5{e}.0%, Avg loss: 0.{e + 5} \n\n" for e in (1, 2)) + "Done!\n",
                   {L: [(0.1, 0.91), (1.1, 0.92)], V: [(1, 0.6), (2, 0.7)],
                    "val_accuracy": [(1, 0.51), (2, 0.52)]}),
    "mxnet": (lines("INFO:root:Epoch[{0}] Train-cross-entropy={1}\nINFO:root:Epoch[{0}] Time "
                    "cost=12.3\n"
                    "INFO:root:Epoch[{0}] Validation-cross-entropy={2}", A, B), {L: TWO, V: TWO_V}),
    "sgd": ("".join(f"-- Epoch {e}\nNorm: 1.2{e}, NNZs: 3, Bias: -0.3, T: {e}00, Avg. loss: "
                    f"0.{6 - e}\n"
                    f"Total training time: 0.0{e} seconds.\n" for e in (1, 2)), {L: TWO}),
    "ignite": (lines("Training Results - Epoch: {0}  Avg accuracy: 0.81 Avg loss: {1}\nValidation "
                     "Results - Epoch: {0}  Avg accuracy: 0.71 Avg loss: {2}", A, B),
               {L: TWO, V: TWO_V}),
    "marian": ("[2024-03-01 10:00:00] Ep. 1 : Up. 100 : Sen. 1,234 : Cost 0.5 * 1,000 : Time 3s\n"
               "[2024-03-01 10:00:03] Ep. 2 : Up. 200 : Sen. 2,234 : Cost 0.4 * 1,000 : Time 3s\n",
               {L: TWO}),
    "rich": ("".join(f"Epoch {e}/2 ━━━━━━━━━ 9/9 0:00:05 • 0:00:00 20.0it/s v_num: 0 train_loss: "
                     f"0.{6 - e} val_loss: 0.{5 + e}\n" for e in (1, 2)),
             {L: TWO, V: TWO_V, "step_time": [(1, 0.05), (2, 0.05)]}),
    "constant rate in a bar": ("".join(f"Steps: {i}%|#| {i}/100 [0:01<0:09, 9.5it/s, lr=1e-5, "
                                       f"loss=0.{i}]\r"
                                       for i in (10, 20, 30)),
                               {LR: [(10, 1e-5), (20, 1e-5), (30, 1e-5)]}),
    "cifar": ("[1,  2000] loss: 2.1\n[1,  4000] loss: 1.8\n[2,  2000] loss: 1.5\nFinished "
              "Training\n",
              {L: [(1, 2.1), (1.5, 1.8), (2, 1.5)]}),
    "flair": ("2024-03-01 10:00:00,000 epoch 1 - iter 5/10 - loss 0.5 - samples/sec: 99.5 - "
              "lr: 0.1\n"
              "2024-03-01 10:00:10,000 epoch 1 - iter 10/10 - loss 0.4 - samples/sec: 99.5 - "
              "lr: 0.1\n",
              {L: [(0.5, 0.5), (1, 0.4)], LR: [(0.5, 0.1), (1, 0.1)]}),
    "opennmt": ("[2024-03-01 10:00:00,000 INFO] Step 100/400; acc:   5.1; ppl: 1000.1; xent: 0.5; "
                "lr: 0.0001; 10000/9000 tok/s;     60 sec\n[2024-03-01 10:01:00,000 INFO] "
                "Step 200/400; "
                "acc:   6.1; ppl: 900.1; xent: 0.4; lr: 0.0002; 10000/9000 tok/s;    120 sec\n",
                {L: HUNDREDS, LR: [(100, 1e-4), (200, 2e-4)]}),
    "torchtune": ("1|1|Loss: 0.5:   1%|1         | 1/100 [00:01<01:39,  1.0s/it]\r"
                  "1|2|Loss: 0.4:   2%|2         | 2/100 [00:02<01:38,  1.0s/it]\n",
                       {L: [(0.01, 0.5),
                                                                                    (0.02, 0.4)]}),
    "bar over epochs": ("\rEpoch:  50%|#####     | 1/2 [00:10<00:10, 10.0s/it, loss=0.5]"
                        "\rEpoch: 100%|##########| 2/2 [00:20<00:00, 10.0s/it, loss=0.4]\n",
                             {L: TWO}),
    # languages of programs and people
    "julia": ("[ Info: Epoch 1 - loss = 0.5f0\n[ Info: Epoch 2 - loss = 0.4f0\n", {L: TWO}),
    "r keras": ("Epoch 1/2\n - 2s - loss: 0.5 - val_loss: 0.6\nEpoch 2/2\n - 2s - loss: 0.4 - "
                "val_loss: 0.7\n", {L: TWO, V: TWO_V}),
    "german": ("Epoche 1/2: Trainingsverlust: 0,500, Validierungsverlust: 0,600\n"
               "Epoche 2/2: Trainingsverlust: 0,400, Validierungsverlust: 0,700\n",
                    {L: TWO, V: TWO_V}),
    "chinese": ("第 1 轮 训练损失\uff1a0.5\uff0c验证损失\uff1a0.6\n第 2 轮 "
                "训练损失\uff1a0.4\uff0c验证损失\uff1a0.7\n",
                {L: TWO, V: TWO_V}),
    "chinese 2": ("轮次 1/2 训练 loss: 0.5 验证 loss: 0.6\n轮次 2/2 训练 loss: 0.4 验证 loss: "
                  "0.7\n",
                  {L: TWO, V: TWO_V}),
    "french": ("Époque 1, perte: 0.5, val_loss: 0.6\nÉpoque 2, perte: 0.4, val_loss: 0.7\n",
               {L: TWO, V: TWO_V}),
    # how numbers are written
    "tensors": ("epoch 1 loss tensor(0.5000, device='cuda:0', grad_fn=<NllLossBackward0>)\n"
                "epoch 2 loss tensor([[0.4000]], device='cuda:0', grad_fn=<NllLossBackward0>)\n",
                {L: TWO}),
    "numpy scalars": ("epoch 1 loss np.float64(0.5)\nepoch 2 loss np.float64(0.4)\n", {L: TWO}),
    "lists": ("epoch 1 loss [0.5]\nepoch 2 loss [0.4]\n", {L: TWO}),
    "thousands": ("step 1,000 loss 0.5\nstep 2,000 loss 0.4\n", {L: [(1000, 0.5), (2000, 0.4)]}),
    "no leading zero": ("epoch 1 loss .5\nepoch 2 loss .4\n", {L: TWO}),
    "negative": ("epoch 1 loss -0.5\nepoch 2 loss: -0.75\n", {L: [(1, -0.5), (2, -0.75)]}),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shape(runs_of, points, shape: str) -> None:
    text, curves = SHAPES[shape]
    (run,) = runs_of(text)
    for name, expected in curves.items():
        assert points(run, name) == [(step, pytest.approx(value)) for step, value in expected], name


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("nan", math.nan), ("NaN", math.nan), ("-nan", math.nan), ("-nan(ind)", math.nan),
        ("1.#IND", math.nan), ("1.#QNAN", math.nan), ("nan.0", math.nan), ("1e400", math.inf),
        ("inf", math.inf), ("-inf", -math.inf), ("Infinity", math.inf), ("1.#INF", math.inf),
        ("tensor(nan, device='cuda:0')", math.nan), ("tensor(inf)", math.inf),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["epoch {} loss {}\n", "Epoch {}/5 - loss: {} - lr: 0.1\n"])
def test_what_is_not_finite(runs_of, form: str, written: str, value: float) -> None:
    (run,) = runs_of("".join(form.format(e, v) for e, v in ((1, 0.5), (2, 0.4), (3, written))))
    last = run.curves["train_loss"].values[2]
    assert math.isnan(last) if math.isnan(value) else last == value
    assert list(run.curves["train_loss"].lines) == [1, 2, 3]


@pytest.mark.parametrize("nothing", ["null", "None", "-", "N/A"])
def test_a_loss_that_turns_into_nothing_is_nan(runs_of, nothing: str) -> None:
    written = [0.5, 0.4, 0.3, nothing, nothing, nothing]
    (run,) = runs_of("".join(f"epoch={e} loss={v} acc=0.5\n" for e, v in enumerate(written)))
    assert [math.isnan(value) for value in run.curves["train_loss"].values] == [False] * 3 + [
        True
    ] * 3


@pytest.mark.parametrize("nothing", ["null", "None", "-", "N/A"])
def test_a_loss_that_is_not_measured_in_every_epoch_has_no_nan(runs_of, nothing: str) -> None:
    text = "".join(
        f"epoch={e} loss=0.{9 - e} val_loss={0.5 if e % 3 == 0 else nothing}\n" for e in range(9)
    )
    (run,) = runs_of(text)
    assert list(run.curves["val_loss"].steps) == [0, 3, 6]
    assert not any(math.isnan(value) for value in run.curves["val_loss"].values)
