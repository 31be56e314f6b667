"""A clean workspace, and nets with what Caffe2 1.10.2 made of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from mish.caffe2 import caffe2_pb2, core, workspace

DATA = Path(__file__).with_name("data")

_spec = importlib.util.spec_from_file_location("cases", Path(__file__).with_name("cases.py"))
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)


class Case(NamedTuple):
    """A net, what it is fed, and Caffe2's definition and blobs."""

    name: str
    net: core.Net
    feeds: dict[str, np.ndarray]
    definition: bytes
    blobs: dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    core.Net._names_used.clear()
    workspace.ResetWorkspace()
    yield
    workspace.SwitchWorkspace("default")


@pytest.fixture
def data() -> Path:
    return DATA


@pytest.fixture(scope="session")
def written_by_caffe2() -> dict[str, np.ndarray]:
    with np.load(DATA / "cases.npz") as archive:
        return dict(archive)


@pytest.fixture(params=cases.CASES)
def case(request: pytest.FixtureRequest, written_by_caffe2: dict[str, np.ndarray]) -> Case:
    name = request.param
    net, feeds = cases.CASES[name](core, caffe2_pb2)
    prefix = f"{name}/blob/"
    blobs = {
        key.removeprefix(prefix): array
        for key, array in written_by_caffe2.items()
        if key.startswith(prefix)
    }
    feeds = {blob: np.asarray(value) for blob, value in feeds.items()}
    return Case(name, net, feeds, written_by_caffe2[f"{name}/net"].tobytes(), blobs)
