"""A file is written whole or not at all, and what is no file is not replaced."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

from mish._support.files import read_arrays, replacing, write_arrays


def test_target_is_replaced_at_the_end(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_failure_leaves_no_trace(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="stop"), replacing(target) as file:
        file.write(b"half")
        raise RuntimeError("stop")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "link", tmp_path / "there" / "a.bin"
    link.symlink_to("there/a.bin")
    for content in (b"new", b"newer"):  # at first it leads nowhere
        with replacing(link) as file:
            file.write(content)
        assert link.is_symlink()
        assert target.read_bytes() == content
    assert sorted(tmp_path.rglob("*")) == [link, target.parent, target]


def test_a_link_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with (
        pytest.raises(OSError, match="Too many levels of symbolic links"),
        replacing(tmp_path / "a"),
    ):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o664])
def test_permissions_are_handed_on(tmp_path, mode):
    target, twin = tmp_path / "a.bin", tmp_path / "twin"
    target.write_bytes(b"old")
    target.chmod(mode)
    with replacing(target) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == mode
    with replacing(twin, twin=target):
        pass
    assert {stat.S_IMODE(path.stat().st_mode) for path in (target, twin)} == {mode}


def test_a_new_file_obeys_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        for mode in (0o666, 0o600, 0o604):
            with replacing(tmp_path / f"{mode}", mode):
                pass
            assert stat.S_IMODE((tmp_path / f"{mode}").stat().st_mode) == mode & ~0o027
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_is_handed_on(tmp_path):
    target = tmp_path / "a.bin"
    target.touch()
    os.chown(target, 12345, 54321)
    with replacing(target):
        pass
    assert (target.stat().st_uid, target.stat().st_gid) == (12345, 54321)


def test_a_name_as_long_as_can_be(tmp_path):
    with replacing(tmp_path / ("a" * 255)):
        pass


def test_a_pipe_gets_the_bytes_once_they_are_all_there(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(RuntimeError, match="stop"), replacing(path) as file:
        file.write(b"half")
        raise RuntimeError("stop")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    with replacing(path) as file:
        write_arrays(file, {"a": np.arange(3)})
    reader.join()
    np.testing.assert_array_equal(np.load(io.BytesIO(got[0]))["a"], [0, 1, 2])
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_stays_a_device(null_device):
    link = null_device.with_name("link")
    link.symlink_to(null_device)
    for path in (null_device, link):
        with replacing(path) as file:
            file.write(b"new")
    assert stat.S_ISCHR(null_device.lstat().st_mode)
    assert link.is_symlink()


def test_the_file_that_is_standard_output_is_not_replaced(tmp_path):
    code = (
        "from pathlib import Path; from mish._support.files import replacing; import sys\n"
        "print('before', flush=True)\n"
        "with replacing(Path(sys.argv[1])) as file: file.write(b'during ')\n"
        "print('after')"
    )
    path = tmp_path / "out"
    for name in (path, "/dev/stdout"):
        with path.open("wb") as out:
            subprocess.run([sys.executable, "-c", code, name], stdout=out, check=True)
        assert path.read_bytes() == b"before\nduring after\n"


def test_many_at_once(tmp_path):
    target, failures = tmp_path / "a.bin", []

    def work(number: int) -> None:
        try:
            for _ in range(25):
                with replacing(target) as file:
                    file.write(bytes([number]) * 1000)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    content = target.read_bytes()
    assert content == content[:1] * 1000
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "name", ["file", "allow_pickle", "args", "a/b", "a.npy", "ä", "..a", "arr_0"]
)
def test_arrays_of_any_name(tmp_path, name):
    path = tmp_path / "x.npz"
    arrays = {name: np.arange(3), "other": np.zeros((2, 0), np.float16)}
    with path.open("wb") as file:
        write_arrays(file, arrays)
    got = read_arrays(path)
    assert list(got) == list(arrays)
    for key, array in arrays.items():
        np.testing.assert_array_equal(got[key], array)
        assert got[key].dtype == array.dtype


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/a", "..\\a", "C:\\a", "C:a", "", "a\0b"])
def test_names_that_would_leave_the_folder(name):
    with pytest.raises(ValueError, match="its name would leave the folder"):
        write_arrays(io.BytesIO(), {"a": np.zeros(1), name: np.zeros(1)})
