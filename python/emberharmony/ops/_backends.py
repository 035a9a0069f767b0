"""Which backend computes."""

from emberharmony import _core


def get_backend() -> str:
    """The name of the backend that computes; what it lacks "native" does."""
    return _core.current_backend()


def set_backend(name: str | None) -> None:
    """Chooses the backend for the whole process.

    Args:
        name: A backend's name; None or "auto" chooses by itself.

    Raises:
        ValueError: There is no backend of that name; the message names those that are there.
    """
    if name is None or name == "auto":
        auto_select_backend()
    elif not _core.set_current_backend(name):
        found = ", ".join(_core.backend_names())
        raise ValueError(f"expected the name of a backend ({found}) or 'auto', found {name!r}")


def auto_select_backend() -> str:
    """Chooses the backend by itself, and returns its name."""
    _core.set_current_backend("native")
    return _core.current_backend()


def get_available_backends() -> list[str]:
    """The names of all backends."""
    return _core.backend_names()
