"""Damages models in many ways and gives them to the optimizer, as a process of its own.

Usage: python fuzz.py FIRST COUNT

Works on the cases FIRST to FIRST + COUNT - 1 in the current folder, which should be empty, and
prints a line of JSON for each: how it ended, how long it took, and what is wrong, if anything is. A
case is a number: the same one gives the same bytes.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
from google.protobuf.message import Message

from mish.onnx._optimize_file import Outcome, Settings, run
from mish.onnx._write.optimize import CHOICES

MEMORY = 6 << 30  # address space; ONNX Runtime alone takes half a GiB
BODIES = {
    "classic": "h = MatMul(x, w) p = Softplus(h) t = Tanh(p) m = Mul(h, t) y = Add(m, b)",
    "op": "h = MatMul(x, w) m = Mish(h) y = Relu(m)",
    "log": (
        "h = Add(x, b) o = Constant<value = float {1}>() e = Exp(h) a = Add(e, o) l = Log(a)"
        " t = Tanh(l) y = Mul(t, h)"
    ),
    "branch": (
        "c = Constant<value = bool {1}>() y = If(c) <then_branch = i () => (float[2, 4] u)"
        " { p = Softplus(x) t = Tanh(p) u = Mul(x, t) },"
        " else_branch = j () => (float[2, 4] v) { v = Mish(x) }>"
    ),
    "loop": (
        "n = Constant<value = int64 {2}>() c = Constant<value = bool {1}>()"
        " y = Loop(n, c, x) <body = k (int64 i, bool d, float[2, 4] a) => (bool e, float[2, 4] f)"
        " { e = Identity(d) f = Mish(a) }>"
    ),
    "scaled": (
        "k = Constant<value = float {8}>() h = Mul(x, k) p = Softplus(h) t = Tanh(p)"
        " m = Mul(x, t) g = Mul(m, k) n = Mish(g) y = Div(n, k)"
    ),
    "quantized": (
        "s = Constant<value = float {0.05}>() z = Constant<value = int8 {3}>()"
        " q = QuantizeLinear(x, s, z) d = DequantizeLinear(q, s, z) m = Mish(d)"
        " r = QuantizeLinear(m, s, z) y = DequantizeLinear(r, s, z)"
    ),
    "function": "h = own.act(x) k = own.act(h) y = Add(k, b)",
}
FUNCTION = (
    '<domain: "own", opset_import: ["": 18]> act (a) => (b) {'
    " p = Softplus(a)\\n t = Tanh(p)\\n b = Mul(a, t) }"
).replace("\\n", "\n")
HUGE = (0, -1, 1 << 31, 1 << 40, (1 << 63) - 1)
TEXTS = ("", "x", "y", "h", "p", "..", "../w.bin", "/etc/hostname", "w.bin", "\x00", "é" * 40)
PLACES = ("../w.bin", "/etc/hostname", "a/../../w.bin", "missing.bin", "", ".", "w.bin", "\x00")


def seeds() -> list[onnx.ModelProto]:
    models = []
    for name, body in BODIES.items():
        lines = body.replace(") ", ")\n")
        text = (
            '<ir_version: 10, opset_import: ["": 18, "own": 1]>'
            f" g (float[2, 4] x) => (float[2, 4] y) {{ {lines} }}"
        )
        model = onnx.parser.parse_model(text + (FUNCTION if name == "function" else ""))
        rng = np.random.default_rng(0)
        for weight, shape in (("w", (4, 4)), ("b", (4,))):
            array = rng.standard_normal(shape).astype(np.float32)
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, weight))
        models.append(model)
    return models


def messages(message: Message) -> list[Message]:
    """A message and all messages in it."""
    found = [message]
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                found += messages(each)
    return found


def like(rng: random.Random, model: onnx.ModelProto, wanted: Message) -> Message:
    """A copy of some message of the same type in a model, be it empty.

    The copy is detached: protobuf crashes when a message is copied into a part of itself.
    """
    same = [each for each in messages(model) if each.DESCRIPTOR is wanted.DESCRIPTOR]
    return type(wanted).FromString(rng.choice(same or [wanted]).SerializePartialToString())


def number(rng: random.Random, old: int) -> int:
    return rng.choice([rng.choice(HUGE), old + rng.choice([-1, 1]), rng.randrange(40)])


def change_field(rng: random.Random, model: onnx.ModelProto) -> None:
    """Change, remove, double or fill in one field somewhere."""
    message = rng.choice(messages(model))
    field = rng.choice(list(message.DESCRIPTOR.fields))
    try:
        if rng.random() < 0.15:
            message.ClearField(field.name)
        elif field.is_repeated:
            items = getattr(message, field.name)
            if items and rng.random() < 0.4:
                del items[rng.randrange(len(items))]
            elif field.message_type is not None:
                new = items.add()
                new.CopyFrom(like(rng, model, new))
            elif field.type == field.TYPE_STRING:
                items.append(rng.choice(TEXTS))
                items[rng.randrange(len(items))] = rng.choice(TEXTS)
            elif field.type == field.TYPE_BYTES:
                items.append(rng.randbytes(rng.randrange(8)))
            elif field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
                items.append(rng.choice([0.0, float("nan"), float("inf"), 1e30]))
            else:
                items.append(number(rng, 1))
        elif field.message_type is not None:
            part = getattr(message, field.name)
            part.CopyFrom(like(rng, model, part))
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, rng.choice(TEXTS))
        elif field.type == field.TYPE_BYTES:
            setattr(message, field.name, rng.randbytes(rng.randrange(64)))
        elif field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
            setattr(message, field.name, rng.choice([0.0, float("nan"), float("inf"), -1e30]))
        else:
            setattr(message, field.name, number(rng, getattr(message, field.name)))
    except (ValueError, TypeError):  # out of the field's range: no change
        pass


def rewire(rng: random.Random, model: onnx.ModelProto) -> None:
    """Let a node read some value of the graph: often a later one, which makes a circle."""
    node = rng.choice(model.graph.node)
    values = [name for each in model.graph.node for name in each.output]
    if node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(values)


def retype(rng: random.Random, model: onnx.ModelProto) -> None:
    """Name other operators and types."""
    rng.choice(model.graph.node).op_type = rng.choice(
        ["Mish", "Softplus", "Concat", "Cast", "NoSuch", "If", "Reshape", "ConstantOfShape", ""]
    )
    rng.choice(model.graph.input).type.tensor_type.elem_type = rng.randrange(24)


def resize(rng: random.Random, model: onnx.ModelProto) -> None:
    """Give an input or a weight absurd dimensions."""
    if rng.random() < 0.5:
        rng.choice(model.graph.initializer).dims[:] = [rng.choice(HUGE) for _ in range(3)]
    else:
        rng.choice(model.graph.input).type.tensor_type.shape.dim[0].dim_value = rng.choice(HUGE)


def move_out(rng: random.Random, model: onnx.ModelProto) -> None:
    """Put the data of a weight into another file: a missing one, or one that is not its own."""
    tensor = rng.choice(model.graph.initializer)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=rng.choice(PLACES))
    for key in ("offset", "length"):
        if rng.random() < 0.5:
            tensor.external_data.add(key=key, value=rng.choice(["0", "-1", "9e9", str(1 << 62)]))


def call_in_a_circle(rng: random.Random, model: onnx.ModelProto) -> None:
    """Let a function call itself or another that calls it."""
    if not model.functions:
        model.functions.add(name="act", domain="own", input=["a"], output=["b"])
    twin = model.functions.add()
    twin.CopyFrom(model.functions[0])
    twin.name = "twin"
    call = onnx.helper.make_node(rng.choice(["act", "twin"]), ["a"], ["b"], domain="own")
    rng.choice(model.functions).node.append(call)
    model.graph.node.append(onnx.helper.make_node("act", ["x"], ["z"], domain="own"))


MODEL_CHANGES: tuple[Callable[[random.Random, onnx.ModelProto], None], ...] = (
    *(change_field,) * 5,
    *(rewire, retype, resize, move_out, call_in_a_circle),
)


def change_bytes(rng: random.Random, data: bytes) -> bytes:
    """Truncate, flip, cut out, double or make up bytes."""
    kind = rng.randrange(6)
    at = rng.randrange(len(data))
    length = rng.randrange(1, 64)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + data[at + length :]
    if kind == 2:
        return data[:at] + data[at : at + length] * rng.randrange(2, 50) + data[at:]
    if kind == 3:
        return data[:at] + rng.randbytes(length) + data[at:]
    if kind == 4:
        return rng.randbytes(rng.randrange(200))
    flipped = bytearray(data)
    for _ in range(rng.randrange(1, 8)):
        flipped[rng.randrange(len(flipped))] = rng.randrange(256)
    return bytes(flipped)


def damaged(case: int) -> bytes:
    """The bytes of a case."""
    rng = random.Random(case)
    model = onnx.ModelProto()
    model.CopyFrom(rng.choice(SEEDS))
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        with suppress(IndexError):  # nothing left of the kind to change
            rng.choice(MODEL_CHANGES)(rng, model)
    data = model.SerializeToString()
    for _ in range(rng.choice([0, 0, 1, 2]) if data else 0):
        data = change_bytes(rng, data) or b"\x00"
    return data


def wrong(outcome: Outcome, folder: Path, kept: set[str]) -> str:
    """What is wrong about an outcome; nothing if it is an error well told or a sound model."""
    left = {path.name for path in folder.iterdir()} - kept
    if outcome.status != "written":
        if left:
            return f"{outcome.status}, yet there is {left}"
        return "" if outcome.message.strip() else "no message"
    if not {"out.onnx"} <= left <= {"out.onnx", "out.onnx.data"}:
        return f"written, but there is {left}"
    model = onnx.load(folder / "out.onnx", load_external_data=False)
    for name in left:
        (folder / name).unlink()
    return "" if model.graph.output else "written without outputs"


def peak_memory():
    """In KiB. What getrusage tells begins with the memory of the process that forked this one."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def main() -> None:
    folder, first, count = Path.cwd(), int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for case in range(first, first + count):
        (folder / "in.onnx").write_bytes(damaged(case))
        (folder / "w.bin").write_bytes(bytes(64))
        print(json.dumps({"case": case}), flush=True)
        start = time.perf_counter()
        form = CHOICES[case % len(CHOICES)]
        settings = Settings(form=form, threads=1)
        outcome = run(folder / "in.onnx", folder / "out.onnx", settings)
        seconds = time.perf_counter() - start
        bad = wrong(outcome, folder, {"in.onnx", "w.bin"})
        peak = peak_memory()
        facts = {"status": outcome.status, "seconds": seconds, "peak": peak, "wrong": bad}
        print(json.dumps({"case": case} | facts), flush=True)


SEEDS = seeds()

if __name__ == "__main__":
    main()
