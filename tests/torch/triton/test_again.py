"""A kernel that is launched again gets what Triton would give it; a driver records the launches."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")
triton = pytest.importorskip("triton")

from triton.backends.compiler import GPUTarget  # noqa: E402
from triton.runtime import driver  # noqa: E402

from mish.torch._triton import again, launch, pointwise  # noqa: E402

if torch.cuda.is_available():
    pytest.skip("the driver's place is taken", allow_module_level=True)

launches = []


class _Launcher:
    def __init__(self, src, metadata):
        pass

    def __call__(self, *arguments):
        launches.append(arguments)


class _Utilities:
    functions = itertools.count(1)

    def load_binary(self, *_):
        return 1, next(self.functions), 30, 0, 1024

    def get_device_properties(self, _):
        return {"max_shared_mem": 1 << 17}


class _Driver:
    """What Triton asks of a driver to compile for an H100 and to launch."""

    launcher_cls = _Launcher
    utils = _Utilities()

    def get_current_device(self):
        return 0

    def get_current_stream(self, device):
        return 7

    def get_current_target(self):
        return GPUTarget("cuda", 90, 32)


@pytest.fixture
def run(monkeypatch):
    """Launch a kernel on tensors; what the driver saw."""
    before = driver._active
    driver.set_active(_Driver())
    monkeypatch.setattr(launch, "_kept", again.Kept())

    def function(kernel, order, *tensors):
        launches.clear()
        launch._run(kernel, order, *tensors)
        (seen,) = launches
        return seen

    yield function
    driver._active = before


def _tensors(count, size, offset=0):
    return [torch.empty(size + offset, dtype=torch.float16)[offset:] for _ in range(count)]


def _as_pointers(seen):
    return tuple(each.data_ptr() if isinstance(each, torch.Tensor) else each for each in seen)


@pytest.mark.parametrize(
    ("kernel", "count", "order"), [(pointwise.unary, 2, 0), (pointwise.weighted, 3, 1)]
)
def test_the_same_launch(run, monkeypatch, kernel, count, order):
    run(kernel, order, *_tensors(count, 2048))
    for size in (1, 5000, 4096, 3):
        tensors = _tensors(count, size)
        ours = run(kernel, order, *tensors)
        with monkeypatch.context() as patch:
            patch.setattr(launch, "_kept", again.Kept())
            theirs = run(kernel, order, *tensors)
        assert ours[:4] == (-(-size // 2048), 1, 1, 7)
        assert ours[:6] == theirs[:6]  # the function, too: it is not compiled for a size
        assert ours[6:9] == (None, None, None)
        assert ours[9:] == _as_pointers(theirs[9:])


def test_what_is_not_kept(run):
    assert run(pointwise.unary, 0, *_tensors(2, 100))[9] is not None
    shifted = _tensors(2, 100, offset=1)
    assert run(pointwise.unary, 0, *shifted)[9] is shifted[0]  # compiled anew
    aligned = _tensors(2, 100)
    assert run(pointwise.unary, 0, *aligned)[9] == aligned[0].data_ptr()
    other = [each.to(torch.bfloat16) for each in aligned]
    assert run(pointwise.unary, 0, *other)[9] is other[0]
    assert run(pointwise.unary, 1, *aligned)[9] is aligned[0]


def test_hooks_are_called(run):
    aligned = _tensors(2, 100)
    run(pointwise.unary, 0, *aligned)
    assert run(pointwise.unary, 0, *aligned)[9] == aligned[0].data_ptr()
    chain = triton.knobs.runtime.launch_enter_hook
    chain.add(print)
    try:
        seen = run(pointwise.unary, 0, *aligned)
    finally:
        chain.remove(print)
    assert seen[7] is chain and seen[9] is aligned[0]
