"""The work of the rewriter grows as the model does. Calls are counted, no time is measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from mish.onnx import optimize

_SCRIPT = Path(__file__).parents[2] / "benchmarks" / "onnx" / "scaling.py"


@pytest.fixture(scope="module")
def models():
    spec = spec_from_file_location("onnx_scaling", _SCRIPT)
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.MODELS


@contextmanager
def counted(calls: list[int]) -> Iterator[None]:
    """Adds the number of calls, of Python's functions and of C's, to a list."""
    count = 0

    def watch(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)
        calls.append(count)


@pytest.mark.parametrize(("name", "count"), [("network", 350), ("chain", 400), ("functions", 20)])
def test_twice_the_model_is_twice_the_work(models, name, count):
    make = models[name][0]
    optimize(make(count))  # what is proved once for all models
    calls: list[int] = []
    for size in (count, 2 * count):
        model = make(size)
        with counted(calls):
            report = optimize(model)
    assert len(report.rewritten) == {"network": 100, "chain": 0, "functions": 40}[name]
    assert calls[1] < 2.1 * calls[0]


def test_functions_that_do_the_same_are_judged_once(models, monkeypatch):
    from mish.onnx._find import finder

    judged = []
    real = finder.Finder._judged
    monkeypatch.setattr(
        finder.Finder, "_judged", lambda *given: judged.append(given) or real(*given)
    )
    numbers = []
    for size in (20, 40):
        judged.clear()
        optimize(models["functions"][0](size))
        numbers.append(len(judged))
    assert numbers[0] == numbers[1]
