"""Time and check ways to write Mish with standard ONNX operators, in ONNX Runtime on CPU.

Usage: python benchmarks/onnx/forms.py [RESULT.md]    (default: benchmarks/results/onnx-forms.md)

The rows "mish.onnx.optimize" are what the package writes today: its form ``sigmoid``, and
``native`` with the package's kernel.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from candidates import CANDIDATES, convnet, elementwise

import mish.onnx
import mish.ulp
from mish.bench import machine, timing

SIZES = (1 << 12, 1 << 16, 1 << 18, 1 << 20, 1 << 22)
ROUNDS = 15
IMAGE = (1, 3, 128, 128)
SHIPPED = {form: f"mish.onnx.optimize, {form}" for form in ("sigmoid", "native")}

# Each region is swept with this many evenly spaced points. Further left than the first one,
# exp(x) is subnormal in float32.
POINTS = 200_001
REGIONS = ((-87.0, -30.0), (-30.0, -15.0), (-15.0, -5.0), (-5.0, 0.0), (0.0, 30.0), (30.0, 1e4))


PAGE = """\
# Mish in standard ONNX operators, in ONNX Runtime on CPU

Made by `python benchmarks/onnx/forms.py`, which overwrites this page.
One thread. {machine}

In the names, q = sigmoid(-x), s = sigmoid(x), t = s(2-s), e = exp(x), n = e(e+2).

## Time

Nanoseconds per float32 element, by the number of elements in the tensor. Input and output are
bound once. The candidates take turns; each figure is the median of {rounds} turns. The network
is five 3x3 convolutions with 32 channels on a 128x128 image, each followed by Mish; its column
is milliseconds for one run.

{timing}

## Error in float32

Largest difference from a float64 evaluation: absolute on the far left, where the true value
is at most 1.5e-36, and elsewhere in units in the last place of the true value. The true value at
-inf is -0.

{errors}

## The operators Sigmoid and Exp

Largest error in float32, absolute and relative.

{operators}

## float16

{half}
"""


class Runner:
    """A session on one thread whose input and output stay bound, so that only work is timed."""

    def __init__(self, model: onnx.ModelProto) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        mish.onnx.register(options)
        self.session = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.name = self.session.get_inputs()[0].name

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The output for one input."""
        return self.session.run(None, {self.name: x})[0]

    def bind(self, x: np.ndarray) -> None:
        """Fix the input and a buffer for the output."""
        self.values = [ort.OrtValue.ortvalue_from_numpy(array) for array in (x, self(x))]
        self.binding = self.session.io_binding()
        self.binding.bind_ortvalue_input(self.name, self.values[0])
        self.binding.bind_ortvalue_output(self.session.get_outputs()[0].name, self.values[1])

    def seconds(self, repeat: int) -> float:
        """Seconds for one run, over ``repeat`` runs in a row."""
        start = time.perf_counter()
        for _ in range(repeat):
            self.session.run_with_iobinding(self.binding)
        return (time.perf_counter() - start) / repeat


def medians(runners: dict[str, Runner], x: np.ndarray) -> dict[str, float]:
    """Median seconds of each, the candidates taking turns so that drift falls on all alike."""
    for runner in runners.values():
        runner.bind(x)
    laps = {name: runner.seconds for name, runner in runners.items()}
    return {name: found.median for name, found in timing.alternate(laps, ROUNDS).items()}


def truth(x: np.ndarray) -> np.ndarray:
    """Mish of finite x in float64, good to a few parts in 1e16."""
    wide = x.astype(np.float64)
    e = np.exp(np.minimum(wide, 40.0))
    n = e * (e + 2)
    return wide * (n / (n + 2))


def ulps(runner: Runner, x: np.ndarray) -> str:
    """Largest error in units in the last place of the true value."""
    worst = float(np.max(mish.ulp.error_against(runner(x), truth(x))))
    return f"{worst:.2f}" if worst < 1000 else f"{worst:.0e}"


def specials(runner: Runner) -> str:
    """What comes out at -inf, -1e4, +inf and NaN."""
    out = runner(np.array([-np.inf, -1e4, np.inf, np.nan], np.float32))
    return " / ".join(f"{value:.3g}" for value in out)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def time_table() -> str:
    """Time of each candidate over vectors and in a network."""
    classic = CANDIDATES["Softplus, Tanh, Mul"]
    single = {name: Runner(elementwise(body)) for name, body in CANDIDATES.items()}
    nets = {name: Runner(convnet(body)) for name, body in CANDIDATES.items()}
    for form, name in SHIPPED.items():
        single[name] = Runner(mish.onnx.optimize(elementwise(classic), form).model)
        nets[name] = Runner(mish.onnx.optimize(convnet(classic), form).model)
    nets["(same network with Relu)"] = Runner(convnet("y = Relu(x)"))

    rng = np.random.default_rng(1)
    rows = {name: [name] for name in nets}
    for size in SIZES:
        times = medians(single, 2 * rng.standard_normal(size).astype(np.float32))
        for name, row in rows.items():
            row.append(f"{times[name] / size * 1e9:.2f}" if name in times else "")
    for name, seconds in medians(nets, rng.standard_normal(IMAGE).astype(np.float32)).items():
        rows[name].append(f"{seconds * 1e3:.2f}")
    sizes = (f"2^{size.bit_length() - 1}" for size in SIZES)
    return table(["candidate", *sizes, "network, ms"], list(rows.values()))


def error_table() -> str:
    """Error of each candidate by region."""
    far, *sweeps = (
        np.linspace(low, high, POINTS).astype(np.float32) for low, high in ((-1e4, -87), *REGIONS)
    )
    rows = []
    runners = {name: Runner(elementwise(body)) for name, body in CANDIDATES.items()}
    native = mish.onnx.optimize(elementwise(CANDIDATES["op Mish"]), "native").model
    runners[SHIPPED["native"]] = Runner(native)
    for name, runner in runners.items():
        vanishing = np.max(np.abs(runner(far).astype(np.float64) - truth(far)))
        rows.append(
            [name, f"{vanishing:.0e}", *(ulps(runner, x) for x in sweeps), specials(runner)]
        )
    regions = (f"[{low:g}, {high:g}], ulp" for low, high in REGIONS)
    head = ["candidate", "[-1e4, -87], absolute", *regions, "at -inf / -1e4 / inf / NaN"]
    return table(head, rows)


def operator_table() -> str:
    """Error of ONNX Runtime's Sigmoid and Exp, which a form can start from."""
    rows = []
    for name in ("Sigmoid", "Exp"):
        runner = Runner(elementwise(f"y = {name}(x)"))
        for low, high in REGIONS[:4]:
            x = np.linspace(low, high, POINTS).astype(np.float32)
            e = np.exp(x.astype(np.float64))
            exact = e if name == "Exp" else e / (1 + e)
            error = np.abs(runner(x) - exact)
            worst = (np.max(error), np.max(error / exact))
            rows.append([name, f"[{low:g}, {high:g}]", *(f"{value:.1e}" for value in worst)])
    return table(["operator", "region", "absolute", "relative"], rows)


def half_table() -> str:
    """Time and error in float16: the plain operators, or the same between Casts to float32."""
    classic = elementwise(CANDIDATES["Softplus, Tanh, Mul"], "float16")
    runners = {
        "Softplus, Tanh, Mul": Runner(classic),
        "x / (1 + 2/n)": Runner(elementwise(CANDIDATES["x / (1 + 2/n)"], "float16")),
        f"{SHIPPED['sigmoid']} (between Casts)": Runner(mish.onnx.optimize(classic).model),
        SHIPPED["native"]: Runner(mish.onnx.optimize(classic, "native").model),
    }
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    x = (2 * np.random.default_rng(2).standard_normal(1 << 18)).astype(np.float16)
    return table(
        ["candidate", "ns per element at 2^18", "worst ulp over every finite float16"],
        [
            [name, f"{seconds / x.size * 1e9:.2f}", ulps(runners[name], finite)]
            for name, seconds in medians(runners, x).items()
        ],
    )


def main() -> None:
    """Measure everything and write the page."""
    page = PAGE.format(
        machine=machine.summary(machine.facts(["onnxruntime", "onnx"])),
        rounds=ROUNDS,
        timing=time_table(),
        errors=error_table(),
        operators=operator_table(),
        half=half_table(),
    )
    default = Path(__file__).resolve().parents[1] / "results" / "onnx-forms.md"
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    target.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
