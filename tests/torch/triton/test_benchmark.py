"""benchmarks/gpu goes through its stages where there is no GPU, in small, and survives bad ones."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import mish  # noqa: E402
from mish import ulp  # noqa: E402

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    """Import modules of the benchmark by name, and forget them in the end."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCHMARKS / "gpu")
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if BENCHMARKS in Path(getattr(sys.modules[name], "__file__", None) or "/").parents:
            del sys.modules[name]


@pytest.fixture
def found(load, tmp_path, monkeypatch):
    """Run a stage in small; returns its rows."""

    def run(name, **patches):
        module = load(name)
        for attribute, value in patches.items():
            monkeypatch.setattr(module, attribute, value)
        rows = tmp_path / f"{name}.jsonl"
        device = torch.device("cpu")
        module.run(load("context").Context(device, rows, name, time.monotonic() + 60))
        return load("report").read(rows)

    return run


def _tables(rows):
    return {row["table"] for row in rows}


@pytest.mark.parametrize("name", ["smoke", "launch", "memory", "graphs", "training"])
def test_stages(found, name):
    rows = found(name)
    assert rows
    assert not any("FAILED" in str(row["cells"].get("outcome")) for row in rows)


def test_accuracy(found):
    rows = found("accuracy", BLOCK=1 << 14, JUDGED=100, PASSES=1 << 11)
    assert _tables(rows) == {"Judge", "Errors"}
    errors = [row["cells"] for row in rows if row["table"] == "Errors"]
    assert len(errors) == 12
    assert all(float(each["largest error, ulp"]) < 1 for each in errors)
    assert errors[0]["numbers"] == "63,490 (100%)"


def test_speed(found):
    rows = found("speed", EXPONENTS=(10,))
    assert _tables(rows) == {"Forward", "Backward", "Derivatives"}
    assert len(rows) == 4 * 2 + 4 * 2


def test_fused(found, load):
    cases = load("fused").cases()
    assert cases[0].operator == "GroupNorm" and len(cases) == 3 * 4 * 3 * 2
    rows = found("fused", cases=lambda: cases[:10])
    assert _tables(rows) == {"Errors", "Forward", "Forward and backward"}


def test_errors_are_those_of_mish_ulp(load):
    accuracy = load("accuracy")
    x = torch.linspace(-110, 20, 5001)
    wrong = torch.from_numpy(mish.mish(x.numpy())) * (1 + 2**-22)
    truth = mish.mish(x.double().numpy())
    expected = ulp.error_against(wrong.numpy(), truth).max()
    found = accuracy._add(accuracy.Errors(0, 0.0, 0.0, 0), x, wrong, 0)
    assert found.worst == pytest.approx(expected)
    assert found.count == 5001 and found.misrounded > 4000
    wrong[7] = torch.inf
    found = accuracy._add(found, x, wrong, 0)
    assert found.worst == torch.inf and found.at == pytest.approx(float(x[7]))


def test_every_pattern_is_a_number(load):
    accuracy = load("accuracy")
    for dtype, total in accuracy.PATTERNS.items():
        ends = torch.tensor([0, 1, total // 2, total // 2 + 1, total - 1])
        x = accuracy.numbers(ends, dtype)
        least = torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps
        assert x[:4].tolist() == [0, least, -0.0, -least] and x[4].isnan()


def test_a_sweep_takes_every_number_once(load, monkeypatch):
    accuracy = load("accuracy")
    seen = []
    monkeypatch.setattr(accuracy, "BLOCK", 300)
    monkeypatch.setattr(accuracy, "_add", lambda found, x, y, order: seen.append(x) or found)
    accuracy.sweep(torch.float16, 0, torch.device("cpu"))
    patterns = torch.cat(seen).view(torch.int16).unique()
    assert len(patterns) == sum(map(len, seen)) == 65536 - accuracy._nans(torch.float16)


# Stages that need no PyTorch, as the processes that they are in `benchmarks/gpu`.
BAD = {
    "works": "import sys; open(sys.argv[1], 'a').write(sys.argv[2])",
    "fails": "raise SystemExit('no such thing')",
    "hangs": "import time; time.sleep(60)",
}


def test_a_bad_stage_stops_no_other(load, tmp_path, monkeypatch):
    main = _main(load)
    stages = [main.Stage(name, 1.0 if name == "hangs" else 20, name) for name in BAD]
    monkeypatch.setattr(main, "STAGES", stages[::-1])
    follow = main.follow
    row = json.dumps({"stage": "works", "table": "T", "cells": {"a": 1}}) + "\n"

    def run(stage, seconds, command, log, tick):
        rows = command[command.index("--rows") + 1]
        return follow(stage, seconds, [sys.executable, "-c", BAD[stage.name], rows, row], log, tick)

    monkeypatch.setattr(main, "follow", run)
    monkeypatch.setattr(sys, "argv", ["gpu", str(tmp_path), "--dry-run"])
    with pytest.raises(SystemExit):
        main.main()
    content = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    outcomes = [each["outcome"] for each in content["stages"].values()]
    assert outcomes == ["stopped after 1 s", "failed (exit status 1)", "done"]
    assert content["stages"]["fails"]["said"] == "no such thing"
    assert [each["cells"] for each in content["rows"]] == [{"a": 1}]
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "no such thing" in page and "| a |\n|---|\n| 1 |" in page
    assert {file.name for file in tmp_path.iterdir()} == {"results.json", "results.md"}


def test_no_stage_begins_when_the_time_is_over(load, tmp_path, monkeypatch):
    main = _main(load)
    monkeypatch.setattr(sys, "argv", ["gpu", str(tmp_path), "--dry-run", "--seconds", "2"])
    with pytest.raises(SystemExit):
        main.main()
    stages = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["stages"]
    assert {each["outcome"] for each in stages.values()} == {"no time was left"}


def _main(load):
    """The module that runs the stages; its name is that of the program."""
    load("stages")
    specification = importlib.util.spec_from_file_location(
        "gpu_main", BENCHMARKS / "gpu" / "__main__.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_half_a_line_is_left_out(load, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"stage": "a"}\n{"sta\n{"stage": "b"}\n{"stage"', encoding="utf-8")
    assert load("report").read(rows) == [{"stage": "a"}, {"stage": "b"}]


def test_stages_fit_the_time(load):
    stages = load("stages")
    assert stages.SECONDS < 9 * 60
    others = [stage.seconds for stage in stages.STAGES if stage.name != "kernel_tests"]
    assert sum(others) < stages.SECONDS
    assert all((BENCHMARKS / "gpu" / f"{stage.name}.py").exists() for stage in stages.STAGES)
