"""Who may import whom: the floors of docs/architecture.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

import mish

ROOT = Path(mish.__file__).parent
ADAPTERS = {  # each with the packages that it is for
    "caffe2": {"google.protobuf", "onnx"},
    "jax": {"jax"},
    "keras": {"keras"},
    "numba": {"llvmlite", "numba"},
    "onnx": {"google.protobuf", "onnx", "onnxruntime"},
    "tensorflow": {"tensorflow"},
    "thinc": {"thinc"},
    "torch": {"torch", "triton"},
}
# Keras is a face of other frameworks: its tensors are theirs, and so are their adapters.
LEANS_ON = {"keras": {"jax", "tensorflow", "torch"}}
MEASUREMENT = "_measure"  # above the adapters: its peers are of every framework
FACES = {"cli", "plot", "bench", "cost", "study", "__main__"}
FRAMEWORKS = set().union(*ADAPTERS.values())
MODULES = sorted(ROOT.rglob("*.py"))


def framework(name):
    """The framework that a module belongs to, or None."""
    return next((each for each in FRAMEWORKS if f"{name}.".startswith(f"{each}.")), None)


def floor(module):
    """The first name below mish: the adapter, the face, or the module of the core."""
    return [*module.split("."), ""][1]


def dotted(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path, module):
    """Every module that a file names in an import, wherever in the file it stands."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield base
            yield from (f"{base}.{name.name}" for name in node.names)


def test_the_walk_finds_the_package():
    assert {"mish.reference", "mish.cli", "mish.cli.plot", "mish.onnx"} <= set(map(dotted, MODULES))
    console = ROOT / "cli" / "plot.py"
    assert {"typer", "mish.cli.console", "mish.plot"} <= set(imported(console, dotted(console)))


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_point_down(path):
    module = dotted(path)
    own = floor(module)
    for name in imported(path, module):
        if own not in FACES | {MEASUREMENT} and framework(name):
            assert framework(name) in ADAPTERS.get(own, ()), f"{module} imports {name}"
        if name.partition(".")[0] != "mish" or floor(name) == own:
            continue
        if own not in FACES:
            assert floor(name) not in FACES, f"{module} imports the face {name}"
        if own not in FACES | {MEASUREMENT}:
            allowed = LEANS_ON.get(own, set())
            assert floor(name) not in ADAPTERS.keys() - allowed, (
                f"{module} imports the adapter {name}"
            )
            assert floor(name) != MEASUREMENT, f"{module} imports {name}"


# Each folder of mish.onnx may use those before it.
STEPS = ("_model", "_prove", "_find", "_write", "_compare")


@pytest.mark.parametrize("path", [path for path in MODULES if "onnx" in path.parts], ids=dotted)
def test_the_steps_of_onnx_point_back(path):
    module = dotted(path)
    step = [*module.split("."), ""][2]
    if floor(module) != "onnx" or step not in STEPS:
        return
    for name in imported(path, module):
        if name.startswith("mish.onnx.") and (other := name.split(".")[2]) in STEPS:
            assert STEPS.index(other) <= STEPS.index(step), f"{module} imports {name}"


def test_import_mish_loads_numpy_alone():
    show = (
        "import sys; import numpy; before = set(sys.modules); import mish;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split()) - sys.stdlib_module_names
    assert loaded - {"numpy"} == {"mish"}


def test_import_mish_needs_nothing_that_windows_lacks():
    lacking = (
        "import sys;"
        "sys.modules.update(dict.fromkeys(['fcntl', 'grp', 'pwd', 'resource', 'termios']));"
        "import mish; mish.antiderivative(1.0), mish.derivative(1.0, 5), mish.inverse(1.0)"
    )
    subprocess.run([sys.executable, "-c", lacking], check=True)


def test_import_mish_torch_does_not_load_the_compiler():
    """It takes seconds, and Triton, which it loads, cannot be loaded after TensorFlow."""
    pytest.importorskip("torch", exc_type=ImportError)
    show = "import sys; import mish.torch; print(*sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert not {"torch._dynamo", "torch._inductor", "triton"} & set(shown.stdout.split())


def test_the_command_starts_without_the_heavy_packages():
    show = "import sys; import mish.cli; print(*sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    assert "typer" in loaded
    assert not loaded & (FRAMEWORKS | {"flint", "matplotlib", "mish.study", "pandas", "sqlite3"})
