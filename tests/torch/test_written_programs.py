"""Programs that leave the process hold PyTorch's own operators and run where mish is not."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

import mish.torch
from mish.torch import BatchNormMish, GroupNormMish, functional

# PyTorch's own.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning:torch.nn.functional"),
]


class Layer(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Bias(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.linspace(-1, 1, 4))

    def forward(self, x):
        return functional.bias_mish(x, self.bias)


class Scripted(torch.nn.Module):
    """For TorchScript, which compiles no function that is an attribute."""

    def forward(self, x):
        return mish.torch.mish(x + mish.torch.mish(x * 1, inplace=True))


def converted():
    class ByHand(torch.nn.Module):
        def forward(self, x):
            return x * torch.tanh(torch.nn.functional.softplus(x))

    model = torch.nn.Sequential(ByHand())
    assert mish.torch.convert(model)
    return model


MODELS = {
    "mish": lambda: Layer(mish.torch.mish),
    "in place": lambda: Layer(lambda x: mish.torch.mish(x * 1, inplace=True)),
    "converted": converted,
    "derivative 1": lambda: Layer(mish.torch.derivative),
    "derivative 5": lambda: Layer(lambda x: mish.torch.derivative(x, 5)),
    "group norm": lambda: GroupNormMish(2, 4),
    "batch norm": lambda: BatchNormMish(4).eval(),
    "bias": Bias,
}


def inputs():
    return torch.linspace(-30, 30, 2 * 4 * 50).reshape(2, 4, 50)


def trace(model):
    return torch.jit.trace(model, (inputs(),))


def export(model, **options):
    return torch.export.export(model, (inputs(),), **options)


WAYS = {
    "jit.trace": trace,
    "export, strict": lambda m: export(m, strict=True),
    "export, decomposed": lambda m: export(m).run_decompositions(),
    "make_fx": lambda m: make_fx(m)(inputs()),
    "symbolic_trace": torch.fx.symbolic_trace,
}


def text(program):
    if isinstance(program, torch.jit.ScriptModule):
        return str(program.inlined_graph)
    return str([(node.op, node.target) for node in program.graph.nodes])


def run(program, x):
    return (program.module() if hasattr(program, "module") else program)(x)


# Two tracers one after the other, which takes long.
STRICT = [("mish", "export, strict"), ("derivative 5", "export, strict")]


@pytest.mark.parametrize(
    ("model", "way"),
    [pair for pair in itertools.product(MODELS, WAYS) if pair in STRICT or "strict" not in pair[1]],
)
def test_operators_are_pytorchs(model, way):
    model = MODELS[model]()
    program = WAYS[way](model)
    assert "mish." not in text(program).replace("aten.mish.", "").replace("mish.torch._", "")
    assert "mish::" not in text(program).replace("aten::mish", "")
    x = inputs().flip(0)
    torch.testing.assert_close(run(program, x.clone()), model(x.clone()), rtol=2e-5, atol=1e-6)


def test_operators_of_torchscript_are_pytorchs():
    for model in (Scripted(), mish.torch.Mish(), GroupNormMish(2, 4), BatchNormMish(4), Bias()):
        program = torch.jit.script(model.eval())
        assert "aten::mish" in str(program.inlined_graph)
        torch.testing.assert_close(program(inputs()), model(inputs()))


def test_batch_norm_scripted_for_training():
    ours = BatchNormMish(4)
    scripted = torch.jit.script(torch.nn.Sequential(BatchNormMish(4)))
    for _ in range(2):
        torch.testing.assert_close(scripted(inputs()), ours(inputs()))
    for name, value in scripted.state_dict().items():
        torch.testing.assert_close(value, ours.state_dict()[name.rpartition(".")[2]])


@pytest.mark.parametrize("model", ["mish", "derivative 5", "bias"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bits(model, dtype):
    model, x = MODELS[model]().to(dtype), inputs().to(dtype)
    program = torch.export.export(model, (x,))
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(run(program, x), model(x), rtol=2 * eps, atol=2 * eps)


def test_backward_pass_in_a_program():
    def step(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(mish.torch.mish(x).sum(), x)[0]

    program = make_fx(step)(inputs())
    assert "mish::" not in str(program.graph).replace("aten::mish", "")
    torch.testing.assert_close(program(inputs()), mish.torch.derivative(inputs()))


def test_compiled_code_keeps_our_formula():
    targets = []

    def backend(module, inputs):
        targets.extend(node.target for node in module.graph.nodes)
        return module

    torch.compile(mish.torch.mish, backend=backend, fullgraph=True)(inputs())
    assert torch.ops.mish.mish.default in targets
    torch._dynamo.reset()


ELSEWHERE = """
import sys, pathlib, warnings
sys.modules["mish"] = None
import torch
folder = pathlib.Path(sys.argv[1])
x = torch.load(folder / "x.pt")
for file in sorted(folder.glob("program-*")):
    if file.suffix == ".pt2":
        program = torch.export.load(file).module()
    else:
        program = torch.jit.load(file)
    torch.save(program(x.clone()), folder / f"y{file.stem.removeprefix('program')}.pt")
"""


def test_saved_programs_run_without_mish(tmp_path):
    models = [MODELS[name]().eval() for name in ("converted", "derivative 5", "group norm")]
    torch.save(inputs(), tmp_path / "x.pt")
    for i, model in enumerate(models):
        torch.export.save(export(model), tmp_path / f"program-{i}-exported.pt2")
        torch.jit.save(trace(model), tmp_path / f"program-{i}-traced.pt")
    models.append(Scripted())
    torch.jit.save(torch.jit.script(models[3]), tmp_path / "program-3-scripted.pt")
    elsewhere = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ELSEWHERE, str(tmp_path)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert elsewhere.stderr == ""
    results = sorted(tmp_path.glob("y-*"))
    assert len(results) == 7
    for file in results:
        model = models[int(file.stem.split("-")[1])]
        torch.testing.assert_close(torch.load(file), model(inputs()), rtol=2e-5, atol=1e-6)
