"""Bad input to ``mish bench`` and ``mish verify``: a clear message, and nothing written."""

from __future__ import annotations

import errno
import os
import sys

import pytest
from typer.testing import CliRunner

from mish._measure import timing
from mish._support.cpus import allowed_cpus
from mish.bench.peer_processes import PeerProcesses
from mish.cli import app

FEW = ["--peers", "numpy", "--rounds", "1", "--size", "8"]


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--peers", "numpy,tourch"], "--peers: no peer is called 'tourch'; there are copy, mish,"),
        (["--peers", ""], "no peer is called ''"),
        (["--op", "sideways"], "--op must be of forward, backward, d2, or all, not 'sideways'"),
        (
            ["--dtype", "int8"],
            "--dtype must be of float32, float64, bfloat16, float16, or all, not",
        ),
        (["--size", "0"], "--size must be numbers from 1 to 2^40, such as 1000 or 2^20, not '0'"),
        (["--size", "many"], "not 'many'"),
        (["--size", "-3"], "not '-3'"),
        (["--size", "2^41"], "not '2^41'"),
        (["--size", "64..16"], "--size: '64..16' is no range from..to"),
        (["--size", "1..2..3"], "--size: '1..2..3' is no range from..to"),
        (["--size", "2^40"], "GiB are available. Choose a smaller size or fewer peers"),
        (["--sigma", "0"], "--sigma must be positive numbers, such as 1 or 0.5,3, not '0'"),
        (["--sigma", "1,wide"], "not 'wide'"),
        (["--sigma", "inf"], "not 'inf'"),
        (["--result", "old"], "--result must be given, new, both, not 'old'"),
        (["--threads", "0"], "--threads"),
        (["--threads", "100000"], f"--threads 100000: this process may use {allowed_cpus()} CPUs"),
        (["--rounds", "0"], "--rounds"),
        (
            ["-o", "missing/a.json"],
            "cannot write missing/a.json: there is no directory missing",
        ),
        (["-o", "."], "cannot write .: it is a directory"),
        (["--plot", "a.jpg"], "--plot must end in .png or .svg: a.jpg"),
        (["--plot", "missing/a.png"], "cannot write missing/a.png: there is no directory missing"),
        (["--full", "missing"], "there is no directory missing"),
    ],
)
def test_bench(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    shown = run("bench", *arguments)
    assert shown.exit_code == 2
    assert message in " ".join(shown.stderr.split())
    assert shown.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    shown = run("bench", *FEW, "-o", tmp_path / "a.json")
    assert shown.exit_code == 2
    assert "no permission" in shown.stderr


@pytest.mark.parametrize("name", ["found.json", "found.svg"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, name):
    class Full:
        """A file on a full disk."""

        def __init__(self, file):
            self._file = file

        def __getattr__(self, attribute):
            return getattr(self._file, attribute)

        def write(self, data):
            self._file.write(data[:1])
            raise OSError(errno.ENOSPC, "No space left on device")

    from contextlib import contextmanager

    from mish._support import files

    replacing = files.replacing

    @contextmanager
    def full(path):
        with replacing(path) as file:
            yield Full(file)

    monkeypatch.setattr(files, "replacing", full)
    target = tmp_path / name
    target.write_bytes(b"old")
    option = "--output" if name.endswith("json") else "--plot"
    shown = run("bench", *FEW, option, target)
    assert shown.exit_code == 2
    assert shown.stderr == f"error: cannot write {target}: No space left on device\n"
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_picture_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    shown = run("bench", *FEW, "--plot", tmp_path / "a.png")
    assert shown.exit_code == 2
    assert "pip install 'mish[plot]'" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--peer", "tourch"], "--peer: no peer is called 'tourch'"),
        (["--peer", "copy"], "--peer: a copy of the array is not Mish"),
        (["--dtype", "float8"], "--dtype must be of float32, float64, bfloat16, float16, or all"),
        (["--order", "4"], "--order must be of 0, 1, 2, 3, or all, not '4'"),
        (["--order", "first"], "--order must be of 0, 1, 2, 3, or all, not 'first'"),
    ],
)
def test_verify(arguments, message):
    shown = run("verify", *arguments)
    assert shown.exit_code == 2
    assert message in " ".join(shown.stderr.split())
    assert shown.stdout == ""


def test_verify_a_peer_that_is_not_installed(monkeypatch):
    from mish._measure import peers

    gone = peers.Peer("gone", "gone", "numpy", "naive", ("no_such_package",))
    monkeypatch.setattr(peers, "PEERS", [*peers.PEERS, gone])
    shown = run("verify", "--peer", "gone")
    assert shown.exit_code == 2
    assert shown.stderr == "error: --peer gone: no_such_package not installed\n"


def test_rounds_of_the_timing():
    with pytest.raises(ValueError, match="rounds must be at least 1, not -1"):
        timing.measure({"a": int}, rounds=-1)


def test_a_format_that_is_none():
    with PeerProcesses([]) as processes, pytest.raises(TypeError, match="dtype must be one of"):
        processes.case("forward", "int32", 8)
