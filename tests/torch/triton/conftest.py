"""The kernels in Triton's interpreter, and on a GPU where there is one.

Whether a function is interpreted is decided when its module is imported. So the package is imported
here once more, under the interpreter, and not left where others would find it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
triton = pytest.importorskip("triton")

import triton.language as tl  # noqa: E402
from triton.runtime import interpreter  # noqa: E402

import mish.torch  # noqa: E402
from mish.torch import _cuda  # noqa: E402

_spec = importlib.util.spec_from_file_location("exact", Path(__file__).with_name("exact.py"))
exact = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(exact)

_PACKAGE = "mish.torch._triton"
_MODULES = ("fused", "kept", "launch", "math", "packed", "pointwise")
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def _interpreted():
    """The modules launch, math and pointwise, as the interpreter runs them."""
    others = {name: sys.modules.pop(name) for name in list(sys.modules) if _PACKAGE in name}
    attribute = vars(mish.torch).get("_triton")
    with triton.knobs.runtime.scope():
        triton.knobs.runtime.interpret = True
        modules = {name: importlib.import_module(f"{_PACKAGE}.{name}") for name in _MODULES}
    for name in list(sys.modules):
        if _PACKAGE in name:
            del sys.modules[name]
    sys.modules.update(others)
    if attribute is None:
        del mish.torch._triton
    else:
        mish.torch._triton = attribute
    return modules


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def fma():
    """What stands for the interpreter's multiply-add."""
    return exact.fma


@pytest.fixture(scope="session")
def _interpreted_modules():
    return _interpreted()


_DEVICES = ["interpreter", *(["cuda"] if torch.cuda.is_available() else [])]


@contextmanager
def _language_restored():
    """Take back what the interpreter changes in `triton.language` and leaves when kernels end.

    It does so where a function of that library calls another; compilers would trip over it.
    """
    places = (tl, tl.core, tl.math, tl.tensor, tl.core.tensor_descriptor_base)
    before = [(place, dict(vars(place))) for place in places]
    yield
    for place, members in before:
        for name, now in dict(vars(place)).items():
            if name not in members:
                delattr(place, name)
            elif now is not members[name]:
                setattr(place, name, members[name])


@pytest.fixture
def set_slip(monkeypatch):
    """A function that sets how wrong approximate instructions are in the interpreter."""

    def set_to(name: str) -> None:
        monkeypatch.setattr(tl, "inline_asm_elementwise", exact.assembly(exact.Slip[name]))

    return set_to


@pytest.fixture(params=_DEVICES)
def kernels(request, monkeypatch, set_slip):
    """Where the kernels run (``device``), and their modules launch, math and pointwise."""
    if request.param == "cuda":
        modules = {name: importlib.import_module(f"{_PACKAGE}.{name}") for name in _MODULES}
        yield SimpleNamespace(device="cuda", **modules)
        return
    modules = request.getfixturevalue("_interpreted_modules")
    for name, method in exact.patches().items():
        monkeypatch.setattr(interpreter.InterpreterBuilder, name, method)
    monkeypatch.setattr(_cuda, "_launch", lambda: modules["launch"])
    with triton.knobs.runtime.scope():
        triton.knobs.runtime.interpret = True
        set_slip("MIXED")
        monkeypatch.setattr(tl, "sum", triton.jit(tl.sum.fn))  # it was imported compiled
    with np.errstate(all="ignore"), _language_restored():
        yield SimpleNamespace(device="cpu", **modules)


@pytest.fixture(params=DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
def dtype(request):
    return request.param


@pytest.fixture
def evaluate(kernels):
    """A function of NumPy arrays: a derivative by the kernels, in few large programs."""

    def derivative(x: np.ndarray, order: int, kind: torch.dtype) -> torch.Tensor:
        given = torch.from_numpy(x).to(kind).to(kernels.device)
        if kernels.device == "cuda":
            return kernels.launch.derivative(given, order).cpu()
        result = torch.empty_like(given)
        block = 1 << 16
        kernels.pointwise.unary[(-(-given.numel() // block),)](
            result,
            given,
            given.numel(),
            function=kernels.launch.function_for(kind, order),
            block=block,
            wide=False,
        )
        return result

    return derivative


@pytest.fixture
def call(kernels):
    """A function that calls an operator's kernel for CUDA, whatever device the tensors are on."""
    keys = torch._C.DispatchKeySet(torch._C.DispatchKey.CUDA)

    def operator(name: str, *arguments, **options):
        overload = _overload(name)
        return overload.redispatch(keys, *arguments, **options)

    return operator


def _overload(name: str):
    namespace, _, rest = name.partition("::")
    operator, _, overload = rest.partition(".")
    return getattr(getattr(getattr(torch.ops, namespace), operator), overload or "default")
