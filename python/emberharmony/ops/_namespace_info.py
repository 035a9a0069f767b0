"""What the namespace tells of itself: __array_namespace_info__ of the array API standard."""

from emberharmony._core import Device, DType
from emberharmony._core import available_devices as _available_devices
from emberharmony._core import functions as _functions

_isdtype = _functions("ops", "emberharmony.ops")["isdtype"]

_NAMES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
)


def _check_device(device: object) -> None:
    if device is not None:
        Device(device)  # raises for one that is not there


class NamespaceInfo:
    """Inspection of the namespace (the standard's section "Inspection")."""

    def capabilities(self) -> dict[str, object]:
        """What the library can do beyond what every library has to."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """The device of tensors that are made without naming one."""
        return Device("cpu")

    def devices(self) -> tuple[Device, ...]:
        """The CPU, and the devices of the backends that are loaded."""
        return tuple(_available_devices())

    def default_dtypes(self, *, device: Device | str | None = None) -> dict[str, DType]:
        """The dtypes of tensors that are made without naming one.

        Args:
            device: None or "cpu".
        """
        _check_device(device)
        return {
            "real floating": DType("float64"),
            "complex floating": DType("complex128"),
            "integral": DType("int64"),
            "indexing": DType("int64"),
        }

    def dtypes(
        self, *, device: Device | str | None = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, DType]:
        """The dtypes by their names.

        Args:
            device: None or "cpu".
            kind: None for all, else what isdtype() takes as names of kinds.

        Raises:
            ValueError: A kind that there is not.
        """
        _check_device(device)
        dtypes = {name: DType(name) for name in _NAMES}
        if kind is None:
            return dtypes
        return {name: dtype for name, dtype in dtypes.items() if _isdtype(dtype, kind)}


def __array_namespace_info__() -> NamespaceInfo:
    """An object that tells of devices, dtypes and capabilities."""
    return NamespaceInfo()
