"""What a foreign interpreter is asked: programs that load nothing of this project.

Each runs in a process of its own and ends with one line of JSON.
"""

from __future__ import annotations

_START = r"""
import json, sys
sys.path = [entry for entry in sys.path if entry]
"""

PACKAGES = (
    _START
    + r"""
import os, platform
from importlib.metadata import distributions
found, needs, places, torch_files, tf_files = {}, {}, {}, [], []
for distribution in distributions():
    name = distribution.metadata["Name"]
    if not name or not distribution.version:
        continue
    name = name.lower().replace("_", "-").replace(".", "-")
    folder = os.path.dirname(str(getattr(distribution, "_path", "")))
    places.setdefault(folder + "|" + name, set()).add(distribution.version)
    if name not in found:
        found[name] = distribution.version
        needs[name] = distribution.requires or []
        if name == "torch":
            torch_files.append(os.path.join(folder, "torch", "version.py"))
        if name in ("tensorflow", "tensorflow-cpu"):
            parts = "tensorflow", "python", "platform", "build_info.py"
            tf_files.append(os.path.join(folder, *parts))
def text(files):
    for file in files:
        try:
            with open(file, encoding="utf-8", errors="replace") as stream:
                return stream.read(100000)
        except OSError:
            pass
version = platform.python_version()
implementation = sys.implementation
print("\n" + json.dumps({
    "python_version": sys.version.split()[0],
    "packages": found,
    "requires": {name: lines for name, lines in needs.items() if lines},
    "doubled": sorted(
        place.partition("|")[2] + " " + " and ".join(sorted(versions))
        for place, versions in places.items() if len(versions) > 1
    ),
    "conda": os.path.isdir(os.path.join(sys.prefix, "conda-meta")),
    "torch_version_file": text(torch_files),
    "tensorflow_build_file": text(tf_files),
    "markers": {
        "implementation_name": implementation.name, "implementation_version": version,
        "os_name": os.name, "platform_machine": platform.machine(),
        "platform_release": platform.release(), "platform_system": platform.system(),
        "platform_version": platform.version(), "python_full_version": version,
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(version.split(".")[:2]), "sys_platform": sys.platform,
    },
}))
"""
)

TORCH = (
    _START
    + r"""
import torch
said = {"architectures": [], "available": False, "why_not": None, "bf16": None}
try:
    flags = torch._C._cuda_getArchFlags()
    said["architectures"] = flags.split() if flags else []
except AttributeError:
    said["architectures"] = []  # a build for the CPU has no such question
said["tf32_matmul"] = bool(torch.backends.cuda.matmul.allow_tf32)
said["tf32_cudnn"] = bool(torch.backends.cudnn.allow_tf32)
said["matmul_precision"] = torch.get_float32_matmul_precision()
try:
    torch.cuda.init()
    said["available"] = torch.cuda.device_count() > 0
    if said["available"]:
        torch.zeros(8, device="cuda").sum().item()
        said["bf16"] = all(
            torch.cuda.get_device_capability(n)[0] >= 8 for n in range(torch.cuda.device_count())
        )
except Exception as error:
    said["available"] = False
    said["why_not"] = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
print("\n" + json.dumps(said))
"""
)

XGBOOST = (
    _START
    + r"""
try:
    import numpy, xgboost
    data = xgboost.DMatrix(numpy.arange(32.0).reshape(16, 2), numpy.arange(16.0))
    booster = xgboost.train({"device": "cuda", "tree_method": "hist", "max_depth": 1}, data, 1)
    device = json.loads(booster.save_config())["learner"]["generic_param"]["device"]
    works, detail = device.startswith("cuda"), "the tiny fit ran on " + device
except Exception as error:
    works, detail = False, (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
print("\n" + json.dumps({"state": "works" if works else "fails", "detail": detail}))
"""
)

LIGHTGBM = (
    _START
    + r"""
import numpy, lightgbm
said, state = [], "fails"
x = numpy.arange(400.0).reshape(200, 2)
for device in ("cuda", "gpu"):
    try:
        settings = {"device_type": device, "verbose": -1, "min_data_in_leaf": 5, "num_leaves": 3}
        lightgbm.train(settings, lightgbm.Dataset(x, x[:, 0]), num_boost_round=1)
        state = "works"
        said.append(device + ": the tiny fit ran")
        break
    except Exception as error:
        said.append(device + ": " + (str(error).strip().splitlines() or ["failed"])[0][:150])
print("\n" + json.dumps({"state": state, "detail": "; ".join(said)}))
"""
)

ALL_REDUCE = (
    _START
    + r"""
import datetime, os, subprocess, tempfile
# the two local processes know each other through a file: the variables of a real run would
# make them wait for other machines
for name in ("MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE", "LOCAL_RANK"):
    os.environ.pop(name, None)
program = '''
import datetime, sys, torch, torch.distributed as dist
rank = int(sys.argv[2])
dist.init_process_group("gloo", init_method="file://" + sys.argv[1], rank=rank, world_size=2,
                        timeout=datetime.timedelta(seconds=20))
value = torch.tensor([1.0 + rank])
dist.all_reduce(value)
assert value.item() == 3.0, value
dist.destroy_process_group()
'''
with tempfile.TemporaryDirectory() as folder:
    meeting = os.path.join(folder, "meeting")
    both = [
        subprocess.Popen([sys.executable, "-c", program, meeting, str(rank)],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for rank in (0, 1)
    ]
    said = [process.communicate()[1] for process in both]
failed = [number for number, process in enumerate(both) if process.returncode != 0]
detail = "two local processes added up over gloo"
if failed:
    lines = said[failed[0]].strip().splitlines() or ["exit code %d" % both[failed[0]].returncode]
    detail = lines[-1][:300]
print("\n" + json.dumps({"state": "fails" if failed else "works", "detail": detail}))
"""
)
