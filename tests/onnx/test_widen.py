from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest

from mish.onnx._compare.widen import has_halves, widened

# 11878 and 16896 are the bits of 0.1 and 3
TEXT = """
<ir_version: 9, opset_import: ["": 18, "own": 1]>
g (float16[N] x, bool c) => (float16[N] y) <float16[N] m> {
  k = Constant <value = float16[1] {11878}> ()
  m = own.act(x)
  h = If (c) <
    then_branch = i () => (float16[N] u) { v = Cast <to = 10> (m)
      u = Add(v, k) },
    else_branch = j () => (float16[N] w) { w = Neg(m) }
  >
  z = ConstantOfShape <value = float16[1] {16896}> (s)
  y = Mul(h, z)
}
<domain: "own", opset_import: ["": 18]>
act (a) => (b) { f = Cast <to = 1> (a)
  e = Exp(f)
  l = Log(e)
  b = Cast <to = 10> (l) }
"""


@pytest.fixture
def model() -> onnx.ModelProto:
    model = onnx.parser.parse_model(TEXT)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1]), "s"))
    return model


def test_nothing_of_half_precision_is_left(model, run):
    assert has_halves(model)
    wide = widened(model, None)
    assert not has_halves(wide)
    onnx.checker.check_model(wide, full_check=True)
    x = np.array([0.1, -3.3], np.float32)
    for c in (True, False):
        (y,) = run(wide, x=x, c=np.array(c))
        assert y.dtype == np.float32
        expected = 3 * (x + np.float32(np.float16(0.1)) if c else -x)
        assert np.allclose(y, expected, rtol=1e-6)


def test_rounded(model, run):
    rounded = widened(model, None, rounded=True)
    onnx.checker.check_model(rounded, full_check=True)
    x = np.array([0.1, -3.3], np.float16)
    for c in (True, False):
        (y,) = run(rounded, x=x.astype(np.float32), c=np.array(c))
        h = x + np.float16(0.1) if c else -x  # NumPy rounds each to float16
        assert np.array_equal(y, (np.float16(3) * h).astype(np.float32))


def test_the_model_stays(model):
    before = model.SerializeToString()
    widened(model, None, rounded=True)
    assert model.SerializeToString() == before


def test_float32_is_no_half(build):
    assert not has_halves(build())
    assert widened(build(), None) == build()


def test_sequences_and_optional_values():
    text = """<ir_version: 9, opset_import: ["": 18]>
    g (seq(float16[N]) x) => (optional(float16[N]) y) {
      i = Constant <value = int64 {0}> ()
      z = SequenceAt(x, i)
      y = Optional(z)
    }"""
    wide = widened(onnx.parser.parse_model(text), None)
    assert wide.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type == 1
    assert wide.graph.output[0].type.optional_type.elem_type.tensor_type.elem_type == 1
