"""What this installation is made of and what it found on this machine."""

from __future__ import annotations

import os
from typing import Literal, TypedDict, overload

_FRAMEWORKS = (
    *("torch", "jax", "keras", "tensorflow", "tensorflow-cpu", "thinc", "spacy"),
    *("onnx", "onnxruntime", "numba"),
)
_PACKAGE = os.path.dirname(os.path.dirname(__file__))


def get_include() -> str:
    """The folder of ``mish.h``, for the compiler of a C or C++ program; see docs/c.md."""
    return os.path.join(_PACKAGE, "include")


def get_library() -> str:
    """The path of the shared library that has the functions of ``mish.h``, for the linker.

    Raises:
        FileNotFoundError: if the installation has none.
    """
    folder = os.path.join(_PACKAGE, "lib")
    for suffix in ("so", "dylib", "dll"):
        if os.path.exists(found := os.path.join(folder, f"libmish.{suffix}")):
            return found
    raise FileNotFoundError(
        f"mish's library is missing: there is no libmish in {folder}; reinstall mish"
    )


class Config(TypedDict):
    """Facts about an installation; see ``show_config``."""

    version: str
    isa: str
    available_isas: list[str]
    isa_override: str | None
    threads: int
    python: str
    numpy: str
    machine: str
    frameworks: dict[str, str]
    tried: dict[str, str]


@overload
def show_config(as_dict: Literal[False] = ...) -> None: ...
@overload
def show_config(as_dict: Literal[True]) -> Config: ...
def show_config(as_dict: bool = False) -> Config | None:
    """Print facts about this installation, or return them.

    They are: the version of mish; the instruction set in use (``isa``), those that this CPU can
    run, and what the environment variable ``MISH_ISA`` asks for, if it is set; the number of
    threads that a call may use; Python, NumPy and the machine; the frameworks that are installed,
    with their versions; and which versions the tests have passed with (docs/compatibility.md). No
    framework is imported to find out.

    Args:
        as_dict: return the facts as a dict and print nothing.
    """
    # Imported here, since they take a fifth of the time that `import mish` takes.
    import platform
    from importlib.metadata import version

    from mish._numpy import native, threads
    from mish._support.tried import span, tried

    facts = Config(
        version=version("mish"),
        isa=native.isa(),
        available_isas=list(native.available_isas()),
        isa_override=os.environ.get("MISH_ISA"),
        threads=threads.get_num_threads(),
        python=platform.python_version(),
        numpy=version("numpy"),
        machine=f"{platform.system()} {platform.machine()}",
        frameworks=_installed(_FRAMEWORKS),
        tried={title: span(title) for title in tried() if title != "lowest versions"},
    )
    if as_dict:
        return facts
    for name, fact in facts.items():
        print(f"{name}: {fact}")
    return None


def _installed(names: tuple[str, ...]) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
