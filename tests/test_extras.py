"""Each extra alone: its modules import and work, and without it the error names it.

Which packages an extra brings is read from the installed package's metadata. `make test-extras`
tries the same in environments made for the purpose, of packages freshly installed.
"""

from __future__ import annotations

import functools
import importlib.metadata
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]

# What works with an extra alone. Commands need `cli` besides.
USES = {
    "array-api": """
        from mish import formula

        class Array:
            def __array_namespace__(self, api_version=None):
                raise TypeError("this one was asked")

        try:
            formula.mish(Array())
        except TypeError as error:
            assert "this one was asked" in str(error.__context__)
    """,
    "caffe2": """
        import numpy as np
        from mish.caffe2 import MishOp, invoke
        assert invoke(MishOp(), np.zeros(3, np.float32)).shape == (3,)
    """,
    "claims": """
        import sklearn
        from mish.facts import claims
        assert claims.judge("bounded-range").verdict == "half true"
    """,
    "cli": """
        import mish.cli
        import mish.bench.report
    """,
    "cost": """
        import platform
        from mish import cost
        assert cost.step(cost.Training())
        if platform.machine() == "x86_64":
            assert cost.count("mish", "float32", "avx2").total > 0
        cost.measure_kernels(["mish"], ["bfloat16"], rounds=1)
    """,
    "keras": """
        import os
        os.environ["KERAS_BACKEND"] = "jax"
        import keras
        import mish.keras
        mish.keras.accelerate().undo()
    """,
    "jax": """
        import mish.jax
        assert mish.jax.mish(0.0) == 0
    """,
    "dask": """
        import dask.array
        import mish
        y = mish.mish(dask.array.ones(5, chunks=2))
        assert (y.compute(scheduler="synchronous") == mish.mish(1.0)).all()
    """,
    "numba": """
        import numba
        import numpy as np
        import mish
        assert numba.njit(lambda x: mish.mish(x))(np.zeros(3)).shape == (3,)
    """,
    "onnx": """
        import onnx.parser
        import mish.onnx
        model = onnx.parser.parse_model(
            '<ir_version: 8, opset_import: ["": 18]> g (float[N] x) => (float[N] y) {y = Mish(x)}'
        )
        assert mish.onnx.optimize(model).model.graph.node
    """,
    "plot": """
        from matplotlib.figure import Figure
        import mish.plot
        mish.plot.draw(ax=Figure().subplots(), against=["silu"])
    """,
    "reference": """
        from mish import facts, reference, ulp
        assert reference.value(1)
        assert facts.certified("mish")["minimum"]
    """,
    "study": """
        from mish.study import Cell, studies
        for name, each in studies().items():
            settings = each.settings("quick")[0]
            tuning = each.tuning("quick", settings)
            rate = tuning and tuning.rates[0]
            assert each.run(Cell(name, "mish", 0, settings), rate, "quick")
    """,
    "symbolic": """
        from mish import symbolic
        assert symbolic.formula(1).text()
    """,
    "tensorflow": """
        import tensorflow
        import mish.tensorflow
        assert mish.tensorflow.mish(0.0).shape == ()
    """,
    "thinc": """
        from thinc.api import NumpyOps
        import numpy as np
        import mish.thinc
        with mish.thinc.accelerate():
            assert NumpyOps().mish(np.zeros(3, np.float32)).shape == (3,)
    """,
    "torch": """
        import torch
        import mish.torch
        assert mish.torch.mish(torch.zeros(3)).shape == (3,)
    """,
}
# Keras does not start without a back end, which people choose.
BESIDE = {"keras": ("jax",)}
COMMANDS = {
    "claims": "facts --claim noisy-data --json",
    "cli": "info",
    "cost": "cost --no-measure --op mish --dtype float32",
    "jax": "bench --peers mish-jax --rounds 1 --size 16",
    "onnx": f"optimize {ROOT / 'examples' / 'digits' / 'digits.onnx'} --dry-run",
    "plot": "plot -o mish.png",
    "reference": "facts --compare",
    "study": "study labels --quick --seeds 1 --activation mish",
    "symbolic": "formula --order 2",
    "caffe2": f"caffe2 run {ROOT / 'tests' / 'caffe2' / 'data' / 'mish_net_forward.pb'} --help",
    "numba": "bench --peers mish-numba --rounds 1 --size 16",
    "torch": "bench --peers mish-torch --rounds 1 --size 16",
}
MODULES = {
    "mish.bench.report": "cli",
    "mish.caffe2": "caffe2",
    "mish.caffe2.to_onnx": "onnx",
    "mish.cost": "cost",
    "mish.facts": "reference",
    "mish.jax": "jax",
    "mish.keras": "keras",
    "mish.numba": "numba",
    "mish.onnx": "onnx",
    "mish.reference": "reference",
    "mish.check": "symbolic",
    "mish.symbolic": "symbolic",
    "mish.tensorflow": "tensorflow",
    "mish.thinc": "thinc",
    "mish.torch": "torch",
}


def packages_of(extra):
    """The distributions that an extra names."""
    named = map(Requirement, importlib.metadata.requires("mish"))
    return {each.name for each in named if each.marker and each.marker.evaluate({"extra": extra})}


def plain(name):
    return name.lower().replace("-", "_")


@functools.cache
def needed_by(distribution):
    """A distribution, and all that it needs."""
    found, left = set(), {distribution}
    while left:
        name = left.pop()
        found.add(name)
        try:
            needed = map(Requirement, importlib.metadata.requires(name) or ())
        except importlib.metadata.PackageNotFoundError:
            continue
        left |= {e.name for e in needed if not e.marker or e.marker.evaluate({"extra": ""})} - found
    return set(map(plain, found))


OPTIONAL = set().union(*map(packages_of, USES))


def modules_of(distributions):
    """The top modules of some distributions."""
    return [
        module
        for module, packages in importlib.metadata.packages_distributions().items()
        if set(distributions) & set(packages)
    ]


def run_without(distributions, code):
    """Run code in a new interpreter that cannot import some distributions."""
    block = f"""
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in {modules_of(distributions)!r}:
            return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", block + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_extra_is_tried():
    named = set(importlib.metadata.metadata("mish").get_all("Provides-Extra"))
    assert named == {*USES, "all"}
    assert packages_of("all") == {"mish"}
    (everything,) = (
        each
        for each in map(Requirement, importlib.metadata.requires("mish"))
        if each.name == "mish"
    )
    assert everything.extras == set(USES)


@pytest.mark.parametrize("extra", USES)
@pytest.mark.slow
def test_an_extra_is_enough_for_its_modules(extra):
    wanted = set().union(*map(packages_of, (extra, *BESIDE.get(extra, ()))))
    for name in wanted:
        if not modules_of({name}):  # the lock leaves out what does not fit
            pytest.skip(f"{name} is not installed")
    kept = set().union(*map(needed_by, wanted))
    shown = run_without({name for name in OPTIONAL if plain(name) not in kept}, USES[extra])
    assert shown.returncode == 0, shown.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_without_its_extra_a_module_names_it(module):
    extra = MODULES[module]
    show = f"""
        try:
            import {module}
        except ImportError as error:
            print(error.name.partition(".")[0], type(error).__mro__[1].__name__, error)
    """
    shown = run_without(packages_of(extra), show)
    assert shown.returncode == 0, shown.stderr
    missing, kind, message = shown.stdout.strip().split(maxsplit=2)
    assert missing in (modules_of(packages_of(extra)) or packages_of(extra))
    assert kind == "ModuleNotFoundError"
    assert message == f"{module} needs the '{extra}' extra: pip install 'mish[{extra}]'"


def test_without_its_extra_a_namespace_is_not_looked_for():
    show = """
        import numpy as np
        from mish import formula
        assert formula.mish(np.ones(3), np).dtype == formula.mish(np.ones(3)).dtype
        try:
            formula.mish([1.0])
        except ImportError as error:
            print(error)
    """
    shown = run_without(packages_of("array-api"), show)
    assert shown.stdout.strip() == (
        "mish.formula without xp, of a list, needs the 'array-api' extra: "
        "pip install 'mish[array-api]'"
    )


def test_without_its_extra_no_study_runs():
    show = """
        from pathlib import Path
        from mish import study
        for call in (
            lambda: study.run(["labels"], database="d.sqlite"),
            lambda: study.results("d.sqlite", "labels"),
        ):
            try:
                call()
            except ModuleNotFoundError as error:
                print(error)
        assert not Path("d.sqlite").exists()
    """
    shown = run_without(packages_of("study"), show)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        f"mish.study.{name} needs the 'study' extra: pip install 'mish[study]'"
        for name in ("run", "results")
    ]


@pytest.mark.environments
@pytest.mark.parametrize("extra", USES)
def test_an_extra_is_enough_in_a_clean_environment(extra, wheel, tmp_path):
    """Its modules with the extra alone, and then its command, which needs `cli` as well."""
    new = tmp_path / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True)
    constraints = ["-c", ROOT / "requirements-dev.txt"] if sys.version_info >= (3, 11) else []
    install = [new, "-m", "pip", "install", "-q", *constraints]
    extras = ",".join([extra, *BESIDE.get(extra, ())])
    subprocess.run([*install, f"{wheel}[{extras}]"], check=True)
    subprocess.run([new, "-W", "error", "-c", textwrap.dedent(USES[extra])], check=True)
    subprocess.run([*install, f"{wheel}[{extras},cli]"], check=True)
    command = COMMANDS.get(extra, "--version").split()
    subprocess.run([new, "-W", "error", "-m", "mish", *command], check=True, cwd=tmp_path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT]
    subprocess.run(build, check=True)
    (found,) = folder.glob("*.whl")
    return found
