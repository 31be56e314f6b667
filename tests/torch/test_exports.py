"""The recipes of docs/deploy.md, each run, and what comes of it run too. `make test-exports`."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import mish.torch  # noqa: E402
from mish.torch._export.forms import FORMS  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the converters
PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
HERE = "make test-exports has it"


@pytest.fixture
def space(tmp_path, monkeypatch):
    """A network and an input, where recipes leave their files."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    layers = (torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Mish(inplace=True))
    model = torch.nn.Sequential(*layers, torch.nn.Conv2d(8, 8, 3), torch.nn.Mish()).eval()
    return {"model": model, "x": 4 * torch.randn(1, 3, 12, 12)}


def recipe(title, space):
    """Run the block of Python below a heading of the page, behind the first one, the imports."""
    page = PAGE.read_text(encoding="utf-8")
    _, found, below = page.partition(f"### {title}\n")
    assert found, title
    blocks = re.findall(r"^```python\n(.*?)^```", below.partition("\n### ")[0], re.M | re.S)
    exec(compile("import mish.torch\nimport torch\n" + blocks[0], str(PAGE), "exec"), space)
    assert type(space["model"][2]) is torch.nn.Mish  # as before


def agrees(space, got):
    want = space["model"](space["x"]).detach().numpy()
    np.testing.assert_allclose(np.asarray(got).reshape(want.shape), want, rtol=2e-5, atol=5e-6)


def test_executorch(space):
    pytest.importorskip("executorch", reason=HERE)
    from executorch.runtime import Runtime

    recipe("ExecuTorch", space)
    method = Runtime.get().load_program(Path("model.pte")).load_method("forward")
    agrees(space, method.execute([space["x"]])[0].numpy())


def test_coreml(space):
    pytest.importorskip("coremltools", reason=HERE)
    recipe("Core ML", space)
    program = space["package"]._mil_program.functions["main"]
    kinds = [operation.op_type for operation in program.operations]
    assert kinds.count("sigmoid") == 2
    assert not {"softplus", "inverse"} & set(kinds)


def test_litert(space):
    pytest.importorskip("litert_torch", reason=HERE)
    recipe("LiteRT", space)
    agrees(space, in_litert(space))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_in_litert(space, form):
    """Its converter moves axes between two convolutions, and numbers must not suffer by that."""
    litert_torch = pytest.importorskip("litert_torch", reason=HERE)
    with mish.torch.convert_for_export(space["model"], "litert", form):
        litert_torch.convert(space["model"], (space["x"],)).export("model.tflite")
    got, want = in_litert(space), space["model"](space["x"]).detach().numpy()
    np.testing.assert_allclose(got, want, atol=3e-3 if form == "float16" else 1e-5)


def in_litert(space):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path="model.tflite")
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], space["x"].numpy())
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_ncnn(space):
    ncnn = pytest.importorskip("ncnn", reason=HERE)
    recipe("ncnn", space)
    tool = Path(sysconfig.get_path("scripts"), "pnnx")
    if not tool.exists():
        pytest.skip(HERE)
    command = [tool, "model.pt", "inputshape=[1,3,12,12]f32", "fp16=0"]
    subprocess.run(command, check=True, capture_output=True)
    net = ncnn.Net()
    assert net.load_param("model.ncnn.param") == 0
    net.load_model("model.ncnn.bin")
    extractor = net.create_extractor()
    extractor.input("in0", ncnn.Mat(space["x"][0].numpy()).clone())
    agrees(space, np.array(extractor.extract("out0")[1]))


def test_openvino(space):
    openvino = pytest.importorskip("openvino", reason=HERE)
    recipe("OpenVINO", space)
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    network = openvino.compile_model("model.xml", "CPU", hint)
    agrees(space, network(space["x"].numpy())[0])


def test_iree(space):
    pytest.importorskip("iree.turbine", reason=HERE)
    import iree.runtime

    recipe("IREE", space)
    config = iree.runtime.Config("local-task")
    binary = iree.runtime.VmModule.copy_buffer(config.vm_instance, Path("model.vmfb").read_bytes())
    module = iree.runtime.load_vm_module(binary, config)
    agrees(space, module["main"](space["x"].numpy()).to_host())


def test_an_onnx_file(space):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript", reason="PyTorch's exporter to ONNX needs it")
    import onnxruntime

    recipe("By way of an ONNX file", space)
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    agrees(space, session.run(None, {session.get_inputs()[0].name: space["x"].numpy()})[0])
