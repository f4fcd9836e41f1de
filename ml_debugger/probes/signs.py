"""Signs of an NVIDIA GPU that need no driver call: files, kernel entries, PCI devices."""

from __future__ import annotations

from pathlib import Path

_NVIDIA = "0x10de"
_DISPLAY = "0x03"
_LIBRARY_FOLDERS = (
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib64",
    "usr/lib",
    "usr/lib/wsl/lib",
    "usr/local/nvidia/lib64",
    "usr/local/cuda/compat",
    "run/opengl-driver/lib",
)


def device_files(root: Path = Path("/")) -> list[str]:
    """Device files of cards: `/dev/nvidia0` …, or `/dev/dxg` under WSL."""
    found = [f for f in (root / "dev").glob("nvidia[0-9]*") if f.name[6:].isdigit()]
    wsl = root / "dev/dxg"
    return sorted(f"/dev/{f.name}" for f in found) + (["/dev/dxg"] if wsl.exists() else [])


def signs_of_gpu(root: Path = Path("/")) -> tuple[str, ...]:
    """Everything that speaks for an NVIDIA card or driver on this machine."""
    signs = device_files(root)
    for name in ("dev/nvidiactl", "proc/driver/nvidia/version"):
        if (root / name).exists():
            signs.append(f"/{name}")
    signs += _pci_devices(root)
    for folder in _LIBRARY_FOLDERS:
        if (root / folder / "libnvidia-ml.so.1").exists():
            signs.append(f"/{folder}/libnvidia-ml.so.1")
    return tuple(signs)


def _pci_devices(root: Path) -> list[str]:
    found = []
    for device in sorted((root / "sys/bus/pci/devices").glob("*")):
        try:
            vendor = (device / "vendor").read_text().strip()
            kind = (device / "class").read_text().strip()
        except OSError:
            # a device may leave the bus between the listing and the reading
            continue
        # class 0x03 is a display controller; NVIDIA's audio and bridge functions are not cards
        if vendor == _NVIDIA and kind.startswith(_DISPLAY):
            found.append(f"PCI {device.name}")
    return found
