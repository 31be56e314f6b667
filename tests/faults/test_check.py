"""Bad input to the check of formulas: each error names the place and what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from mish import check


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression is empty"),
        ("3 + 4", "the expression has no x"),
        ("x*tanh(lg(x))", r"at character 8, 'lg': there is no function lg; did you mean log"),
        ("x^2*y", r"at character 5, 'y': the variable is x"),
        ("2x", "at character 1, '2x': this is no expression"),
        ("x*(1+", "this is no expression"),
        ("x*tanh", "at character 3, 'tanh': tanh is a function"),
        ("tanh(x, x)", "tanh takes x"),
        ("tanh()", "tanh takes x"),
        ("softplus(x, gamma=2)", "softplus takes x, beta, threshold, each once"),
        ("x*(x > 3)", "at character 4, 'x > 3': this is true or false"),
        ("x if x else 1", "at character 6, 'x': this is a number, and a condition is wanted"),
        ("x in x", "numbers are compared by"),
        ("x//2", "at character 1, 'x//2': only numbers"),
        ("x@x", "only numbers"),
        ("~x", "~ is not known"),
        ("x*1j", "at character 3, '1j': this is no real number"),
        ("x*True", "this is no real number"),
        ("x*'a'", "this is no real number"),
        ("x*1e999999999", "at character 3, '1e999999999': numbers from"),
        ("x(3)", "x is no function; write \\* between factors"),
        ("x·tanh(ex(x))", "at character 8, 'ex'"),
        ("__import__('os').system('ls')", "there is no function system"),
        ("os.exp(x)", "the module os is not known"),
        ("x.__class__", "only numbers"),
        ("(lambda: x)()", "only functions are called"),
        ("[x for x in x]", "only numbers"),
        ("(y := x)", "only numbers"),
        ("tanh(*x)", "only numbers"),
        ("tanh(**x)", "each once"),
        ("f'{x}'", "only numbers"),
        ("x\0", "not understood"),
        ("x*\ud800", "not understood"),
        ("(" * 70 + "x" + ")" * 70, "more than 60 operators"),
        ("-" * 1500 + "x", "more than 60 operators"),
        ("+".join(["x"] * 100), "more than 60 operators"),
        ("x" * 2001, "2001 characters; at most 2000"),
    ],
)
def test_what_is_not_understood_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        check.expression(text)


def test_many_operators():
    deep = "x"
    for _ in range(8):
        deep = f"softplus({deep}, 2, 20)"
    check.expression(f"x*tanh({deep})", 0, [])
    wide = "*".join(f"(x+{n})" for n in range(59))
    with pytest.raises(ValueError, match="more than 400 operators"):
        check.expression(
            "+".join(f"({'*'.join(f'(x+{n}.{m})' for n in range(9))})" for m in range(23))
        )
    check.expression(wide, 0, [])


def test_other_arguments():
    with pytest.raises(TypeError, match="the expression must be a string, not int"):
        check.expression(3)
    with pytest.raises(ValueError, match="order must be from 0 to 100, not -1"):
        check.expression("x", -1)
    with pytest.raises(TypeError, match="float"):
        check.expression("x", 1.5)
    with pytest.raises(TypeError, match="dtype must be one of"):
        check.expression("x", 0, ["int32"])
    with pytest.raises(TypeError, match="dtypes must be a list of names"):
        check.expression("x", 0, "float32")


def test_functions_must_keep_shape_and_dtype():
    with pytest.raises(ValueError, match="the function makes an array of"):
        check.function(lambda x: x[:2])
    with pytest.raises(TypeError, match="the function makes float32 from float64; cast its result"):
        check.function(lambda x: x.astype(np.float32))
