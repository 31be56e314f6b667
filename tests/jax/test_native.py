"""The handlers: XLA's threads, calls at the same time, and what XLA is told of them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mish
import mish.jax
from mish.jax import _kernels


def test_large_arrays_are_shared_among_threads():
    """Blocks of all formats, a remainder at the end, and an odd start."""
    with jax.enable_x64(True):
        for dtype in (np.float32, np.float64):
            for size in (2 * 65536 - 1, 2 * 65536, 5 * 65536 + 7):
                x = np.linspace(-90, 90, size).astype(dtype)
                np.testing.assert_array_equal(mish.jax.mish(x, kernel="native"), mish.mish(x))


def test_many_calls_at_the_same_time():
    """More than XLA has threads, each wanting all of them."""
    xs = [np.linspace(-10, 10 + i, 300_000, dtype=np.float32) for i in range(16)]
    program = jax.jit(lambda xs: [mish.jax.mish(x, kernel="native") for x in xs])
    got = []

    def work():
        got.append(program(xs))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    for each in got:
        for y, x in zip(each, xs, strict=True):
            np.testing.assert_array_equal(y, mish.mish(x))


def test_the_instruction_set_is_that_of_the_environment():
    isa = mish.show_config(as_dict=True)["available_isas"][-1]
    show = (
        "import jax, numpy as np, mish, mish.jax;"
        "x = np.linspace(-9, 9, 999, dtype=np.float32);"
        "print(mish.show_config(as_dict=True)['isa'],"
        " np.array_equal(mish.jax.mish(x, kernel='native'), mish.mish(x)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", show],
        env=os.environ | {"MISH_ISA": isa},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"{isa} True\n"


@pytest.mark.parametrize(
    ("inputs", "out", "message"),
    [
        ([jnp.ones(3, jnp.int32)], (3, jnp.int32), "no kernel for this element type"),
        ([jnp.ones(3)], (3, jnp.float16), "inputs and result differ"),
        ([jnp.ones(3)], (4, jnp.float32), "inputs and result differ"),
        ([jnp.ones(3), jnp.ones(3)], (3, jnp.float32), "wrong number of inputs"),
    ],
)
def test_what_a_handler_refuses(inputs, out, message):
    """Nobody calls it so but a program that was not made by this package."""
    call = jax.ffi.ffi_call("mish_order_0", jax.ShapeDtypeStruct((out[0],), out[1]))
    with pytest.raises(jax.errors.JaxRuntimeError, match=message):
        call(*inputs).block_until_ready()


class Version(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_size_t),
        ("extensions", ctypes.c_void_p),
        ("major", ctypes.c_int),
        ("minor", ctypes.c_int),
    )


class Metadata(ctypes.Structure):
    _fields_ = (("size", ctypes.c_size_t), ("version", Version), ("traits", ctypes.c_uint32))


class Extension(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_size_t),
        ("kind", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("metadata", ctypes.POINTER(Metadata)),
    )


class Api(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_size_t),
        ("extensions", ctypes.c_void_p),
        ("version", Version),
        ("internal", ctypes.c_void_p),
    )


class Frame(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_size_t),
        ("extensions", ctypes.POINTER(Extension)),
        ("api", ctypes.POINTER(Api)),
        ("context", ctypes.c_void_p),
        ("stage", ctypes.c_int),
    )


@pytest.mark.parametrize(
    ("running", "told"),
    [(None, (0, 1)), ((0, 1), (0, 1)), ((0, 3), (0, 3)), ((0, 9), (0, 9)), ((1, 0), (0, 1))],
)
def test_the_version_that_a_handler_tells(running, told):
    """That of the running XLA, which lets it in; under another major version XLA refuses it."""
    metadata = Metadata()
    extension = Extension(kind=1, metadata=ctypes.pointer(metadata))
    frame = Frame(extensions=ctypes.pointer(extension))
    if running:
        frame.api = ctypes.pointer(Api(version=Version(major=running[0], minor=running[1])))
    handler = _kernels._LIBRARY.mish_order_0
    handler.restype = ctypes.c_void_p
    assert handler(ctypes.byref(frame)) is None
    assert (metadata.version.major, metadata.version.minor) == told
