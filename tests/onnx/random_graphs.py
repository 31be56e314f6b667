"""Grows valid models at random: Mish in many spellings among operators that look at shapes.

A case is a number: the same one gives the same model and the same inputs. Axes are integers or
symbols; each symbol has a size in each of two runs, so that a size fixed by mistake is seen. What
decides the flow of a model (masks, indices, conditions) comes from inputs of its own, never from
a result of Mish, whose last bits may change.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import onnx
from conftest import KINDS, build
from onnx import TensorProto, helper, numpy_helper
from test_scale import MISSES as SCALED_MISSES
from test_scale import SCALED
from test_spellings import NEAR_MISSES, SPELLINGS

Axis = int | str
Shape = tuple[Axis, ...]
Feed = dict[str, np.ndarray]

DTYPES = {1: np.float32, 11: np.float64, 10: np.float16}
NO_DOUBLE = ("Softplus(", "Softsign(", "Mish(")
REACHES = (1.0, 30.0, 400.0, 7e4)  # small numbers are seen only where there are no large ones
RUNS = 2
SIZES = {"N": (3, 1), "M": (3, 2), "K": (2, 5)}
THRESHOLDS = (0.3, 0.6, 5.0, 20.0, 100.0, 350.0, 1000.0, 6e4)
HARD = (
    *THRESHOLDS,
    *(-threshold for threshold in THRESHOLDS),
    *(
        -6.5e4,
        6.5e4,
        -500.0,
        500.0,
        -1e4,
        -200.0,
        -104.0,
        -88.8,
        -45.0,
        -20.0,
        -17.0,
        -16.6,
        -2.26,
        -1.1924312,
        -0.0879,
    ),
    *(-1e-30, -0.0, 0.0, 1e-30, 1e-3, 1.49, 8.0, 11.1, 19.99, 20.0, 20.01, 45.0, 88.8, 104.0, 1e4),
)
# Those of one input, continuous, that keep its shape, in operators that ONNX Runtime has.
MISSES = [
    body
    for body in (*NEAR_MISSES.values(), *SCALED_MISSES.values())
    if not any(part in body for part in ("(w", ", w)", "other.", "ReduceSum", "to = 7"))
]


@dataclass(frozen=True)
class Value:
    """A value of the graph, or of the body that is grown."""

    name: str
    kind: int
    shape: Shape


@dataclass
class Grower:
    """A body of nodes that grows."""

    rng: random.Random
    sizes: dict[str, tuple[int, ...]]
    count: list[int]
    opset: int
    functions: list[onnx.FunctionProto]
    leaves: list[Value] = field(default_factory=list)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    masks: list[Value] = field(default_factory=list)

    def fresh(self, stem: str = "v") -> str:
        self.count[0] += 1
        return f"{stem}{self.count[0]}"

    def inner(self) -> Grower:
        """A body inside this one, which sees its values."""
        return Grower(
            self.rng,
            self.sizes,
            self.count,
            self.opset,
            self.functions,
            values=list(self.values),
            masks=list(self.masks),
        )

    def pick(self, *, least_rank: int = 0) -> Value:
        fitting = [each for each in self.values if len(each.shape) >= least_rank]
        return self.rng.choice(fitting[-6:] or [self.widened(self.values[-1], least_rank)])

    def op(self, op: str, inputs: list[str], outputs: int = 1, **attributes: object) -> list[str]:
        made = [self.fresh() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, made, name=self.fresh("n"), **attributes))
        return made

    def constant(self, array: np.ndarray) -> str:
        return self.op("Constant", [], value=numpy_helper.from_array(np.asarray(array)))[0]

    def numbers(self, kind: int, shape: tuple[int, ...], scale: float = 1.0) -> str:
        rng = np.random.default_rng(self.rng.randrange(1 << 30))
        return self.constant((rng.standard_normal(shape) * scale).astype(DTYPES[kind]))

    def integers(self, *numbers: int) -> str:
        return self.constant(np.array(numbers, np.int64))

    def add(self, name: str, kind: int, shape: Shape) -> Value:
        value = Value(name, kind, shape)
        self.values.append(value)
        return value

    def size(self, axis: Axis, run: int) -> int:
        return axis if isinstance(axis, int) else self.sizes[axis][run]

    def axis(self, *sizes: int) -> Axis:
        """A new axis with these sizes in the two runs."""
        name = self.fresh("d")
        self.sizes[name] = sizes
        return name

    def scaled(self, axes: Shape) -> Axis:
        """The product of axes, as an axis."""
        if all(isinstance(axis, int) for axis in axes):
            return int(np.prod([int(axis) for axis in axes], initial=1))
        return self.axis(
            *(int(np.prod([self.size(axis, run) for axis in axes])) for run in range(RUNS))
        )

    def widened(self, value: Value, rank: int) -> Value:
        """A value with leading axes of 1."""
        extra = rank - len(value.shape)
        if extra <= 0:
            return value
        axes = self.integers(*range(extra))
        (name,) = self.op("Unsqueeze", [value.name, axes])
        return self.add(name, value.kind, (1,) * extra + value.shape)

    def spelling(self, kind: int) -> str:
        """One that ONNX Runtime's CPU can run in this type."""
        bodies = [*SPELLINGS.values(), *SCALED.values()]
        if kind == TensorProto.DOUBLE:
            bodies = [body for body in bodies if not any(op in body for op in NO_DOUBLE)]
        return self.rng.choice(bodies)

    def mish(self, x: Value, body: str) -> Value:
        """Write a spelling of Mish, or a near miss, of a value."""
        kind = next(name for name, number in KINDS.items() if number == x.kind)
        text = build(body, f"{kind}[N] x", f"{kind}[N] y", self.opset, nodes=True)
        if self.rng.random() < 0.2:
            return self.call(x, text.graph)
        names = {"x": x.name}
        for node in text.graph.node:
            new = onnx.NodeProto()
            new.CopyFrom(node)
            new.name = self.fresh("n")
            new.input[:] = [names[name] for name in node.input]
            new.output[:] = [names.setdefault(name, self.fresh()) for name in node.output]
            for attribute in new.attribute:
                if new.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                    attribute.i = x.kind
            self.nodes.append(new)
        return self.add(names["y"], x.kind, x.shape)

    def call(self, x: Value, graph: onnx.GraphProto) -> Value:
        """Put a spelling into a function, maybe through another, and call it."""
        name = self.function("x", "y", list(graph.node))
        if self.rng.random() < 0.3:
            name = self.function("a", "b", [helper.make_node(name, ["a"], ["b"], domain="own")])
        made = self.fresh()
        self.nodes.append(helper.make_node(name, [x.name], [made], domain="own"))
        return self.add(made, x.kind, x.shape)

    def function(self, x: str, y: str, nodes: list[onnx.NodeProto]) -> str:
        name = self.fresh("act")
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid("own", 1)]
        self.functions.append(helper.make_function("own", name, [x], [y], nodes, imports))
        return name


def open_shape(shape: Shape) -> list[None]:
    """A shape of which only the rank is stated."""
    return [None] * len(shape)


def some_mish(g: Grower) -> None:
    x = g.pick()
    g.mish(x, g.spelling(x.kind))


def miss(g: Grower) -> None:
    """A function that is nearly Mish."""
    x = g.pick()
    if x.kind == TensorProto.FLOAT:
        g.mish(x, g.rng.choice(MISSES))


def piecewise(g: Grower) -> None:
    """Mish with a limit or a threshold that is wrong somewhere, often far out."""
    way = g.rng.randrange(5)
    x = g.pick() if way < 3 else g.rng.choice(g.leaves)  # a jump must not hang on a last bit
    threshold = g.rng.choice(THRESHOLDS) * g.rng.choice([1, -1])
    number = g.constant(np.array(threshold, DTYPES[x.kind]))
    if way < 3:
        (c,) = g.op(("Min", "Max", "Clip")[way], [x.name, number])
        limited = Value(c, x.kind, x.shape)
        y = g.mish(limited if g.rng.random() < 0.5 else x, g.spelling(x.kind))
        (made,) = g.op("Min", [y.name, number]) if way == 0 else [y.name]
    else:
        y = g.mish(x, g.spelling(x.kind))
        (mask,) = g.op(("Greater", "Equal")[way - 3], [x.name, number])
        (made,) = g.op("Where", [mask, g.rng.choice([number, x.name]), y.name])
    g.add(made, x.kind, x.shape)


def pointwise(g: Grower) -> None:
    x = g.pick()
    op = g.rng.choice(["Relu", "Tanh", "Sigmoid", "Abs", "Neg", "Identity"])
    g.add(g.op(op, [x.name])[0], x.kind, x.shape)


def combine(g: Grower) -> None:
    """Two values of the same shape, or one and a constant that is broadcast."""
    x = g.pick()
    same = [y for y in g.values if (y.kind, y.shape) == (x.kind, x.shape)]
    op = g.rng.choice(["Add", "Mul", "Sub", "Max", "Min"])
    if g.rng.random() < 0.5:
        other = g.rng.choice(same).name
    else:
        last = x.shape[-1:] if x.shape and isinstance(x.shape[-1], int) else ()
        other = g.numbers(x.kind, g.rng.choice([(), last]))  # type: ignore[arg-type]
    g.add(
        g.op(op, [x.name, other] if g.rng.random() < 0.5 else [other, x.name])[0], x.kind, x.shape
    )


def by_size(g: Grower) -> None:
    """Divide by the number of elements, or by the length of an axis."""
    x = g.pick()
    if x.shape and g.rng.random() < 0.7:
        (shape,) = g.op("Shape", [x.name])
        index = g.constant(np.array(g.rng.randrange(len(x.shape)), np.int64))
        (length,) = g.op("Gather", [shape, index])
    else:
        (length,) = g.op("Size", [x.name])
    (number,) = g.op("Cast", [length], to=x.kind)
    (one,) = g.op("Max", [number, g.constant(np.array(1, DTYPES[x.kind]))])
    g.add(g.op("Div", [x.name, one])[0], x.kind, x.shape)


def shape_like(g: Grower) -> None:
    """Add a constant that was given the shape of the value."""
    x = g.pick()
    (shape,) = g.op("Shape", [x.name])
    if g.rng.random() < 0.5:
        number = numpy_helper.from_array(np.array([0.5], DTYPES[x.kind]))
        (other,) = g.op("ConstantOfShape", [shape], value=number)
    else:
        (other,) = g.op("Expand", [g.numbers(x.kind, ()), shape])
    g.add(g.op("Add", [x.name, other])[0], x.kind, x.shape)


def reshape(g: Grower) -> None:
    x = g.pick()
    way = g.rng.randrange(5)
    if way == 0:
        g.add(g.op("Reshape", [x.name, g.integers(-1)])[0], x.kind, (g.scaled(x.shape),))
    elif way == 1:
        axis = g.rng.randrange(len(x.shape) + 1)
        parts = g.scaled(x.shape[:axis]), g.scaled(x.shape[axis:])
        g.add(g.op("Flatten", [x.name], axis=axis)[0], x.kind, parts)
    elif way == 2 and x.shape:
        order = list(range(len(x.shape)))
        g.rng.shuffle(order)
        shape = tuple(x.shape[i] for i in order)
        g.add(g.op("Transpose", [x.name], perm=order)[0], x.kind, shape)
    elif way == 3:
        (shape,) = g.op("Shape", [x.name])
        (flat,) = g.op("Reshape", [x.name, g.integers(-1)])
        g.add(g.op("Reshape", [flat, shape])[0], x.kind, x.shape)
    elif len(x.shape) < 4:
        at = g.rng.randrange(len(x.shape) + 1)
        (made,) = g.op("Unsqueeze", [x.name, g.integers(at)])
        g.add(made, x.kind, (*x.shape[:at], 1, *x.shape[at:]))


def join(g: Grower) -> None:
    """Concat with itself, Slice, Tile, Split: axes of new sizes."""
    x = g.pick(least_rank=1)
    at = g.rng.randrange(len(x.shape))
    sizes = [g.size(x.shape[at], run) for run in range(RUNS)]
    fixed = isinstance(x.shape[at], int)

    def shaped(*new: int) -> Shape:
        axis = new[0] if fixed else g.axis(*new)
        return (*x.shape[:at], axis, *x.shape[at + 1 :])

    way = g.rng.randrange(4)
    if max(sizes) > 40:
        way = 1
    if way == 0:
        shape = shaped(*(2 * size for size in sizes))
        g.add(g.op("Concat", [x.name, x.name], axis=at)[0], x.kind, shape)
    elif way == 1:
        inputs = [x.name, g.integers(0), g.integers(2), g.integers(at)]
        g.add(g.op("Slice", inputs)[0], x.kind, shaped(*(min(2, size) for size in sizes)))
    elif way == 2:
        repeats = g.integers(*(2 if i == at else 1 for i in range(len(x.shape))))
        shape = shaped(*(2 * size for size in sizes))
        g.add(g.op("Tile", [x.name, repeats])[0], x.kind, shape)
    elif fixed and sizes[0] % 2 == 0:
        half = sizes[0] // 2
        made = g.op("Split", [x.name, g.integers(half, half)], 2, axis=at)
        for name in made:
            g.add(name, x.kind, shaped(half))


def choose(g: Grower) -> None:
    """Rows that a mask leaves: an axis that only the data tell."""
    if not g.masks:
        return
    mask = g.rng.choice(g.masks)
    fitting = [x for x in g.values if x.shape and x.shape[0] == mask.shape[0]]
    if not fitting:
        return
    x = g.rng.choice(fitting)
    kept = [int(MASK[: g.size(mask.shape[0], run)].sum()) for run in range(RUNS)]
    shape = (g.axis(*kept), *x.shape[1:])
    if g.rng.random() < 0.5:
        g.add(g.op("Compress", [x.name, mask.name], axis=0)[0], x.kind, shape)
    else:
        (found,) = g.op("NonZero", [mask.name])
        (index,) = g.op("Squeeze", [found, g.integers(0)])
        g.add(g.op("Gather", [x.name, index], axis=0)[0], x.kind, shape)


def reduce(g: Grower) -> None:
    x = g.pick(least_rank=1)
    at = g.rng.randrange(len(x.shape))
    keep = g.rng.random() < 0.6
    (made,) = g.op("ReduceMax", [x.name, g.integers(at)], keepdims=int(keep))
    left = (*x.shape[:at], *((1,) if keep else ()), *x.shape[at + 1 :])
    y = g.add(made, x.kind, left)
    if keep and g.rng.random() < 0.5:
        g.add(g.op("Sub", [x.name, y.name])[0], x.kind, x.shape)


def layer(g: Grower) -> None:
    """A dense layer, a convolution or a normalisation."""
    x = g.pick(least_rank=2)
    width = x.shape[-1]
    if len(x.shape) == 4 and isinstance(x.shape[1], int) and x.kind == TensorProto.FLOAT:
        channels = x.shape[1]
        weight = g.numbers(x.kind, (4, channels, 1, 1), channels**-0.5)
        g.add(g.op("Conv", [x.name, weight])[0], x.kind, (x.shape[0], 4, *x.shape[2:]))
    elif isinstance(width, int) and width and x.kind != TensorProto.FLOAT16:
        weight = g.numbers(x.kind, (width, 4), width**-0.5)
        g.add(g.op("MatMul", [x.name, weight])[0], x.kind, (*x.shape[:-1], 4))


def change_kind(g: Grower) -> None:
    """Cast to another floating-point type."""
    x = g.pick()
    kind = g.rng.choice([kind for kind in DTYPES if kind != x.kind])
    (small,) = g.op("Clip", [x.name, *(g.constant(np.array(v, DTYPES[x.kind])) for v in (-9, 9))])
    g.add(g.op("Cast", [small], to=kind)[0], kind, x.shape)


def branch(g: Grower) -> None:
    """If: both branches compute something of a value outside."""
    x = g.pick()
    graphs = []
    for _ in range(2):
        inner = g.inner()
        y = inner.mish(x, g.spelling(x.kind))
        if g.rng.random() < 0.3:
            (made,) = inner.op("Add", [y.name, inner.numbers(x.kind, ())])
            y = Value(made, x.kind, x.shape)
        info = helper.make_tensor_value_info(y.name, y.kind, open_shape(x.shape))
        graphs.append(helper.make_graph(inner.nodes, g.fresh("g"), [], [info]))
    condition = g.constant(np.array(g.rng.random() < 0.5))
    made = g.op("If", [condition], then_branch=graphs[0], else_branch=graphs[1])
    g.add(made[0], x.kind, x.shape)


def loop(g: Grower) -> None:
    """Loop: two rounds over a state, with a scan output beside it."""
    x = g.pick()
    inner = g.inner()
    index, before, state = (g.fresh() for _ in range(3))
    y = inner.mish(Value(state, x.kind, x.shape), g.spelling(x.kind))
    (after,) = inner.op("Identity", [before])
    (copy,) = inner.op("Identity", [y.name])
    body = helper.make_graph(
        inner.nodes,
        g.fresh("g"),
        [
            helper.make_tensor_value_info(index, TensorProto.INT64, []),
            helper.make_tensor_value_info(before, TensorProto.BOOL, []),
            helper.make_tensor_value_info(state, x.kind, open_shape(x.shape)),
        ],
        [
            helper.make_tensor_value_info(after, TensorProto.BOOL, []),
            helper.make_tensor_value_info(y.name, x.kind, open_shape(x.shape)),
            helper.make_tensor_value_info(copy, x.kind, open_shape(x.shape)),
        ],
    )
    rounds = g.constant(np.array(2, np.int64))
    made = g.op("Loop", [rounds, g.constant(np.array(True)), x.name], 2, body=body)
    g.add(made[0], x.kind, x.shape)
    if len(x.shape) < 4:
        g.add(made[1], x.kind, (2, *x.shape))


def scan(g: Grower) -> None:
    """Scan over the first axis."""
    x = g.pick(least_rank=2)
    inner = g.inner()
    row = g.fresh()
    y = inner.mish(Value(row, x.kind, x.shape[1:]), g.spelling(x.kind))
    body = helper.make_graph(
        inner.nodes,
        g.fresh("g"),
        [helper.make_tensor_value_info(row, x.kind, open_shape(x.shape[1:]))],
        [helper.make_tensor_value_info(y.name, x.kind, open_shape(x.shape[1:]))],
    )
    (made,) = g.op("Scan", [x.name], body=body, num_scan_inputs=1)
    g.add(made, x.kind, x.shape)


STEPS = (
    *(some_mish,) * 7,
    *(combine, pointwise, by_size, shape_like, reshape, join, choose, reduce, layer) * 2,
    *(miss, piecewise, change_kind, branch, loop, scan),
)
MASK = np.random.default_rng(5).random(64) < 0.6
MASK[0] = True


def declared(rng: random.Random, shape: Shape, ways: tuple[str, ...]) -> list[int | str | None]:
    """A shape as an input states it: symbols by name, unnamed, or mixed."""
    return [
        axis if isinstance(axis, int) else None if rng.choice(ways) == "unnamed" else axis
        for axis in shape
    ]


def random_model(case: int) -> tuple[onnx.ModelProto, list[Feed], list[Feed]]:
    """A model, standard normal inputs for two sizes of its axes, and hard ones."""
    rng = random.Random(case)
    opset = rng.choice([18, 20, 22])
    g = Grower(rng, dict(SIZES), [0], opset, [])
    ways = rng.choice([("named",), ("unnamed",), ("named", "unnamed")])
    inputs = []
    kind = rng.choice([1, 1, 1, 1, 1, 11, 10])
    for _ in range(rng.choice([1, 1, 2, 3])):
        rank = rng.randrange(5)
        shape = tuple(rng.choice(["N", "M", "K", "N", 2, 4]) for _ in range(rank))
        x = g.add(g.fresh("x"), kind, shape)
        inputs.append(helper.make_tensor_value_info(x.name, kind, declared(rng, shape, ways)))
    g.leaves += g.values
    for symbol in ("N", "M"):
        if rng.random() < 0.5:
            mask = Value(g.fresh("mask"), TensorProto.BOOL, (symbol,))
            g.masks.append(mask)
            axes = declared(rng, mask.shape, ways)
            inputs.append(helper.make_tensor_value_info(mask.name, TensorProto.BOOL, axes))
    some_mish(g)
    for _ in range(rng.randrange(2, 14)):
        rng.choice(STEPS)(g)
    shown = {g.values[-1].name: g.values[-1]}
    for value in rng.sample(g.values[len(g.leaves) :], min(2, len(g.values) - len(g.leaves))):
        shown[value.name] = value
    outputs = [
        helper.make_tensor_value_info(each.name, each.kind, open_shape(each.shape))
        for each in shown.values()
    ]
    graph = helper.make_graph(g.nodes, "random", inputs, outputs)
    imports = [helper.make_opsetid("", opset)]
    if g.functions:
        imports.append(helper.make_opsetid("own", 1))
    model = helper.make_model(graph, opset_imports=imports, functions=g.functions, ir_version=10)
    numbers = np.random.default_rng(case)
    reach = rng.choice(REACHES)
    within = [number for number in HARD if abs(number) <= reach]
    normal, hard = [], []
    for run in range(RUNS):
        masks = {each.name: MASK[: g.size(each.shape[0], run)] for each in g.masks}
        feeds: tuple[Feed, Feed] = dict(masks), dict(masks)
        for leaf in g.leaves:
            lengths = tuple(g.size(axis, run) for axis in leaf.shape)
            feeds[0][leaf.name] = np.asarray(numbers.standard_normal(lengths)).astype(DTYPES[kind])
            picked = np.asarray(numbers.choice(within, lengths))
            feeds[1][leaf.name] = picked.astype(DTYPES[kind])
        normal.append(feeds[0])
        hard.append(feeds[1])
    return model, normal, hard
