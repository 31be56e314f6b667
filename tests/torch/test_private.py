"""What mish.torch uses of PyTorch's private parts: all of it is listed, and looked for at first."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mish.torch
from mish.torch import _private

SOURCE = Path(mish.torch.__file__).parent
LISTED = {*_private._NEEDED, *_private._INSTEAD, *_private._INDUCTORS}
PARTS = {part for name in LISTED for part in re.split(r"[.:]", name)}
OURS = {"self", "cls", "_state", "_private", "ways"}
# what PyTorch's notes on autograd tell of, and what every named tuple has
OTHERS = {"_saved_self", "_replace"}


def private_names(path):
    """What a file uses that begins with an underscore and is neither its own nor mish's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
            yield from (node.module or "").split(".")
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.Attribute):
            first = node.value
            while isinstance(first, ast.Attribute):
                if first.attr == "OPERATORS":
                    break
                first = first.value
            owner = getattr(first, "id", None)
            if owner not in OURS and owner != "OPERATORS" and f"{owner}.py" not in FILES:
                yield node.attr


FILES = {path.name for path in SOURCE.rglob("*.py")}


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE))
)
def test_every_private_name_is_listed(path):
    names = {name for name in private_names(path) if re.match(r"_[A-Za-z]", name)}
    operators = set(
        re.findall(r'"(_[a-z_]+)\(', "".join(map(Path.read_text, SOURCE.rglob("*.py"))))
    )
    assert names - PARTS - OTHERS - operators == set()


@pytest.mark.parametrize("name", sorted(LISTED))
def test_every_listed_name_is_used(name):
    last = re.split(r"[.:]", name)[-1]
    last = {"default": "_fw_primal"}.get(last, last)
    files = [path for path in SOURCE.rglob("*.py") if path.name != "_private.py"]
    assert any(re.search(rf"\b{last}\b", path.read_text(encoding="utf-8")) for path in files)


def run(before, after):
    """Import mish.torch between two pieces of code; warnings are printed."""
    code = f"import torch, warnings\n{before}\nimport mish.torch\n{after}"
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=False
    )


def test_what_is_needed_and_gone_is_named_with_the_versions_that_serve():
    done = run("del torch.autograd.function._SingleLevelFunction", "")
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert re.match(
        r"ImportError: PyTorch \S+ has no torch\.autograd\.function\._SingleLevelFunction; "
        r"mish\.torch is known to work with PyTorch ",
        message,
    )
    assert f"PyTorch {_private.DEVELOPED_WITH} (" in message


def test_an_old_version_is_refused():
    done = run("torch.__version__ = '2.9.1'", "")
    assert "mish.torch needs PyTorch 2.10 or newer, and 2.9.1 is installed" in done.stderr


GONE = """
import torch._decomp
theirs = torch._C._nn.mish, torch._C._nn.mish_, torch._decomp.decomposition_table
del torch._C._get_tracing_state, torch._C._nn.mish, torch._C._nn.mish_
del torch._decomp.decomposition_table, torch.library.Library._destroy
"""
WORKS = """
# PyTorch itself cannot do without these
torch._C._nn.mish, torch._C._nn.mish_, torch._decomp.decomposition_table = theirs
import torch.nn.functional as F
x = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
reference = x * torch.tanh(F.softplus(x))
(expected,) = torch.autograd.grad(reference.sum(), x)
for function in (mish.torch.mish, lambda x: mish.torch.mish(x.clone(), inplace=True)):
    (slope,) = torch.autograd.grad(function(x).sum(), x)
    assert torch.allclose(slope, expected)
theirs = F.mish(x)
with mish.torch.accelerate():
    assert torch.allclose(F.mish(x), reference)
    assert torch.allclose(mish.torch.mish(x.detach()), reference)
    assert torch.allclose(mish.torch.mish(x.detach().clone(), inplace=True), reference)
assert torch.allclose(F.mish(x), theirs)
traced = torch.jit.trace(mish.torch.mish, x.detach())
assert "aten::mish" in str(traced.graph), traced.graph
"""


def test_what_is_gone_and_can_be_replaced_is_told_of():
    done = run(GONE, WORKS)
    assert done.returncode == 0, done.stderr
    gone = set(re.findall(r"RuntimeWarning: PyTorch \S+ has no (\S+), so ", done.stderr))
    assert gone == {
        "torch._C._get_tracing_state",
        "torch._C._nn.mish",
        "torch._C._nn.mish_",
        "torch._decomp.decomposition_table",
        "torch.library.Library._destroy",
    }
