"""The peers: everybody who computes Mish, ours included, one module for each ecosystem.

A module here imports its framework and has ``set_threads(n)`` and, for each peer, a function that
turns a task into a contender. Peers that disturb each other (pools of threads, compilers) live in
different modules, and each module has a process of its own.

Each peer is called in the fastest way that its interface offers for many calls on the same arrays:
with inputs in its own format, and into a given output where it can.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

OPS = {"forward": 0, "backward": 1, "d2": 2}
"""The operations, with the order of the derivative that each computes."""

RESULTS = {"given": ("given",), "new": ("new",), "both": ("given", "new")}
"""Where results go, and which ways each choice asks for: into an array that is there already, where
the peer can do that, or into memory that each call asks for."""

DTYPES = ("float32", "float64", "bfloat16", "float16")


class Unsupported(Exception):
    """The peer does not offer this operation in this format; the text says what it lacks."""


class Task(NamedTuple):
    """What is to be computed.

    Attributes:
        op: A key of ``OPS``: mish(x), dy·mish′(x), or mish″(x).
        x: The points, one-dimensional.
        dy: The gradient of the result, for ``backward``.
        result: Where it should go, "given" or "new".
    """

    op: str
    x: npt.NDArray[Any]
    dy: npt.NDArray[Any]
    result: str = "given"


class Contender(NamedTuple):
    """A peer at a task.

    Attributes:
        call: Computes everything once; returns when it is done.
        array: Makes a NumPy array of what ``call`` returns.
        result: Where the result goes: "new" also where a peer cannot use a given array.
    """

    call: Callable[[], Any]
    array: Callable[[Any], npt.NDArray[Any]] = np.asarray
    result: str = "new"


@dataclass(frozen=True)
class Peer:
    """One way to compute Mish.

    Attributes:
        name: What ``--peers`` calls it.
        label: What a table calls it.
        module: Which module of this package it lives in, and so in which process.
        function: The function of that module.
        needs: Modules that must be installed.
        packages: Distributions whose versions matter.
        ours: Whether mish itself does the work.
    """

    name: str
    label: str
    module: str
    function: str
    needs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    ours: bool = False

    def missing(self) -> list[str]:
        """The needed modules that are not installed."""
        return [name for name in self.needs if not _installed(name)]

    def start(self, task: Task) -> Contender:
        """Get ready for a task.

        Raises:
            Unsupported: it does not do such tasks.
        """
        start: Callable[[Task], Contender] = getattr(load(self.module), self.function)
        return start(task)


MISH = "mish"
COPY = "copy"

PEERS = (
    Peer(COPY, "copy of the array", "numpy", "copy"),
    Peer(MISH, "mish", "numpy", "mish_numpy", ours=True),
    Peer("mish-torch", "mish.torch", "torch", "mish_torch", ("torch", "mish.torch"), ours=True),
    Peer(
        "mish-torch-compile",
        "torch.compile of mish.torch",
        "torch",
        "mish_torch_compiled",
        ("torch", "mish.torch"),
        ours=True,
    ),
    Peer("mish-jax", "JAX jit of mish.jax", "jax", "jit_ours", ("jax", "mish.jax"), ours=True),
    Peer(
        "mish-onnx",
        "mish.onnx's form in ONNX Runtime",
        "onnxruntime",
        "sigmoid_form",
        ("onnx", "onnxruntime"),
        ours=True,
    ),
    Peer(
        "mish-numba",
        "mish inside a Numba function",
        "numba",
        "mish_numba",
        ("numba", "mish.numba"),
        ("numba",),
        ours=True,
    ),
    Peer("openvino", "OpenVINO Mish", "openvino", "node", ("openvino",), ("openvino",)),
    Peer("numpy", "NumPy x*tanh(log1p(exp(x)))", "numpy", "naive"),
    Peer("numpy-stable", "NumPy x*tanh(logaddexp(0, x))", "numpy", "stable"),
    Peer("numexpr", "numexpr", "numexpr", "expression", ("numexpr",), ("numexpr",)),
    Peer("numba", "Numba, one exponential", "numba", "loop", ("numba",), ("numba",)),
    Peer("torch", "PyTorch eager", "torch", "eager", ("torch",), ("torch",)),
    Peer("torch-compile", "torch.compile of F.mish", "torch", "compiled", ("torch",), ("torch",)),
    Peer("jax", "JAX jit of jax.nn.mish", "jax", "jit", ("jax",), ("jax",)),
    Peer(
        "keras",
        "Keras mish, TensorFlow",
        "tensorflow",
        "graph",
        ("tensorflow", "keras"),
        ("keras", "tensorflow", "tensorflow-cpu"),
    ),
    Peer(
        "keras-xla",
        "Keras mish, TensorFlow XLA",
        "tensorflow",
        "xla",
        ("tensorflow", "keras"),
        ("keras", "tensorflow", "tensorflow-cpu"),
    ),
    Peer(
        "onnxruntime",
        "ONNX Runtime, op Mish",
        "onnxruntime",
        "operator",
        ("onnx", "onnxruntime"),
        ("onnxruntime",),
    ),
    Peer(
        "onnxruntime-softplus",
        "ONNX Runtime, Softplus-Tanh-Mul",
        "onnxruntime",
        "decomposed",
        ("onnx", "onnxruntime"),
        ("onnxruntime",),
    ),
    Peer("thinc", "thinc", "thinc", "ops", ("thinc",), ("thinc",)),
)


def select(names: Sequence[str] | None = None) -> list[Peer]:
    """Choose peers by name, in the order of ``PEERS``; all of them by default.

    Raises:
        ValueError: there is no peer of a name.
    """
    known = [peer.name for peer in PEERS]
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ValueError(f"no peer is called {unknown[0]!r}; there are {', '.join(known)}")
    return [peer for peer in PEERS if names is None or peer.name in names]


def load(module: str) -> Any:
    """Import a module of this package."""
    return importlib.import_module(f"{__name__}.{module}")


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that it would lie in
        return False
