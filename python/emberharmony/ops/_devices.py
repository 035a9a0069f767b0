"""Devices and threads. Tensors are made on the CPU unless a device is named."""

from emberharmony import _core
from emberharmony._core import Device
from emberharmony.ops._keywords import shorten_keywords


def _check(device: Device | str | None) -> None:
    if device is not None:
        Device(device)  # raises for one that is not there


def get_available_devices() -> list[str]:
    """The names of all devices: the CPU, and those of the backends that are loaded."""
    return [str(device) for device in _core.available_devices()]


def is_available(device_type: str = "cpu") -> bool:
    """Whether there is a device of a type.

    Args:
        device_type: "cpu", "cuda", ...
    """
    return any(
        name.split(":")[0] == str(device_type).split(":")[0] for name in get_available_devices()
    )


def get_default_device() -> str:
    """The name of the device on which tensors are made."""
    return "cpu"


def set_default_device(device: Device | str) -> None:
    """Chooses the device on which tensors are made: the CPU is the only choice.

    Args:
        device: "cpu".

    Raises:
        ValueError: Another device, or one that is not there.
    """
    _check(device)
    if Device(device) != "cpu":
        raise ValueError(
            f"device: tensors are made on the CPU unless a call names another, found {device}: "
            "pass device= where they are made"
        )


def synchronize(device: Device | str | None = None) -> None:
    """Waits until a device has done its work, which the CPU has when a function returns.

    Args:
        device: A device; None: all of them.
    """
    for each in _core.available_devices() if device is None else [device]:
        _core.synchronize(each)


def _memory(name: str) -> dict[str, int]:
    """The lines "Name:  123 kB" of a file under /proc, in bytes; empty where there is none."""
    try:
        with open(f"/proc/{name}", encoding="ascii") as lines:
            fields = (line.split() for line in lines)
            return {
                field[0].rstrip(":"): int(field[1]) * 1024
                for field in fields
                if len(field) == 3 and field[2] == "kB"
            }
    except OSError:
        return {}


def memory_usage(device: Device | str | None = None) -> int:
    """Bytes of memory that this process uses (resident); 0 where the system does not tell.

    Args:
        device: None or "cpu".
    """
    _check(device)
    return _memory("self/status").get("VmRSS", 0)


def memory_info(device: Device | str | None = None) -> dict[str, float]:
    """The memory of a device.

    Args:
        device: None or "cpu".

    Returns:
        `total`, `available` and `used` in bytes and `percent` used; zeros where the system does not
        tell.
    """
    _check(device)
    memory = _memory("meminfo")
    total = memory.get("MemTotal", 0)
    available = memory.get("MemAvailable", 0)
    used = total - available
    percent = round(100 * used / total, 1) if total else 0.0
    return {"total": total, "available": available, "used": used, "percent": percent}


def get_num_threads() -> int:
    """Threads that one operation may use. No result depends on it."""
    return _core.get_num_threads()


def set_num_threads(num_threads: int) -> None:
    """Sets how many threads one operation may use, for the whole process.

    Args:
        num_threads: 1 or more. By default EMBERHARMONY_NUM_THREADS, else the process's cores.

    Raises:
        ValueError: A number below 1.
    """
    _core.set_num_threads(num_threads)


shorten_keywords(globals())
