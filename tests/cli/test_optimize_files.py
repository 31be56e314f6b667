"""What the command does to links, permissions, pipes, devices, and directories with odd files."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from typer.testing import CliRunner, Result

from mish.cli import app
from mish.onnx import Report, optimize, verify

TEXT = """
<ir_version: 8, opset_import: ["": 15]>
g (float[N, 4] x) => (float[N, 4] y) { h = MatMul(x, w) y = Mul(h, t) t = Tanh(p) p = Softplus(h) }
""".replace(
    "y = Mul(h, t) t = Tanh(p) p = Softplus(h)", "p = Softplus(h) t = Tanh(p) y = Mul(h, t)"
)
REFERENCE = """
<ir_version: 8, opset_import: ["": 15, "own": 1]>
g (float[N] x) => (float[N] y) { y = own.act<p = 0.5>(x) }
<domain: "own", opset_import: ["": 15]>
act <p>(a) => (b) { c = LeakyRelu<alpha: float = @p>(a) s = Softplus(c) t = Tanh(s) b = Mul(c, t) }
"""


@pytest.fixture
def model() -> onnx.ModelProto:
    model = onnx.parser.parse_model(TEXT)
    weights = np.arange(16, dtype=np.float32).reshape(4, 4)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    return model


@pytest.fixture
def source(model, tmp_path) -> Path:
    onnx.save(model, tmp_path / "in.onnx")
    return tmp_path / "in.onnx"


@pytest.fixture
def split(model, tmp_path) -> Path:
    path = tmp_path / "split" / "m.onnx"
    path.parent.mkdir()
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return path


def mish(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["optimize", *map(str, arguments), "--no-verify"])


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o444])
def test_in_place_keeps_permissions(source, permissions):
    source.chmod(permissions)
    assert mish(source, "--inplace").exit_code == 0
    assert mode(source) == permissions
    assert mode(source.with_name("in.onnx.bak")) == permissions


def test_a_private_model_stays_private_elsewhere(split, tmp_path):
    split.chmod(0o600)
    split.with_name("w.bin").chmod(0o600)
    assert mish(split, "-o", tmp_path / "out.onnx").exit_code == 0
    assert {mode(tmp_path / name) for name in ("out.onnx", "out.onnx.data")} == {0o600}


def test_in_place_through_a_link(split, tmp_path):
    """As in a cache of downloads: names in one folder are links to contents in another."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for name, blob in (("m.onnx", "1"), ("w.bin", "2")):
        split.with_name(name).rename(cache / blob)
        split.with_name(name).symlink_to(cache / blob)
    old = (cache / "1").read_bytes()
    assert mish(split, "--inplace").exit_code == 0
    assert split.is_symlink()
    assert (cache / "1").read_bytes() != old
    backup = split.with_name("m.onnx.bak")
    assert backup.read_bytes() == old
    assert verify(split, backup).agree
    assert {path.name for path in cache.iterdir()} == {"1", "2", "1.bak"}
    assert os.readlink(backup) == "../cache/1.bak"


def test_an_output_that_is_a_link(source, tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.onnx"
    link.symlink_to("there/out.onnx")
    assert mish(source, "-o", link).exit_code == 0
    assert link.is_symlink()
    assert verify(source, tmp_path / "there" / "out.onnx").agree


def test_weights_cannot_lie_beside_a_link_and_its_target(split, tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.onnx"
    link.symlink_to("there/out.onnx")
    result = mish(split, "-o", link)
    assert result.exit_code == 2
    assert "is a link to another folder; give" in said(result)
    assert list((tmp_path / "there").iterdir()) == []


def test_an_output_that_is_a_device(source, split, null_device):
    assert mish(source, "-o", null_device).exit_code == 0
    result = mish(split, "-o", null_device)
    assert result.exit_code == 2
    assert "give the name of a regular file" in said(result)
    assert stat.S_ISCHR(null_device.lstat().st_mode)
    assert not null_device.with_name("null.data").exists()


def test_an_output_that_is_a_device_and_full(source, full_device):
    result = mish(source, "-o", full_device)
    assert result.exit_code == 2
    assert "cannot write" in said(result)
    assert "No space left on device" in said(result)


def test_an_output_that_is_a_pipe(source, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    assert mish(source, "-o", pipe).exit_code == 0
    reader.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert verify(source, onnx.ModelProto.FromString(got[0])).agree


@pytest.mark.parametrize("way", ["--inplace", "--dry-run"])
def test_an_input_that_is_a_pipe(tmp_path, way):
    os.mkfifo(tmp_path / "pipe.onnx")
    result = mish(tmp_path / "pipe.onnx", way)
    assert result.exit_code == 2
    assert "pipe.onnx: it is a pipe, not a regular file" in said(result)


@pytest.mark.parametrize("way", ["--inplace", "--dry-run"])
def test_an_input_that_is_a_device(null_device, way):
    result = mish(null_device, way)
    assert result.exit_code == 2
    assert "it is a device, not a regular file" in said(result)


def test_standard_input_is_not_replaced(source):
    command = [sys.executable, "-m", "mish", "optimize", "/dev/stdin", "--inplace"]
    old = source.read_bytes()
    with source.open("rb") as file:
        result = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "stands for another file; give that file's own name" in " ".join(result.stderr.split())
    assert source.read_bytes() == old


def test_a_directory_goes_on_past_what_fails(source, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "a.onnx").write_bytes(b"text")
    os.mkfifo(folder / "b.onnx")
    (folder / "c.onnx").symlink_to("nowhere")
    onnx.save(onnx.parser.parse_model(REFERENCE), folder / "d.onnx")
    source.rename(folder / "z.onnx")
    result = mish(folder, "-o", tmp_path / "out", "--form", "op")
    assert result.exit_code == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["z.onnx"]
    *told, last = [line for line in result.stderr.splitlines() if line.strip()]
    assert "3 of 5 models were not written" in last
    assert [Path(line.split(":")[0]).name for line in told] == ["a.onnx", "b.onnx", "c.onnx"]
    assert "alpha = @p, which only the function's call gives" in " ".join(result.stdout.split())


def test_a_directory_goes_on_past_a_fault_of_ours(source, tmp_path, monkeypatch):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "a.onnx").write_bytes(source.read_bytes())
    source.rename(folder / "b.onnx")

    def stumble(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "a.onnx":
            raise IndexError("list index out of range")
        return optimize(path, *arguments, **options)

    monkeypatch.setattr("mish.onnx._optimize_file.optimize", stumble)
    result = mish(folder, "--inplace", "--json")
    assert result.exit_code == 2
    failed, written = json.loads(result.stdout)["models"]
    assert failed["error"] == "unexpected IndexError: list index out of range"
    assert written["status"] == "written"
    assert "a.onnx: unexpected IndexError" in said(result)
    with pytest.raises(IndexError):
        CliRunner().invoke(
            app, ["optimize", str(folder / "a.onnx"), "--dry-run"], catch_exceptions=False
        )


@pytest.mark.parametrize("written", [True, False])
def test_in_place_that_is_interrupted(source, monkeypatch, written):
    """Once the model is replaced, the backup is all that is left of the old one."""
    save = Report.save

    def interrupted(report: Report, path: Path) -> None:
        if written:
            save(report, path)
        raise KeyboardInterrupt

    old = source.read_bytes()
    monkeypatch.setattr(Report, "save", interrupted)
    assert mish(source, "--inplace").exit_code != 0
    assert (source.read_bytes() == old) == (not written)
    backup = source.with_name("in.onnx.bak")
    assert backup.read_bytes() == old if written else not backup.exists()


def test_in_place_after_a_run_that_was_killed_before_the_new_model(source):
    backup = source.with_name("in.onnx.bak")
    backup.write_bytes(source.read_bytes())
    assert mish(source, "--inplace").exit_code == 0
    assert backup.read_bytes() != source.read_bytes()


@pytest.mark.parametrize("verified", [True, False])
def test_names_that_are_not_utf8(model, tmp_path, verified):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "a"
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    folder = (tmp_path / "a").rename(tmp_path / os.fsdecode(b"m\xe9"))
    source = (folder / "a").rename(folder / os.fsdecode(b"a\xff.onnx"))
    target = folder / "out" / os.fsdecode(b"\xe4.onnx")
    target.parent.mkdir()
    command = [sys.executable, "-m", "mish", "optimize", source, "-o", target]
    result = subprocess.run(
        [*command, *([] if verified else ["--no-verify"])],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:surrogateescape"},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert verify(source, target).agree
    assert sorted(map(os.fsencode, os.listdir(target.parent))) == [
        b"\xe4.onnx",
        "\N{REPLACEMENT CHARACTER}.onnx.data".encode(),
    ]
