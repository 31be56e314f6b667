"""The messages: Caffe2's fields, its bytes, and what a newer Caffe2 might add to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, text_format
from hypothesis import given, settings
from hypothesis import strategies as st

import mish.caffe2.proto
from mish.caffe2 import caffe2_pb2, core

DATA = Path(__file__).with_name("data")
LABELS = {1: "optional", 2: "required", 3: "repeated"}
KINDS = {1: "double", 2: "float", 3: "int64", 5: "int32", 8: "bool", 9: "string", 12: "bytes"}
KINDS[13] = "uint32"


def fields(message):
    """A message's fields, written as the list of Caffe2's fields writes them."""
    described = descriptor_pb2.DescriptorProto()
    message.DESCRIPTOR.CopyToProto(described)
    for field in described.field:
        kind = KINDS.get(field.type) or field.type_name.removeprefix(".")
        yield f"{LABELS[field.label]} {kind} {field.name} = {field.number}"


def listed():
    text = (DATA / "proto_fields.txt").read_text(encoding="utf-8")
    for name, body in re.findall(r"message (\w+) \{\n(.*?)\n\}", text, re.DOTALL):
        lines = [line.strip() for line in body.splitlines()]
        yield name, {re.match(r"\w+ [\w.]+ \w+ = \d+", line)[0]: line for line in lines}


@pytest.mark.parametrize(("name", "expected"), [*listed()])
def test_fields_are_those_of_caffe2(name, expected):
    message = getattr(caffe2_pb2, name)
    assert set(fields(message)) == set(expected)
    for line in expected.values():
        field = message.DESCRIPTOR.fields_by_name[line.split()[2]]
        default = re.search(r"default=(\w+)", line)
        if default:
            assert str(int(field.default_value)) == default[1].replace("False", "0")
        assert field.GetOptions().packed == ("[packed]" in line)
        assert field.GetOptions().deprecated == ("[deprecated]" in line)


def test_enumerations_are_those_of_caffe2():
    text = (DATA / "proto_fields.txt").read_text(encoding="utf-8")
    lists = dict(re.findall(r"enum ([\w.]+) (\[.*\])", text))
    for name, enum in (
        ("DeviceTypeProto", caffe2_pb2.DeviceTypeProto),
        ("TensorProto.DataType", caffe2_pb2.TensorProto.DataType),
    ):
        pairs = re.findall(r"\('(\w+)', (\d+)\)", lists[name])
        assert enum.items() == [(key, int(number)) for key, number in pairs]
    assert caffe2_pb2.NetDef.DESCRIPTOR.full_name == "caffe2.NetDef"


def test_the_compiled_code_is_that_of_the_proto_file():
    text = Path(mish.caffe2.proto.__file__).with_name("caffe2.proto").read_text(encoding="utf-8")
    written = set(re.findall(r"(?:optional|required|repeated) [\w.]+ (\w+ = \d+)", text))
    compiled = {
        f"{field.name} = {field.number}"
        for message in caffe2_pb2.DESCRIPTOR.message_types_by_name.values()
        for each in (message, *message.nested_types)
        for field in each.fields
    }
    assert written == compiled
    assert set(re.findall(r"^message (\w+)", text, re.MULTILINE)) == set(
        caffe2_pb2.DESCRIPTOR.message_types_by_name
    )


def test_device_types_have_the_names_that_scripts_use():
    assert (caffe2_pb2.CPU, caffe2_pb2.CUDA, caffe2_pb2.HIP) == (0, 1, 6)
    assert caffe2_pb2.PROTO_CUDA == caffe2_pb2.CUDA


@pytest.mark.parametrize("path", sorted(DATA.glob("*.pb")), ids=lambda path: path.stem)
def test_files_of_caffe2_come_back_byte_for_byte(path):
    kind = caffe2_pb2.NetDef if "_net" in path.stem else caffe2_pb2.OperatorDef
    content = path.read_bytes()
    message = kind.FromString(content)
    assert message.SerializeToString() == content
    assert text_format.Parse(text_format.MessageToString(message), kind()) == message
    if kind is caffe2_pb2.NetDef:
        assert core.Net(message).Proto().SerializeToString() == content


def test_files_hold_what_they_are_named_after():
    net = caffe2_pb2.NetDef.FromString((DATA / "mish_net.pb").read_bytes())
    assert [op.type for op in net.op][:5] == [
        *("FC", "Mish", "FC", "SquaredL2Distance", "AveragedLoss")
    ]
    assert [op.type for op in net.op if op.is_gradient_op][-1] == "FCGradient"


def varint(number):
    while number >= 0x80:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number


known = {field.number for field in caffe2_pb2.NetDef.DESCRIPTOR.fields}
unknown = st.integers(1, 2**29 - 1).filter(
    lambda number: number not in known and not 19000 <= number < 20000
)


@settings(max_examples=50, deadline=None)
@given(number=unknown, content=st.binary(max_size=20))
def test_unknown_fields_survive_a_round_trip(number, content):
    net = caffe2_pb2.NetDef.FromString((DATA / "mish_net.pb").read_bytes())
    added = bytes([*varint(number << 3 | 2), len(content)]) + content
    extended = caffe2_pb2.NetDef.FromString(net.SerializeToString() + added)
    assert extended.SerializeToString() == net.SerializeToString() + added
    core.Net._names_used.clear()
    assert core.Net(extended).Proto().SerializeToString() == extended.SerializeToString()


def test_unknown_fields_and_enum_values_of_an_operator_survive():
    op = core.CreateOperator("Mish", "X", "Y", device_option=core.DeviceOption(99))
    extended = op.SerializeToString() + bytes([*varint(500 << 3), 7])
    net = caffe2_pb2.NetDef(op=[caffe2_pb2.OperatorDef.FromString(extended)])
    tensor = bytes([*varint(2 << 3), 77])  # a data type that does not exist
    assert core.Net(net).Proto().op[0].SerializeToString() == extended
    assert caffe2_pb2.TensorProto.FromString(tensor).SerializeToString() == tensor


texts = st.text(max_size=8)
arguments = st.one_of(
    st.builds(lambda name, f: caffe2_pb2.Argument(name=name, f=f), texts, st.floats(width=32)),
    st.builds(
        lambda name, i: caffe2_pb2.Argument(name=name, i=i), texts, st.integers(-(2**63), 2**63 - 1)
    ),
    st.builds(lambda name, s: caffe2_pb2.Argument(name=name, s=s), texts, st.binary(max_size=8)),
    st.builds(
        lambda name, floats: caffe2_pb2.Argument(name=name, floats=floats),
        texts,
        st.lists(st.floats(width=32), max_size=4),
    ),
)
operators = st.builds(
    caffe2_pb2.OperatorDef,
    type=texts,
    name=texts,
    input=st.lists(texts, max_size=3),
    output=st.lists(texts, max_size=3),
    arg=st.lists(arguments, max_size=3),
    engine=texts,
    is_gradient_op=st.booleans(),
)
nets = st.builds(
    caffe2_pb2.NetDef,
    name=texts,
    op=st.lists(operators, max_size=3),
    external_input=st.lists(texts, max_size=3),
)


@settings(max_examples=50, deadline=None)
@given(net=nets)
def test_any_net_comes_back(net):
    content = net.SerializeToString()
    again = caffe2_pb2.NetDef.FromString(content)
    assert again.SerializeToString() == content
    core.Net._names_used.clear()
    assert core.Net(again).Proto().SerializeToString() == content or not net.HasField("name")
