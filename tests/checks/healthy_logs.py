"""Logs with words that frighten, of runs that have nothing: no check of logs may accuse them."""

from __future__ import annotations

EPOCHS = "".join(
    f"Epoch {n}/9 - loss: {1 / n:.4f} - val_loss: {1.1 / n:.4f}\n" for n in range(1, 10)
)
FIRST = "".join(EPOCHS.splitlines(keepends=True)[:4])
REST = "".join(EPOCHS.splitlines(keepends=True)[4:])
RAISED = (
    "Traceback (most recent call last):\n"
    '  File "/home/ann/bot/data.py", line 31, in fetch\n    r = get(url, timeout=5)\n'
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api', port=443)\n"
)
OOM = "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 15.78 GiB total "
"capacity)"


def _between(text: str) -> str:
    return FIRST + text + REST


def _stamped(*texts: str) -> str:
    return "".join(
        f"2025-03-01 10:{n // 60:02d}:{n % 60:02d},120 - {text}\n" for n, text in enumerate(texts)
    )


HEALTHY: dict[str, str] = {
    "error as a metric": "".join(
        f"epoch {n} train_error: 0.{n}1 val_error: 0.{n}2 error rate 0.03 loss: 0.{n}\n"
        for n in range(1, 30)
    ),
    "mean absolute error": "".join(
        f"Epoch {n}: Mean Absolute Error = {0.5 / n:.4f}, loss = {1 / n:.4f}\n" for n in range(1, 9)
    ),
    "no errors": EPOCHS + "Finished with 0 errors, 0 exceptions, no failures\n",
    "error count at the end": _stamped("INFO - start", "INFO - run", "INFO - errors: 0, fatal: 0"),
    "exception handling enabled": "exception handling enabled\nerror handler: installed\n" + EPOCHS,
    "killed gracefully": EPOCHS + "killed 3 workers gracefully\nTerminated worker pool. Done.\n",
    "out of memory avoided": _between("CUDA out of memory avoided: batch reduced to 64\n"),
    "out of memory in help": "Tip: if you see CUDA out of memory, reduce --batch-size\n" + EPOCHS,
    "fatal is false": "Namespace(lr=0.001, fatal=False, raise_on_error=True)\n" + EPOCHS,
    "deprecated": "/opt/venv/lib/python3.11/site-packages/x/y.py:7: DeprecationWarning: x will "
    "raise "
    "an error in the future\n  warnings.warn(\n" + EPOCHS,
    "retry that succeeds": _stamped(
        "WARNING - request failed: HTTP Error 429: Too Many Requests, retry 1/5",
        "WARNING - request failed: timed out, retry 2/5",
        "INFO - request succeeded",
        "INFO - 5,000 bars loaded",
    ),
    "error that was outlived": _stamped(
        *(f"INFO - candle {n} inserted" for n in range(20)),
        "ERROR - BTC/USDT 5m failed: binance GET https://api/exchangeInfo",
        *(f"INFO - candle {n} inserted" for n in range(20)),
    ),
    "logged traceback": _stamped("INFO - ticker A", "ERROR - ticker B failed")
    + RAISED
    + _stamped("INFO - ticker C", "INFO - ticker D", "INFO - done"),
    "printed traceback in a loop": _between(
        "Skipping ticker XYZ\n" + RAISED + "continuing with ABC\n"
    ),
    "traceback between epochs": _between(RAISED),
    "traceback of a plot at the end": EPOCHS
    + "Saving figure\n"
    + RAISED
    + "".join(f"Fold {n}: sharpe 1.{n} loss 0.{n}\n" for n in range(1, 6))
    + "Training finished.\n",
    "out of memory, then a smaller batch": "Epoch 1/9 - batch 256\n" + OOM + "\nRetrying with "
    "batch 128\n" + EPOCHS,
    "batch finder": "Batch size 64 succeeded, trying batch size 128\nBatch size 128 failed, trying "
    "batch size 96\nFinished batch size finder, will continue with full run using batch size 96\n"
    + EPOCHS,
    "skipped batch": _between(
        "| WARNING: ran out of memory in forward pass on GPU, skipping batch\n"
    ),
    "ignored in a destructor": EPOCHS + "Training complete\nException ignored in: <function _Iter."
    "__del__ at 0x7f1>\nTraceback (most recent call last):\n"
    '  File "/opt/venv/lib/python3.11/site-packages/torch/utils/data/dataloader.py", line 1479, in '
    "__del__\n    self._shutdown_workers()\nAssertionError: can only test a child process\n",
    "logging error": _between(
        "--- Logging error ---\n" + RAISED + "Call stack:\n"
        "  File \"/home/ann/train.py\", line 3, in <module>\nMessage: 'x'\nArguments: ()\n"
    ),
    "stopped by hand": FIRST + "^CTraceback (most recent call last):\n"
    '  File "/home/ann/bot/train.py", line 88, in <module>\n    main()\nKeyboardInterrupt\n',
    "cancelled by its owner": FIRST + "slurmstepd: error: *** JOB 48 ON n1 CANCELLED AT "
    "2025-05-02T06:00:11 ***\n",
    "warning with a stack": _between(
        "/opt/venv/lib/python3.11/site-packages/torch/autograd/__init__.py:200: UserWarning: CUDA "
        "initialization: CUDA unknown error - this may be due to an incorrectly set up environment "
        "(Triggered internally at ../c10/cuda/CUDAFunctions.cpp:109.)\n  return torch._C._cuda()\n"
    ),
    "signal handlers": "Registered signal handler for SIGTERM and SIGINT\n" + EPOCHS,
    "resumed after a kill": FIRST
    + "Killed\n"
    + "Resuming from checkpoint epoch 4\n"
    + REST
    + "Training finished\n",
    "test names": "".join(f"test_error_{n} ... ok\n" for n in range(5)) + EPOCHS,
    "timeout setting": "NCCL_ASYNC_ERROR_HANDLING=1 NCCL_TIMEOUT=1800\nInit process group, "
    "timeout: 1800 s\n" + EPOCHS,
    "nccl info": "node1:534:534 [0] NCCL INFO Bootstrap : Using eth0\nnode1:534:534 [0] NCCL INFO "
    "NET/IB : No device found.\nnode1:534:534 [0] NCCL INFO comm 0x55 rank 0 nranks 4\n" + EPOCHS,
    "joblib without shared memory": "/opt/venv/lib/python3.8/site-packages/joblib/_helpers."
    "py:46: UserWarning: [Errno 28] No space left on device.  joblib will operate in serial mode\n"
    "  warnings.warn('%s.  joblib will operate in serial mode' % (e,))\n" + EPOCHS,
    "disk is fine": "Disk: 120 GB free, no space problems, quota 20 % used\n" + EPOCHS,
    "tensorflow chatter": "2024-01-02 03:04:05.123: E external/local_xla/xla/stream_executor/cuda/"
    "cuda_dnn.cc:9261] Unable to register cuDNN factory: Attempting to register factory for plugin "
    "cuDNN when one has already been registered\n2024-01-02 03:04:05.200: I "
    "tensorflow/core/platform/"
    "cpu_feature_guard.cc:182] This TensorFlow binary is optimized\n" + EPOCHS,
    "could not load library": "2024-01-02 03:04:05.1: W "
    "tensorflow/stream_executor/dso_loader.cc:64] Could "
    "not load dynamic library 'libcudart.so.11.0'; dlerror: cannot open shared object file: No "
    "such "
    "file or directory\n" + EPOCHS,
    "xla autotuning": "E0000 00:00:1700000000.000000 1234 cuda_blas.cc:1407] Unable to register "
    "cuBLAS "
    "factory\n" + EPOCHS,
    "lightgbm warnings": "[LightGBM] [Warning] No further splits with positive gain, best gain: "
    "-inf\n" * 5 + "[LightGBM] [Info] Finished training\n",
    "early stopping": FIRST + "Early stopping: val_loss did not improve for 3 epochs\n",
    "bar to its end": "".join(
        f"\r{n}%|{'#' * (n // 10):10s}| {n}/100 [00:{n // 2:02d}<00:10,  2.0it/s]"
        for n in range(101)
    )
    + "\n",
    "warnings only": "/home/ann/bot/x.py:3: FutureWarning: error_bad_lines is deprecated\n  "
    "pd.read_csv(\n"
    "/home/ann/bot/x.py:9: RuntimeWarning: invalid value encountered in divide\n  a / b\n" + EPOCHS,
    "service that goes on": _stamped(
        *(
            text
            for n in range(30)
            for text in (
                f"INFO - cycle {n}",
                "ERROR - order rejected: insufficient margin",
                "INFO - ok",
            )
        )
    ),
    "stop loss": _stamped(
        *(f"INFO - trade {n} stopped out, order killed, pnl -0.{n}" for n in range(30))
    ),
    "failed trades": _stamped("INFO - 7 success, 0 failed", "INFO - failed: 0", "INFO - all good"),
    "kill switch": _stamped("INFO - kill switch armed", "INFO - killed 0 orders", "INFO - flat"),
    "anomaly mode": _between("Anomaly detection has been enabled; errors raise with a traceback\n"),
    "leaked semaphores": EPOCHS + "Training "
    "finished\n/usr/lib/python3.10/multiprocessing/resource_tracker."
    "py:224: UserWarning: resource_tracker: There appear to be 6 leaked semaphore objects\n",
    "trials that were pruned": "".join(
        f"[I 2024-01-02 03:04:{n:02d},1] Trial {n} pruned. \n[I 2024-01-02 03:04:{n:02d},9] "
        f"Trial {n} "
        f"finished with value: 0.{n}\n"
        for n in range(10, 40)
    ),
    "a trial that failed": "".join(
        f"[I 2024-01-02 03:04:{n:02d},1] Trial {n} finished with value: 0.{n} loss\n"
        for n in range(10, 20)
    )
    + "[W 2024-01-02 03:04:30,1] Trial 20 failed with parameters: {} because of the following "
    "error: "
    "ValueError('x').\n"
    + RAISED
    + "".join(
        f"[I 2024-01-02 03:05:{n:02d},1] Trial {n} finished with value: 0.{n} loss\n"
        for n in range(21, 40)
    ),
    "gym": "ERROR_RATE 0.01\nexit_code_meaning: none\nGAMMA 0.99\n" + EPOCHS,
}
