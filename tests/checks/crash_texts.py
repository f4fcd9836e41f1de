"""Ends of logs as libraries, shells and schedulers write them, retold; what each must be called."""

from __future__ import annotations

from dataclasses import dataclass, field

BEFORE = "".join(
    f"Epoch {n}/50 - loss: {1 / n:.4f} - val_loss: {1.1 / n:.4f}\n" for n in range(1, 9)
)
LIBRARY = "/opt/venv/lib/python3.11/site-packages/torch/nn/modules"
HEAD = "Traceback (most recent call last):\n"
OWN = '  File "/home/ann/bot/train.py", line 88, in main\n    loss = step(model, batch)\n'
INNER = f'  File "{LIBRARY}/module.py", line 1511, in _call_impl\n    return forward_call(*args)\n'


@dataclass(frozen=True)
class Crash:
    """A text, words of the title of run-crashed, and the other check that must name it."""

    text: str
    says: tuple[str, ...]
    named: str | None = None
    amounts: dict[str, float] = field(default_factory=dict)


def _raised(last: str, *, tail: str = "") -> str:
    return BEFORE + HEAD + OWN + INNER + last + "\n" + tail


CRASHES: dict[str, Crash] = {
    "key error": Crash(_raised("KeyError: 'close'"), ("train.py:88", "KeyError: 'close'")),
    "carets": Crash(
        BEFORE + HEAD + '  File "/home/ann/bot/fit.py", line 7, in <module>\n    x = b["y"]\n'
        "        ~^^^^^\nKeyError: 'y'\n",
        ("fit.py:7", "KeyError: 'y'"),
    ),
    "chained": Crash(
        BEFORE + HEAD + '  File "/home/ann/bot/data.py", line 3, in load\n    return d[k]\n'
        "KeyError: 'AAPL'\n\nDuring handling of the above exception, another exception "
        "occurred:\n\n" + HEAD + '  File "/home/ann/bot/train.py", line 40, in run\n    load(k)\n'
        "ValueError: no prices for AAPL\n",
        ("train.py:40", "ValueError: no prices"),
    ),
    "direct cause": Crash(
        BEFORE
        + HEAD
        + OWN
        + "OSError: [Errno 5] Input/output error\n\nThe above exception was the "
        "direct cause of the following exception:\n\n"
        + HEAD
        + INNER
        + "RuntimeError: cannot read shard 4\n",
        ("train.py:88", "RuntimeError: cannot read shard 4"),
    ),
    "rank prefix": Crash(
        BEFORE
        + "".join(f"[rank1]: {line}\n" for line in (HEAD + OWN).splitlines())
        + "[rank1]: RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x22 and 21x128)\n",
        ("train.py:88", "shapes cannot be multiplied"),
    ),
    "interleaved ranks": Crash(
        BEFORE + "[rank0]: Traceback (most recent call last):\n"
        "[rank1]: Traceback (most recent call last):\n"
        '[rank0]:   File "/home/ann/bot/train.py", line 88, in main\n'
        '[rank1]:   File "/home/ann/bot/train.py", line 88, in main\n'
        "[rank0]:     loss = step(model, batch)\n[rank1]:     loss = step(model, batch)\n"
        "[rank1]: IndexError: list index out of range\n[rank0]: IndexError: list index out of "
        "range\n",
        ("train.py:88", "IndexError"),
    ),
    "logger prefix on every line": Crash(
        BEFORE
        + "".join(
            f"2025-03-04 10:22:3{n},120 - ERROR - {line}\n"
            for n, line in enumerate((HEAD + OWN + "TypeError: unsupported operand").splitlines())
        ),
        ("train.py:88", "TypeError"),
    ),
    "behind a progress bar": Crash(
        "Epoch 3/10\n\r 12%|#2        | 12/100 [00:04<00:31,  2.8it/s]"
        + HEAD
        + OWN
        + "ValueError: Expected more than 1 value per channel when training, got input size [1, "
        "64]\n"
        "\r 12%|#2        | 12/100 [00:04<00:33,  2.6it/s]\n",
        ("train.py:88", "more than 1 value per channel"),
    ),
    "rich": Crash(
        BEFORE + "╭───────────── Traceback (most recent call last) ─────────────╮\n"
        "│ /home/ann/bot/train.py:53 in <module>                        │\n"
        "│                                                              │\n"
        "│   52 if __name__ == '__main__':                              │\n"
        "│ ❱ 53 │   main()                                              │\n"
        "│                                                              │\n"
        f"│ {LIBRARY}/linear.py:114 in forward │\n"
        "│ ❱ 114 │   return F.linear(input, self.weight)                │\n"
        "╰──────────────────────────────────────────────────────────────╯\n"
        "RuntimeError: expected scalar type Float but found Double\n",
        ("train.py:53", "expected scalar type"),
    ),
    "ipython": Crash(
        BEFORE
        + "-" * 75
        + "\nKeyError                                  Traceback (most recent call "
        "last)\nCell In[12], line 4\n      2 for t in tickers:\n----> 4     fit(prices[t])\n\n"
        "KeyError: 'TSLA'\n",
        ("Cell In[12]", "KeyError: 'TSLA'"),
    ),
    "better exceptions": Crash(
        BEFORE
        + "2025-01-02 03:04:05.678 | ERROR    | __main__:main:12 - An error has been caught:\n"
        + HEAD
        + '\n> File "/home/ann/bot/train.py", line 12, in <module>\n    main()\n'
        '    └ <function main at 0x7f1>\n\n  File "/home/ann/bot/train.py", line 9, in main\n'
        "    fit(None)\n    └ <function fit at 0x7f2>\n\nAttributeError: 'NoneType' object has no "
        "attribute 'shape'\n",
        ("train.py:9", "AttributeError"),
    ),
    "loader worker": Crash(
        BEFORE + HEAD + OWN + INNER + "FileNotFoundError: Caught FileNotFoundError in DataLoader "
        "worker process 3.\nOriginal Traceback (most recent call last):\n"
        + INNER
        + '  File "/home/ann/bot/dataset.py", line 31, in __getitem__\n    open(p)\n'
        "FileNotFoundError: [Errno 2] No such file or directory: 'x.npy'\n",
        ("dataset.py:31", "No such file"),
    ),
    "wandb behind it": Crash(
        _raised(
            "AssertionError: nan in features",
            tail="wandb: Waiting for W&B process to finish... "
            "(failed 1). Press Control-C to abort syncing.\nwandb: \nwandb: Run history:\n"
            "wandb: loss █▅▂▁\nwandb: Synced 5 W&B file(s)\n",
        ),
        ("train.py:88", "nan in features"),
    ),
    "elastic": Crash(
        _raised(
            "ValueError: bad shard",
            tail="E0325 20:57:27.620000 2606 torch/distributed/elastic/"
            "multiprocessing/api.py:869] failed (exitcode: 1) local_rank: 0 (pid: 2630) of binary: "
            "/opt/venv/bin/python\n"
            + HEAD
            + '  File "/opt/venv/bin/torchrun", line 8, in <module>\n'
            "    sys.exit(main())\n"
            "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
            + "=" * 40
            + "\ntrain.py FAILED\n"
            + "-" * 40
            + "\nFailures:\n  <NO_OTHER_FAILURES>\n"
            "Root Cause (first observed failure):\n[0]:\n  time      : 2025-05-21_15:43:03\n"
            "  rank      : 0 (local_rank: 0)\n  exitcode  : 1 (pid: 2630)\n" + "=" * 40 + "\n",
        ),
        ("train.py:88", "ValueError: bad shard"),
    ),
    "elastic killed": Crash(
        BEFORE + "torch.distributed.elastic.multiprocessing.api: [ERROR] failed (exitcode: -9) "
        "local_rank: 0 (pid: 1322) of binary: /opt/venv/bin/python\n",
        ("exitcode: -9",),
    ),
    "device assert": Crash(
        _raised(
            "RuntimeError: CUDA error: device-side assert triggered",
            tail="CUDA kernel errors "
            "might be asynchronously reported at some other API call, so the stacktrace below "
            "might be "
            "incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1.\nCompile with "
            "`TORCH_USE_CUDA_DSA` to enable device-side assertions.\n\n",
        ),
        ("train.py:88", "device-side assert"),
    ),
    "terminate": Crash(
        BEFORE + "terminate called after throwing an instance of 'c10::Error'\n"
        "  what():  CUDA error: an illegal memory access was encountered\n"
        "Exception raised from c10_cuda_check_implementation at CUDAException.cpp:44:\n"
        "frame #0: c10::Error::Error + 0x57 (0x7f in libc10.so)\n\nAborted (core dumped)\n",
        ("c10::Error", "illegal memory access"),
    ),
    "fault handler": Crash(
        BEFORE
        + "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f (most recent call "
        f'first):\n  File "{LIBRARY}/conv.py", line 9 in forward\n'
        '  File "/home/ann/bot/model.py", line 77 in forward\n'
        '  File "/home/ann/bot/train.py", line 88 in main\nSegmentation fault (core dumped)\n',
        ("model.py:77", "Segmentation fault"),
    ),
    "segmentation fault": Crash(
        BEFORE + "Segmentation fault (core dumped)\n", ("segmentation fault",)
    ),
    "bash line": Crash(
        BEFORE + "/var/spool/slurmd/job191/slurm_script: line 28:  8156 Killed                  "
        "python3 train.py --epochs 400\n",
        ("SIGKILL; often the out-of-memory killer",),
    ),
    "bare killed": Crash(BEFORE + "Killed\n", ("SIGKILL; often the out-of-memory killer",)),
    "zsh": Crash(BEFORE + "zsh: killed     python train.py\n", ("SIGKILL",)),
    "bus error": Crash(BEFORE + "Bus error (core dumped)\n", ("bus error",)),
    "shared memory": Crash(
        BEFORE + "ERROR: Unexpected bus error encountered in worker. This might be caused by "
        "insufficient shared memory (shm).\n"
        + HEAD
        + OWN
        + INNER
        + "RuntimeError: DataLoader worker "
        "(pid 2991) is killed by signal: Bus error. It is possible that dataloader's workers are "
        "out "
        "of shared memory.\n",
        ("train.py:88", "DataLoader worker"),
    ),
    "mpi": Crash(
        BEFORE
        + "[node7:02986] *** Process received signal ***\n[node7:02986] Signal: Segmentation "
        "fault (11)\n[node7:02986] Signal code: Invalid permissions (2)\n[node7:02986] Failing at "
        "address: 0x215e6d0\n[node7:02986] [ 0] /lib/libpthread.so.0(+0x11390)[0x7fd0f2718390]\n"
        "[node7:02986] *** End of error message ***\n",
        ("segmentation fault",),
    ),
    "slurm time limit": Crash(
        BEFORE
        + "slurmstepd: error: *** JOB 48151 ON node12 CANCELLED AT 2025-05-02T06:00:11 DUE TO "
        "TIME LIMIT ***\n",
        ("time limit",),
    ),
    "slurm oom": Crash(
        BEFORE
        + "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=191.batch. Some of your "
        "processes may have been killed by the cgroup out-of-memory handler.\n"
        "srun: error: gpu20: task 0: Out Of Memory\nsrun: Terminating StepId=191.0\n",
        ("out-of-memory killer",),
    ),
    "preempted": Crash(
        BEFORE + "slurmstepd: error: *** STEP 77.0 ON n1 CANCELLED AT 2025-05-02T06:00:11 DUE TO "
        "PREEMPTION ***\n",
        ("preempted",),
    ),
    "exit 137": Crash(
        BEFORE + "srun: error: node3: task 0: Exited with exit code 137\n", ("SIGKILL",)
    ),
    "lsf": Crash(
        BEFORE + "TERM_RUNLIMIT: job killed after reaching LSF run time limit.\n", ("time limit",)
    ),
    "pbs": Crash(
        BEFORE + "=>> PBS: job killed: walltime 3605 exceeded limit 3600\n", ("time limit",)
    ),
    "make": Crash(BEFORE + "make: *** [Makefile:12: train] Error 1\n", ("exit code 1",)),
    "mpirun": Crash(
        BEFORE + "mpirun noticed that process rank 3 with PID 4711 on node n2 exited on signal 9 "
        "(Killed).\n",
        ("SIGKILL",),
    ),
    "java": Crash(
        BEFORE + 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n'
        "\tat com.acme.Fit.run(Fit.java:42)\n\tat com.acme.Main.main(Main.java:7)\n",
        ("OutOfMemoryError: Java heap space",),
    ),
    "r": Crash(
        BEFORE + "Error in xgb.iter.update(fold$bst, fold$dtrain, i, obj) : \n"
        "  [12:01:02] amalgamation/../src/objective.cc:115: label must be in [0,1]\n"
        "Calls: xgb.train -> xgb.iter.update\nExecution halted\n",
        ("R error", "label must be"),
    ),
    "julia": Crash(
        BEFORE + "ERROR: LoadError: DimensionMismatch: A has size (3,4), B has size (5,)\n"
        "Stacktrace:\n [1] gemv!(y::Vector) at ./matmul.jl:430\n"
        "in expression starting at /home/ann/train.jl:19\n",
        ("train.jl:19", "DimensionMismatch"),
    ),
    "rust": Crash(
        BEFORE + "thread 'main' panicked at 'index out of bounds: the len is 3', src/fit.rs:27:9\n"
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
        ("fit.rs:27", "index out of bounds"),
    ),
    "buffered output behind it": Crash(
        "Loading data\n" + HEAD + OWN + "ValueError: Input contains NaN\n" + BEFORE,
        ("train.py:88", "Input contains NaN"),
    ),
    "torch oom, old words": Crash(
        _raised(
            "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 15.78 GiB total "
            "capacity; 13.04 GiB already allocated; 1.19 GiB free; 13.37 GiB reserved in total "
            "by PyTorch)"
        ),
        ("train.py:88", "CUDA out of memory"),
        "cuda-out-of-memory",
        {"requested": 2.0, "free": 1.19, "capacity": 15.78, "allocated": 13.04, "reserved": 13.37},
    ),
    "torch oom, new words": Crash(
        _raised(
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 512.00 MiB. GPU 0 has a "
            "total capacity of 23.64 GiB of which 301.81 MiB is free. Process 123 has 12.50 GiB "
            "memory in "
            "use. Including non-PyTorch memory, this process has 10.80 GiB memory in use. Of the "
            "allocated "
            "memory 9.10 GiB is allocated by PyTorch, and 1.25 GiB is reserved by PyTorch but "
            "unallocated. If reserved but unallocated memory is large try setting "
            "expandable_segments"
        ),
        ("train.py:88", "OutOfMemoryError"),
        "cuda-out-of-memory",
        {
            "requested": 0.5,
            "free": 301.81 / 1024,
            "capacity": 23.64,
            "allocated": 9.1,
            "others": 12.5,
        },
    ),
    "accelerator oom": Crash(
        _raised(
            "torch.AcceleratorError: CUDA error: out of memory",
            tail="CUDA kernel errors might be asynchronously reported at some other API call\n",
        ),
        ("train.py:88", "CUDA error: out of memory"),
        "cuda-out-of-memory",
    ),
    "cublas": Crash(
        _raised(
            "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling "
            "`cublasCreate(handle)`"
        ),
        ("train.py:88", "CUBLAS_STATUS_ALLOC_FAILED"),
        "cuda-out-of-memory",
    ),
    "tensorflow": Crash(
        _raised(
            "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating "
            "tensor with shape[64,512,512,64] and type float on /job:localhost/replica:0/task:0/"
            "device:GPU:0 by allocator GPU_0_bfc [Op:Conv2D]"
        ),
        ("train.py:88", "ResourceExhaustedError"),
        "cuda-out-of-memory",
        {"requested": 4.0},
    ),
    "xgboost": Crash(
        _raised(
            "xgboost.core.XGBoostError: [10:38:37] /workspace/src/c_api/../common/device_helpers."
            "cuh:431: Memory allocation error on worker 0: [10:38:37] bad_alloc: "
            "cudaErrorMemoryAllocation"
            ": out of memory\n- Free memory: 536870912\n- Requested memory: 1073741824\n\nStack "
            "trace:\n"
            "  [bt] (0) /opt/lib/libxgboost.so(+0x7d1) [0x7f]"
        ),
        ("train.py:88", "XGBoostError"),
        "cuda-out-of-memory",
        {"free": 0.5, "requested": 1.0},
    ),
    "jax": Crash(
        _raised(
            "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying "
            "to allocate 4294967296 bytes."
        ),
        ("train.py:88", "RESOURCE_EXHAUSTED"),
        "cuda-out-of-memory",
        {"requested": 4.0},
    ),
    "cupy": Crash(
        _raised(
            "cupy.cuda.memory.OutOfMemoryError: Out of memory allocating 1,073,741,824 bytes "
            "(allocated so far: 2,147,483,648 bytes)."
        ),
        ("train.py:88", "Out of memory allocating"),
        "cuda-out-of-memory",
        {"requested": 1.0, "allocated": 2.0},
    ),
    "lightgbm": Crash(
        BEFORE + "[LightGBM] [Fatal] [CUDA] out of memory /src/cuda/cuda_utils.cpp 24\n",
        ("out of memory",),
        "cuda-out-of-memory",
    ),
    "memory of the host": Crash(
        _raised(
            "RuntimeError: [enforce fail at alloc_cpu.cpp:75] . DefaultCPUAllocator: can't "
            "allocate "
            "memory: you tried to allocate 4294967296 bytes. Error code 12 (Cannot allocate memory)"
        ),
        ("train.py:88", "enforce fail"),
    ),
    "array of the host": Crash(
        _raised(
            "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array "
            "with "
            "shape (1000000000,) and data type float64"
        ),
        ("train.py:88", "Unable to allocate"),
    ),
    "full disk": Crash(
        _raised("OSError: [Errno 28] No space left on device: '/data/ckpt/last.pt'"),
        ("train.py:88", "No space left"),
        "no-space-left",
    ),
    "full disk in torch": Crash(
        BEFORE
        + HEAD
        + OWN
        + "OSError: [Errno 28] No space left on device\n\nDuring handling of the "
        "above exception, another exception occurred:\n\n"
        + HEAD
        + OWN
        + "RuntimeError: [enforce fail at inline_container.cc:319] . unexpected pos 576 vs 470\n",
        ("train.py:88", "inline_container"),
        "no-space-left",
    ),
    "stream writer": Crash(
        _raised(
            "RuntimeError: [enforce fail at inline_container.cc:445] . PytorchStreamWriter failed "
            "writing file data/176: file write failed"
        ),
        ("train.py:88", "PytorchStreamWriter"),
        "no-space-left",
    ),
    "quota": Crash(
        _raised("OSError: [Errno 122] Disk quota exceeded"), ("quota exceeded",), "no-space-left"
    ),
    "safetensors": Crash(
        _raised(
            "safetensors_rust.SafetensorError: Error while serializing: IoError(Os { code: 28, "
            'kind: StorageFull, message: "No space left on device" })'
        ),
        ("train.py:88", "SafetensorError"),
        "no-space-left",
    ),
    "watchdog": Crash(
        BEFORE
        + "".join(
            f"[rank{r}]:[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] [Rank {r}] Watchdog "
            f"caught "
            f"collective operation timeout: WorkNCCL(SeqNum={1580 if r != 2 else 1571}, "
            f"OpType=ALLREDUCE"
            f", NumelIn=466, NumelOut=466, Timeout(ms)=600000) ran for 60006{r} milliseconds "
            f"before "
            "timing out.\n"
            for r in range(4)
        )
        + "terminate called after throwing an instance of 'c10::DistBackendError'\n  what():  "
        "[PG 0 "
        "Rank 0] NCCL watchdog thread terminated with exception: Watchdog caught collective "
        "operation "
        "timeout\n",
        ("DistBackendError",),
        "nccl-timeout",
    ),
    "remote error": Crash(
        _raised(
            "torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/"
            "ProcessGroupNCCL.cpp:1333, remote process exited or there was a network error, NCCL "
            "version "
            "2.18.1\nncclRemoteError: A call failed possibly due to a network error"
        ),
        ("train.py:88", "DistBackendError"),
        "nccl-timeout",
    ),
    "gloo": Crash(
        _raised(
            "RuntimeError: [../third_party/gloo/gloo/transport/tcp/pair.cc:598] Connection "
            "closed by "
            "peer [10.0.0.4]:23456"
        ),
        ("train.py:88", "Connection closed by peer"),
        "nccl-timeout",
    ),
    "store": Crash(
        _raised(
            "torch.distributed.DistStoreError: Timed out after 1801 seconds waiting for clients. "
            "3/4 "
            "clients joined."
        ),
        ("train.py:88", "waiting for clients"),
        "nccl-timeout",
    ),
    "ray": Crash(
        BEFORE
        + "".join(
            f"\x1b[36m(RayTrainWorker pid=4123, ip=10.0.0.2)\x1b[0m {line}\n"
            for line in (HEAD + OWN + "ZeroDivisionError: float division by zero").splitlines()
        ),
        ("train.py:88", "ZeroDivisionError"),
    ),
    "kubernetes": Crash(
        "".join(
            f"2024-01-02T03:05:0{n}.123456789Z stderr F {line}\n"
            for n, line in enumerate((HEAD + OWN + "ValueError: no rows").splitlines())
        ),
        ("train.py:88", "ValueError: no rows"),
    ),
    "journal": Crash(
        "".join(
            f"Jan 02 03:05:0{n} box python[812]: {line}\n"
            for n, line in enumerate((HEAD + OWN + "ValueError: no rows").splitlines())
        )
        + "Jan 02 03:05:09 box systemd[1]: train.service: Main process exited, code=exited, "
        "status=1/FAILURE\n"
        "Jan 02 03:05:09 box systemd[1]: train.service: Failed with result 'exit-code'.\n",
        ("train.py:88", "ValueError: no rows"),
    ),
    "exception group": Crash(
        BEFORE + "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/home/ann/bot/train.py", line 42, in main\n  |     run()\n'
        "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
        "  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n"
        '    |   File "/home/ann/bot/loader.py", line 7, in get\n    |     raise ValueError(x)\n'
        "    | ValueError: bad shard\n    +------------------------------------\n",
        ("loader.py:7", "ValueError: bad shard"),
    ),
    "pool worker": Crash(
        BEFORE
        + 'multiprocessing.pool.RemoteTraceback: \n"""\n'
        + HEAD
        + '  File "/usr/lib/python3.10/multiprocessing/pool.py", line 125, in worker\n'
        '    result = (True, func(*args))\n  File "/home/ann/bot/prep.py", line 17, in work\n'
        '    return 1 / 0\nZeroDivisionError: division by zero\n"""\n\n'
        "The above exception was the direct cause of the following exception:\n\n"
        + HEAD
        + '  File "/usr/lib/python3.10/multiprocessing/pool.py", line 364, in map\n'
        "    return self._map_async(func)\nZeroDivisionError: division by zero\n",
        ("prep.py:17", "division by zero"),
    ),
    "arguments": Crash(
        BEFORE + "usage: train.py [-h] --data DATA\n"
        "train.py: error: the following arguments are required: --data\n",
        ("arguments are required",),
    ),
    "timeout": Crash(BEFORE + "timeout: sending signal TERM to command 'python'\n", ("TERM",)),
}
