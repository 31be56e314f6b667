"""Optional packages: whoever lacks one is told which extra brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtra(ModuleNotFoundError):
    """A package of an extra is not installed; ``name`` is the module that was not found."""


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Import optional packages inside this, so that the error for a missing one names the extra.

    Where one lies in another the outer one speaks, as it is what was asked for.

    Args:
        extra: the extra that brings the packages.
        what: who needs them, as the message says it: ``"mish.plot"``.

    Raises:
        MissingExtra: a module was not found that is not mish's own.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "mish":
            raise
        raise MissingExtra(
            f"{what} needs the '{extra}' extra: pip install 'mish[{extra}]'", name=error.name
        ) from error
