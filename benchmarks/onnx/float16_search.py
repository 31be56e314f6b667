"""Search for Mish in float16 arithmetic: how right can a composition of operators be?

Usage: python benchmarks/onnx/float16_search.py [--neighbours N] [RESULT.md]
       (default: 200 neighbours, benchmarks/results/onnx-float16.md)

Two searches. The first tries every short composition: all expressions of a few operators over x,
some constants and what Mish is usually made of. The second takes the form ``float16``, moves its
constants to numbers nearby, and counts the float16 numbers that come out wrong by over 1 ulp.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from forms import table
from half_arithmetic import EVERY, FINITE, Truth, rounded, to_half, ulps
from onnx import TensorProto, helper, numpy_helper

import mish.onnx
from mish._support.half import FOUND, Numbers
from mish.bench import machine, timing
from mish.onnx._prove import half
from mish.onnx._prove.program import Program, Step

ROUNDS = 9
SIZE = 1 << 20
JUDGED = 2000  # compositions that are the best on the sample
KEPT = 16  # ulp on the sample, beyond which a composition is not looked at further
Vector = np.ndarray

UNARY: dict[str, Callable[[Vector], Vector]] = {
    "exp": np.exp,
    "log": np.log,
    "reciprocal": np.reciprocal,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "sqrt": np.sqrt,
    "tanh": np.tanh,
}
BINARY: dict[str, Callable[[Vector, Vector], Vector]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
CONSTANTS = (0.5, 1.0, 2.0)

PAGE = """\
# Mish in float16 arithmetic

Made by `python benchmarks/onnx/float16_search.py`, which overwrites this page. {machine}

Every operator gives the exact result rounded to the nearest float16. Errors are the largest over
all finite float16 numbers, in units in the last place of the exact value.

## Forms

{forms}

In ONNX Runtime on CPU kernels compute in float32 and round between nodes where they have a float16
kernel. Times are nanoseconds an element there, one thread, 2²⁰ numbers, medians of {rounds} turns.
"BitCast, Gather" is a table of all 65,536 results (128 KiB): BitCast to uint16, Cast to int32,
Gather; it needs opset 26.

## Short compositions

{count:,} compositions: two expressions, of up to two operators and one, joined by one more, in
{operators}, over

- x, {constants},
- {atoms}.

In between nothing may overflow. The best, of each error the plainest:

{short}

None is within 1 ulp.

## The constants of the form float16

Of {neighbours} sets of constants next to its own, {right} had no number wrong by over 1 ulp. The
median number of wrong ones was {median:.0f}, the most {most}.
"""


def atoms(x: Vector) -> dict[str, Vector]:
    """x, constants, and what Mish is usually made of, which an expression may read for nothing."""
    e, back = to_half(np.exp(np.minimum(x, 10))), to_half(np.exp(-np.maximum(x, -10)))
    q = to_half(1 / (1 + np.exp(x)))
    sum_ = to_half(e + 2)
    return {
        "x": x,
        **{f"{number:g}": np.full_like(x, number) for number in CONSTANTS},
        "exp(min(x, 10))": e,
        "exp(-max(x, -10))": back,
        "e(e+2)": to_half(np.minimum(e, 200) * np.minimum(sum_, 200)),
        "sigmoid(-x)": q,
        "sigmoid(-x)²": to_half(q * q),
        "tanh(x/2)": to_half(np.tanh(to_half(x / 2))),
        "softplus(x)": to_half(np.logaddexp(x, 0)),
        "tanh(softplus(x))": to_half(np.tanh(to_half(np.logaddexp(x, 0)))),
    }


def joined(first: dict[str, Vector], second: dict[str, Vector]) -> Iterator[tuple[str, Vector]]:
    """Every binary operator of one of these and one of those, both ways, as rows of a matrix."""
    rows = np.stack(list(first.values()))
    for name, value in second.items():
        for op, function in BINARY.items():
            yield f"({{}} {op} {name})", to_half(function(rows, value))
            if op in "-/":
                yield f"({name} {op} {{}})", to_half(function(value, rows))


def larger(smaller: dict[str, Vector], base: dict[str, Vector]) -> dict[str, Vector]:
    """What one more operator makes, each function once, without what overflows."""
    found: dict[bytes, tuple[str, Vector]] = {v.tobytes(): (k, v) for k, v in smaller.items()}
    names = list(smaller)
    made = [
        (f"{op}({name})", to_half(function(value)))
        for name, value in smaller.items()
        for op, function in UNARY.items()
    ]
    for pattern, rows in joined(smaller, base):
        made += [(pattern.format(name), row) for name, row in zip(names, rows, strict=True)]
    for name, row in made:
        if np.isfinite(row).all():
            found.setdefault(row.tobytes(), (name, row))
    return dict(found.values())


def short() -> tuple[int, list[tuple[float, str]]]:
    """How many short compositions there are, and the best: errors at all numbers, each once."""
    hard = np.array([-16, -12.5, -9.75, -7.125, -4.5, -2.1, -1.2, -0.6, -0.2, -0.01, 0.3, 0.9])
    more = np.array([1.7, 2.6, 4.1, 6.5, 9, 30, 3000, 6e4, -11.1, -3.3, -14.2, -0.05, -40, -6e4])
    sample = to_half(np.concatenate([hard, more]))
    truth = Truth(sample)
    with np.errstate(all="ignore"):
        base = atoms(sample)
        one = larger(base, base)
        two = larger(one, base)
        names, count, kept = list(two), 0, []
        for pattern, rows in joined(two, one):
            count += len(rows)
            errors = np.max(truth.ulps(rows), axis=1)
            kept += [(errors[i], pattern.format(names[i])) for i in np.flatnonzero(errors < KEPT)]
        known = atoms(FINITE.astype(np.float64))
        plainest: dict[float, str] = {}
        for _, text in sorted(kept)[:JUDGED]:
            error = round(worst(text, known), 3)
            plainest[error] = min(text, plainest.get(error, text), key=len)
    return count, sorted(plainest.items())


def worst(text: str, known: dict[str, Vector]) -> float:
    """The largest error of a composition over all numbers."""
    return float(np.max(ulps(evaluated(text, known), FINITE)))


def evaluated(text: str, known: dict[str, Vector]) -> Vector:
    """The values of a composition that `joined` and `larger` wrote."""
    if text in known:
        return known[text]
    for op, function in UNARY.items():
        if text.startswith(f"{op}(") and matching(text, len(op)) == len(text) - 1:
            return to_half(function(evaluated(text[len(op) + 1 : -1], known)))
    depth = 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 1 and letter == " " and text[at + 1] in BINARY and text[at + 2] == " ":
            function = BINARY[text[at + 1]]
            left, right = text[1:at], text[at + 3 : -1]
            return to_half(function(evaluated(left, known), evaluated(right, known)))
    raise ValueError(f"no composition: {text}")


def matching(text: str, start: int) -> int:
    """Where the bracket that opens there closes."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return -1


def neighbour(rng: random.Random) -> Numbers:
    """The form's constants, some of them moved by a few units in the last place."""

    def moved(number: float) -> float:
        bits = np.float16(number).view(np.int16) + rng.choice([0, 0, 0, -1, 1, -2, 2])
        return float(np.int16(bits).view(np.float16))

    new = FOUND._replace(shift=moved(FOUND.shift), bend=moved(FOUND.bend))
    return new._replace(exp=tuple(map(moved, FOUND.exp)), middle=tuple(map(moved, FOUND.middle)))


def wrong(numbers: Numbers) -> int:
    """How many float16 numbers the form gets wrong by over 1 ulp with these constants."""
    return int(np.sum(ulps(rounded(half.program(1.0, numbers), FINITE)[-1], FINITE) > 1))


def as_program(model: onnx.ModelProto) -> Program:
    """A model of one row of nodes and scalar constants as a program."""
    known, numbers, steps = {"x": 0}, [], []
    for node in model.graph.node:
        if node.op_type == "Constant":
            numbers.append(float(numpy_helper.to_array(node.attribute[0].t)))
            known[node.output[0]] = -len(numbers)
        else:
            steps.append(Step(node.op_type, (), tuple(known[name] for name in node.input)))
            known[node.output[0]] = len(steps)
    return Program(tuple(steps), np.array(numbers).tobytes())


def model(form: str, kind: str) -> onnx.ModelProto:
    """One Mish in a form."""
    text = f'<ir_version: 8, opset_import: ["": 18]> g ({kind}[N] x) => ({kind}[N] y)'
    plain = onnx.parser.parse_model(f"{text} {{ y = Mish(x) }}")
    return mish.onnx.optimize(plain, form).model


def lookup() -> onnx.ModelProto:
    """All results in a table, read by the bits of the input."""
    nodes = [
        helper.make_node("BitCast", ["x"], ["bits"], to=TensorProto.UINT16),
        helper.make_node("Cast", ["bits"], ["index"], to=TensorProto.INT32),
        helper.make_node("Gather", ["results", "index"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT16, ["N"]) for name in "xy"]
    results = numpy_helper.from_array(mish.mish(EVERY), "results")
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [results])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 26)], ir_version=13)


def session(of: onnx.ModelProto) -> ort.InferenceSession:
    """A session on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    mish.onnx.register(options)
    return ort.InferenceSession(of.SerializeToString(), options, providers=["CPUExecutionProvider"])


def forms_table() -> str:
    """The forms: their operators, errors and times."""
    models = {form: model(form, "float16") for form in ("float16", "softplus", "sigmoid", "native")}
    models["BitCast, Gather"] = lookup()
    sessions = {name: session(each) for name, each in models.items()}
    numbers = np.random.default_rng(0).standard_normal(SIZE).astype(np.float16)
    runs = {
        name: (lambda each=each: each.run(None, {"x": numbers})) for name, each in sessions.items()
    }
    laps = timing.measure(runs, ROUNDS)
    rows = []
    for name, each in sessions.items():
        real = ulps(each.run(None, {"x": FINITE})[0].astype(np.float64), FINITE).max()
        ideal, finite = "", ""
        if name in ("float16", "softplus", "sigmoid"):
            program = as_program(model(name, "float"))
            with np.errstate(all="ignore"):
                values = rounded(program, FINITE)
            ideal = f"{np.max(ulps(values[-1], FINITE)):.4g}"
            finite = "yes" if all(np.isfinite(v).all() for v in values) else "no"
        count = sum(node.op_type != "Constant" for node in models[name].graph.node)
        ns = f"{laps[name].median / SIZE * 1e9:.2f}"
        rows.append([name, str(count), ideal, finite, f"{real:.3g}", ns])
    return table(
        ["form", "nodes", "error, all in float16", "all finite", "error in ONNX Runtime", "ns"],
        rows,
    )


def main() -> None:
    """Search, measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parents[1] / "results" / "onnx-float16.md"
    parser.add_argument("--neighbours", type=int, default=200)
    parser.add_argument("result", nargs="?", type=Path, default=default)
    options = parser.parse_args()
    count, found = short()
    rng = random.Random(0)
    counts = [wrong(neighbour(rng)) for _ in range(options.neighbours)]
    page = PAGE.format(
        machine=machine.summary(machine.facts(["onnxruntime", "onnx"])),
        forms=forms_table(),
        rounds=ROUNDS,
        count=count,
        constants=", ".join(f"{number:g}" for number in CONSTANTS),
        atoms=", ".join(list(itertools.islice(atoms(np.zeros(1)), 4, None))),
        operators=", ".join((*UNARY, *BINARY)),
        short=table(["error", "composition"], [[f"{e:.3g}", f"`{t}`"] for e, t in found[:10]]),
        neighbours=options.neighbours,
        right=sum(number == 0 for number in counts),
        median=np.median(counts),
        most=max(counts),
    )
    options.result.write_text(page, encoding="utf-8")
    print(page)
    if found[0][0] <= 1 or wrong(FOUND):
        raise SystemExit("the page is not true any more: look at the search")


if __name__ == "__main__":
    main()
