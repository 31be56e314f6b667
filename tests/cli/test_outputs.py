"""Outputs that are links, pipes or devices, in the commands that write pictures and arrays."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from mish.caffe2 import caffe2_pb2, core
from mish.cli import app, bench

COMMANDS = {
    "plot": ["plot", "--orders", "0", "--marks", "none", "-o", "out.svg"],
    "plot-png": ["plot", "--orders", "0", "--marks", "none", "-o", "out.png"],
    "plot-pdf": ["plot", "--orders", "0", "--marks", "none", "-o", "out.pdf"],
    "run": ["caffe2", "run", "net.pb", "--input", "x.npz", "-o", "out.npz"],
    "to-onnx": ["caffe2", "to-onnx", "net.pb", "--input", "x.npz", "-o", "out.onnx"],
}
STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "npz": b"PK", "onnx": b"\x08"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_net("x", "y")
    np.savez("x.npz", x=np.ones((2, 3), np.float32))
    return tmp_path


def write_net(*blobs: str) -> None:
    ops = [core.CreateOperator("Mish", a, b) for a, b in itertools.pairwise(blobs)]
    Path("net.pb").write_bytes(caffe2_pb2.NetDef(name="n", op=ops).SerializeToString())


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS)
def command(request) -> list[str]:
    return request.param


def mish(command: list[str]) -> Result:
    return CliRunner().invoke(app, command)


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


def test_a_link(command, tmp_path):
    (tmp_path / "there").mkdir()
    output = Path(command[-1])
    target = tmp_path / "there" / "target"
    output.symlink_to(target)
    target.write_bytes(b"old")
    target.chmod(0o600)
    assert mish(command).exit_code == 0
    assert output.is_symlink()
    assert target.read_bytes().startswith(STARTS[output.suffix[1:]])
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_pipe(command):
    output = Path(command[-1])
    os.mkfifo(output)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(output.read_bytes()))
    reader.start()
    result = mish(command)
    assert result.exit_code == 0, result.output
    reader.join()
    assert got[0].startswith(STARTS[output.suffix[1:]])
    assert stat.S_ISFIFO(output.lstat().st_mode)


def test_a_device(command, null_device):
    output = Path(command[-1])
    null_device.rename(output)
    assert mish(command).exit_code == 0
    assert stat.S_ISCHR(output.lstat().st_mode)


def test_a_device_that_is_full(command, full_device):
    full_device.rename(command[-1])
    result = mish(command)
    assert result.exit_code == 2
    assert f"cannot write {command[-1]}: No space left on device" in said(result)


def test_a_link_in_a_circle(command):
    Path(command[-1]).symlink_to(command[-1])
    result = mish(command)
    assert result.exit_code == 2
    assert "cannot write" in said(result)
    assert "Too many levels of symbolic links" in said(result)
    assert Path(command[-1]).is_symlink()


def test_a_full_disk(command, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = set(tmp_path.iterdir())
    monkeypatch.setattr("os.fsync", full)
    result = mish(command)
    assert result.exit_code == 2
    assert f"cannot write {command[-1]}: No space left on device" in said(result)
    assert set(tmp_path.iterdir()) == before


def test_the_figures_of_bench(tmp_path):
    (tmp_path / "link.json").symlink_to("target.json")
    bench._write(Path("link.json"), "{}")
    assert Path("link.json").is_symlink()
    assert Path("target.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["file", "allow_pickle", "a/b"])
def test_blobs_of_any_name(name):
    write_net("x", name)
    assert mish(COMMANDS["run"]).exit_code == 0
    with np.load("out.npz") as archive:
        assert archive.files == [name]


def test_a_blob_whose_name_would_leave_the_folder():
    write_net("x", "../y", "z")
    result = mish(COMMANDS["run"])
    assert result.exit_code == 2
    assert "the array '../y' cannot be written to an .npz file: its name would leave" in said(
        result
    )
    assert "choose others with --blob" in said(result)
    assert not Path("out.npz").exists()
    assert mish([*COMMANDS["run"], "--blob", "z"]).exit_code == 0


@pytest.mark.parametrize("option", ["net", "--init", "--input"])
def test_inputs_that_are_pipes(option):
    os.mkfifo("pipe")
    command = ["caffe2", "run", "net.pb", "--input", "x.npz", "-o", "out.npz"]
    if option == "net":
        command[2] = "pipe"
    else:
        command += [option, "pipe"]
    result = mish(command)
    assert result.exit_code == 2
    assert "cannot read pipe: it is a pipe, not a regular file" in said(result)
