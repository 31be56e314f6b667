"""mish with other versions of Python, NumPy and the frameworks: a session is a cell of a matrix.

    nox --list
    nox -s "torch(version='2.10.0')"
    nox -t matrix

Each cell installs the same wheel into a new environment, runs a part of the tests there, and writes
what came of it to src/mish/_support/tried.json, which `mish info` shows, and docs/compatibility.md.
A Python that the machine does not have is left out, with its name.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tools" / "matrix"))

import results  # noqa: E402

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = []

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
FREE_THREADED = ["3.13t", "3.14t"]
# What each of the versions below has a wheel for.
NUMPYS_PYTHON, FRAMEWORKS_PYTHON = "3.12", "3.11"

NUMPYS = ["1.26.4", "2.0.2", "2.5.5"]
TORCHES = ["2.10.0", "2.11.0", "2.12.1", "2.13.0", "2.14.1", "2.15.0"]
RUNTIMES = [f"1.{minor}" for minor in range(20, 33, 2)]
JAXES = ["0.7.0", "0.8.0", "0.9.0", "0.10.2"]

# With bounds, since the cell of the lowest versions takes them at their word.
TOOLS = ["pytest>=8.3", "hypothesis>=6.112", "ml_dtypes>=0.5", "mpmath>=1.3", "threadpoolctl>=3"]
ARRAYS = [
    "tests/test_ufuncs.py",
    "tests/test_derivative.py",
    "tests/test_inverse.py",
    "tests/test_concurrency.py",
    "tests/test_config.py",
    "tests/test_subinterpreters.py",
    "tests/test_when_imported.py",
    "tests/faults/test_ufuncs.py",
    "tests/faults/test_derivative.py",
    "tests/faults/test_threads.py",
]
TORCH = [
    "tests/torch/test_functions.py",
    "tests/torch/test_autograd.py",
    "tests/torch/test_accelerate.py",
    "tests/torch/test_double_backward.py",
    "tests/torch/test_module.py",
    "tests/torch/test_private.py",
    "tests/torch/test_compile.py::test_accelerated_compiled_is_the_formula_and_ends",
    "tests/torch/test_compile.py::test_export",
    "tests/faults/test_torch.py",
]
ONNX = [
    "tests/onnx/test_native.py",
    "tests/onnx/test_native_shapes.py",
    "tests/onnx/test_optimize.py",
    "tests/onnx/test_forms.py",
    "tests/onnx/test_verify.py",
    "tests/onnx/test_opset.py",
]
JAX = [
    "tests/jax/test_functions.py",
    "tests/jax/test_native.py",
    "tests/jax/test_accelerate.py",
    "tests/jax/test_transformations.py",
    "tests/faults/test_jax.py",
]
OTHERS = [
    "tests/cli/test_info.py",
    "tests/cli/test_formula.py",
    "tests/cli/test_optimize.py",
    "tests/plot/test_draw.py",
    "tests/caffe2/test_values.py",
    "tests/caffe2/test_net.py",
    "tests/caffe2/test_to_onnx.py",
    "tests/symbolic",
]


@nox.session(python=PYTHONS, tags=["matrix"])
def python(session: nox.Session) -> None:
    """A version of Python, with the newest NumPy that it takes."""
    _try(session, "Python", str(session.python), ["numpy"], "reference,symbolic", ARRAYS)


@nox.session(python=FREE_THREADED, tags=["matrix"])
def free_threaded(session: nox.Session) -> None:
    """A Python without the global interpreter lock; four threads run each test at once."""
    # what has no wheel for it would be compiled, by tools of which some come from elsewhere
    packages = ["--only-binary=:all:", "numpy", "pytest-run-parallel"]
    alone = ["-o", "thread_unsafe_functions=mpmath.workdps"]  # one precision for all threads
    tests = ["--parallel-threads=4", "--iterations=1", *alone, *ARRAYS]
    _try(session, "Python", str(session.python), packages, "reference,symbolic", tests)


@nox.session(python=NUMPYS_PYTHON, tags=["matrix"])
@nox.parametrize("version", NUMPYS)
def numpy(session: nox.Session, version: str) -> None:
    """A version of NumPy."""
    _try(session, "NumPy", version, [f"numpy=={version}"], "reference,symbolic", ARRAYS)


@nox.session(python=FRAMEWORKS_PYTHON, tags=["matrix"])
@nox.parametrize("version", TORCHES)
def torch(session: nox.Session, version: str) -> None:
    """A version of PyTorch. Its environment, of some gigabytes, is removed afterwards."""
    session.env["UV_NO_CACHE"] = "1"
    try:
        packages = [f"torch=={version}", "expecttest", "setuptools"]  # which Inductor needs
        _try(session, "PyTorch", version, packages, "torch,reference", TORCH)
    finally:
        shutil.rmtree(session.virtualenv.location)


@nox.session(python=FRAMEWORKS_PYTHON, tags=["matrix"])
@nox.parametrize("version", RUNTIMES)
def onnxruntime(session: nox.Session, version: str) -> None:
    """A minor version of ONNX Runtime, with the newest ONNX."""
    packages = [f"onnxruntime=={version}.*"]
    _try(session, "ONNX Runtime", version, packages, "onnx,reference", ONNX)


@nox.session(python=FRAMEWORKS_PYTHON, tags=["matrix"])
@nox.parametrize("version", JAXES)
def jax(session: nox.Session, version: str) -> None:
    """A version of JAX."""
    packages = [f"jax=={version}", f"jaxlib=={version}", "flatbuffers"]  # for programs in files
    _try(session, "JAX", version, packages, "jax,reference", JAX)


@nox.session(python=FRAMEWORKS_PYTHON, tags=["matrix"])
def lowest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows, of all but the frameworks."""
    extras = "array-api,caffe2,cli,cost,dask,onnx,plot,reference,symbolic"
    # old packages use what the new ones beneath them call deprecated
    tests = ["-W", "ignore::DeprecationWarning", *ARRAYS, *ONNX, *OTHERS]
    _try(session, "lowest versions", extras, ["--resolution=lowest-direct"], extras, tests)


def _try(
    session: nox.Session, of: str, version: str, packages: list[str], extras: str, tests: list[str]
) -> None:
    """Install the wheel and packages, or options for uv; run tests; record the cell."""
    wheel = _wheel(session)
    named = [argument for extra in extras.split(",") for argument in ("--extra", extra)]
    # at once, or what comes later would change what is there
    session.install(*packages, *TOOLS, "-r", "pyproject.toml", *named)
    session.install("--no-deps", str(wheel))
    report = Path(session.create_tmp()) / "report.xml"
    quick = ["-q", "-p", "no:cacheprovider", "-m", "not slow and not environments"]
    pytest = ["python", "-m", "pytest", *quick, f"--junit-xml={report}"]
    session.run(*pytest, *tests, *session.posargs, success_codes=[0, 1])
    installed = _installed(session, extras)
    title = {"NumPy": "numpy", "PyTorch": "torch", "ONNX Runtime": "onnxruntime", "JAX": "jax"}
    if of in title and not installed[title[of]].startswith(version):
        session.error(f"{of} {installed[title[of]]} was tried in the place of {version}")
    passed, failed, skipped = results.counts(report)
    results.record(
        results.Cell(
            of=of,
            version=version,
            python=_python(session),
            packages=installed,
            passed=passed,
            failed=failed,
            skipped=skipped,
        )
    )
    if failed:
        session.error(f"{failed} tests fail with {of} {version}")


def _wheel(session: nox.Session) -> Path:
    """The wheel of these sources for the session's Python; one serves all that have the lock."""
    threaded = str(session.python).endswith("t")
    name = str(session.python) if threaded else "abi3"
    folder = ROOT / "build" / "matrix" / f"{name}-{_digest()}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        chosen = ["--python", session.virtualenv.interpreter] if threaded else []
        chosen.append("--no-build-package=numpy")  # the newest with a wheel
        made = Path(session.create_tmp()) / "wheel"
        session.run("uv", "build", "--wheel", *chosen, "--out-dir", str(made), external=True)
        made.replace(folder)  # now that it is whole: other cells may look for it
    (wheel,) = folder.glob("*.whl")
    return wheel


def _digest() -> str:
    """What tells these sources from others."""
    files = [ROOT / "pyproject.toml", ROOT / "CMakeLists.txt"]
    for place in ("src", "native"):
        files += sorted(each for each in (ROOT / place).rglob("*") if each.is_file())
    kept = (each for each in files if each != results.TRIED and each.suffix != ".pyc")
    return hashlib.sha256(b"".join(each.read_bytes() for each in kept)).hexdigest()[:12]


def _python(session: nox.Session) -> str:
    code = "import platform, sys; print(platform.python_version() + sys.abiflags)"
    return str(session.run("python", "-c", code, silent=True)).strip()


def _installed(session: nox.Session, extras: str) -> dict[str, str]:
    """The packages that the extras name, and NumPy, with their versions."""
    code = f"""
import importlib.metadata as metadata, json
from packaging.requirements import Requirement
named = map(Requirement, metadata.requires("mish"))
fits = lambda each: any(each.marker.evaluate({{"extra": extra}}) for extra in {extras.split(",")!r})
names = [each.name for each in named if not each.marker or fits(each)]
print(json.dumps({{name: metadata.version(name) for name in names}}))
"""
    return dict(json.loads(str(session.run("python", "-c", code, silent=True))))
