"""Drafts: their locks, their companions, and what killed runs leave."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from mish._support.drafts import alone, clean, drafting, holding


def names(prefix: str):
    return (f"{prefix}{number}" for number in itertools.count())


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_draft_of_a_live_process_is_left_alone(tmp_path):
    with drafting(tmp_path / "a") as draft:
        draft.file.write(b"a")
        draft.companion(0o666).write(b"c")
        clean(tmp_path)
        assert draft.place(names("c")) == "c0"
        clean(tmp_path)
        draft.commit()
    assert left(tmp_path) == {"a", "c0"}


def test_a_draft_without_an_owner_is_removed(tmp_path):
    (tmp_path / f".mish-{'0' * 16}.tmp").write_bytes(b"half")
    (tmp_path / ".mish.lock").touch()
    (tmp_path / ".mish-notes.tmp").touch()
    clean(tmp_path)
    assert left(tmp_path) == {".mish-notes.tmp"}


def test_what_has_the_name_of_a_draft_and_is_none_is_no_hindrance(tmp_path):
    (tmp_path / f".mish-{'0' * 16}.tmp").mkdir()
    os.mkfifo(tmp_path / f".mish-{'1' * 16}.tmp")
    (tmp_path / f".mish-{'2' * 16}.tmp").symlink_to("a")
    os.mkfifo(tmp_path / ".mish.lock")
    (tmp_path / "a").write_bytes(b"old")
    with drafting(tmp_path / "b") as draft, alone(tmp_path):
        draft.commit()
    assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("linked", [True, False])
def test_a_companion_stays_with_its_draft(tmp_path, monkeypatch, committed, linked):
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links")

    if not linked:
        monkeypatch.setattr("os.link", refuse)
    for name in ("a", "c0", "old"):
        (tmp_path / name).write_bytes(b"old")
    with drafting(tmp_path / "a") as draft:
        draft.companion(0o666).write(b"new")
        assert draft.place(names("c")) == "c1"
        if committed:
            draft.commit([tmp_path / "old"])
    assert left(tmp_path) == ({"a", "c0", "c1"} if committed else {"a", "c0", "old"})
    assert (tmp_path / "c0").read_bytes() == b"old"


def test_links_in_a_folder_of_everybody_are_not_trusted(tmp_path):
    (tmp_path / "a").touch()
    for kind in ("new", "old-0"):
        os.link(tmp_path / "a", tmp_path / f".mish-{'0' * 16}.{kind}.tmp")
    tmp_path.chmod(0o1777)
    clean(tmp_path)
    assert left(tmp_path) == {"a"}


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("steps", range(5))
def test_cleaning_that_is_killed_too(tmp_path, monkeypatch, committed, steps):
    for name in ("a", "old"):
        (tmp_path / name).write_bytes(b"old")
    stem = f".mish-{'0' * 16}"
    (tmp_path / f"{stem}.tmp").write_bytes(b"new")
    for kind, name in (("new", "c"), ("old-0", "old")):
        (tmp_path / f"{stem}.{kind}.tmp").write_bytes(b"data")
        (tmp_path / name).unlink(missing_ok=True)
        os.link(tmp_path / f"{stem}.{kind}.tmp", tmp_path / name)
    if committed:
        (tmp_path / f"{stem}.tmp").replace(tmp_path / "a")
    unlink, left_over = Path.unlink, steps

    def killed(path: Path, missing_ok: bool = False) -> None:
        nonlocal left_over
        if not left_over:
            raise KeyboardInterrupt
        left_over -= 1
        unlink(path, missing_ok)

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(Path, "unlink", killed)
        clean(tmp_path)
    clean(tmp_path)
    assert left(tmp_path) == ({"a", "c"} if committed else {"a", "old"})


def test_a_companion_is_as_private_as_what_it_comes_from(tmp_path):
    (tmp_path / "a").touch(mode=0o640)
    with drafting(tmp_path / "a") as draft:
        draft.companion(0o604)
        draft.place(names("c"))
        draft.commit()
    assert stat.S_IMODE((tmp_path / "c0").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_another_group_gets_no_more_than_everybody(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError

    (tmp_path / "a").touch(mode=0o664)
    os.chown(tmp_path / "a", -1, next(iter({*os.getgroups(), 12345} - {os.getegid()})))
    monkeypatch.setattr("os.fchown", refuse)
    with drafting(tmp_path / "a") as draft:
        draft.commit()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_one_at_a_time(tmp_path):
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with alone(tmp_path):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert left(tmp_path) == set()


def test_who_comes_second_does_not_get_the_lock(tmp_path):
    path = tmp_path / "lock"
    with holding(path), pytest.raises(BlockingIOError), holding(path):
        pass
    assert left(tmp_path) == set()
    path.touch()  # left by a killed process, whose lock the system has lifted
    with holding(path):
        assert left(tmp_path) == {"lock"}
    assert left(tmp_path) == set()
    with pytest.raises(FileNotFoundError), holding(tmp_path / "no" / "lock"):
        pass
