"""Files written aside: nobody's link is followed, and what a killed process left goes."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from regtrack.atomic import (
    locked,
    open_lock,
    remove_left_aside,
    replacing,
    write_first,
    write_text,
    write_texts,
)
from regtrack.errors import InputError
from regtrack.models.tensors import save_tensors

WRITE_AND_DIE = """
import os, sys
from pathlib import Path
from regtrack.atomic import replacing
with replacing(Path(sys.argv[1])) as aside:
    aside.write_text("half of it")
    os._exit(9)
"""


def left_by_a_killed_process(path: Path) -> Path:
    """What a process that was killed while it wrote `path` left aside."""
    before = set(path.parent.iterdir())
    done = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(path)], check=False)
    assert done.returncode == 9
    (aside,) = set(path.parent.iterdir()) - before
    return aside


def test_a_name_aside_tells_machine_and_process_and_cannot_be_foreseen(tmp_path: Path) -> None:
    with replacing(tmp_path / "hub.txt") as one, replacing(tmp_path / "hub.txt") as other:
        host = platform.node().replace(".", "-")[:32]
        assert one.name.startswith(f"hub.txt.{host}.{os.getpid()}.")
        assert one != other
        for aside in one, other:
            aside.write_text("text")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_who_may_read_a_file_the_umask_says_also_where_a_library_replaces_what_is_aside(
    tmp_path: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        save_tensors(tmp_path / "model.safetensors", {"weights": torch.ones(2)}, "{}")
        write_text(tmp_path / "hub.txt", "text")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {mode}


def test_a_link_that_was_planted_aside_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("years of work")
    monkeypatch.setattr(secrets, "token_hex", lambda count: "0" * 2 * count)
    with replacing(tmp_path / "hub.txt") as aside:
        name = aside.name
    (tmp_path / name).symlink_to(thesis)
    with pytest.raises(FileExistsError):
        write_text(tmp_path / "hub.txt", "text")
    assert thesis.read_text() == "years of work"


def test_a_name_as_long_as_the_disk_takes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    write_text(path, "text")
    assert path.read_text() == "text"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_files_that_belong_together_none_is_written_when_one_cannot_be(
    tmp_path: Path, place: int
) -> None:
    (tmp_path / "0").write_text("before")
    paths = [tmp_path / str(number) for number in range(3)]
    paths.insert(place, tmp_path / "missing" / "file")
    with pytest.raises(FileNotFoundError) as caught:
        write_texts(dict.fromkeys(paths, "now"))
    assert caught.value.filename == str(tmp_path / "missing")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_what_a_killed_process_left_aside_is_removed_by_the_next_to_write_there(
    tmp_path: Path,
) -> None:
    aside = left_by_a_killed_process(tmp_path / "hub.txt")
    assert aside.read_text() == "half of it"
    write_text(tmp_path / "igv.xml", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["igv.xml"]


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    with replacing(tmp_path / "hub.txt") as aside:
        remove_left_aside(tmp_path)
        aside.write_text("whole")
    assert (tmp_path / "hub.txt").read_text() == "whole"


@pytest.mark.parametrize(("hours", "stays"), [(1, True), (25, False)])
def test_what_another_machine_left_is_removed_after_a_day(
    tmp_path: Path, hours: int, stays: bool
) -> None:
    aside = tmp_path / "hub.txt.another-machine.1.0123456789abcdef.tmp"
    aside.touch()
    then = time.time() - 3600 * hours
    os.utime(aside, (then, then))
    remove_left_aside(tmp_path)
    assert aside.exists() is stays


@pytest.mark.parametrize("name", ["notes.tmp", "hub.txt.12.tmp"])
def test_nobody_elses_file_is_taken_for_one_that_was_left(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    remove_left_aside(tmp_path)
    assert (tmp_path / name).exists()


def test_a_lock_keeps_what_is_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("text")
    os.close(open_lock(tmp_path / "lock"))
    assert (tmp_path / "lock").read_text() == "text"


@pytest.mark.parametrize("kind", ["file", "nothing"])
def test_a_lock_that_is_a_link_is_refused(tmp_path: Path, kind: str) -> None:
    thesis = tmp_path / "thesis.tex"
    if kind == "file":
        thesis.write_text("years of work")
    (tmp_path / "lock").symlink_to(thesis)
    with pytest.raises(InputError, match="lock: is a link; expected a lock of regtrack's"):
        open_lock(tmp_path / "lock")
    assert thesis.exists() is (kind == "file")


def test_a_lock_that_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(InputError, match="lock: is not a regular file"):
        open_lock(tmp_path / "lock")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP])
def test_where_there_are_no_locks_nobody_else_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    lock = open_lock(tmp_path / "lock")
    monkeypatch.setattr(fcntl, "flock", refused)
    assert locked(lock)
    os.close(lock)


def test_a_lock_that_cannot_be_asked_for_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    lock = open_lock(tmp_path / "lock")
    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(OSError, match="Input/output"):
        locked(lock)
    os.close(lock)


def test_an_error_names_the_file_that_was_asked_for_and_not_the_one_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_text(tmp_path / "a.txt", "text")
    assert caught.value.filename == str(tmp_path / "a.txt")
    monkeypatch.setattr(Path, "write_text", lambda path, *_, **__: (path / "in a file").stat())
    with pytest.raises(NotADirectoryError) as caught:  # of another file than the two
        write_text(tmp_path / "b.txt", "text")
    assert Path(str(caught.value.filename)).name == "in a file"

    def refused(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(PermissionError) as caught:
        write_text(tmp_path / "c.txt", "text")
    assert caught.value.filename == str(tmp_path / "c.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_text_with_a_name_that_is_not_utf8_is_refused_in_one_line(tmp_path: Path) -> None:
    text = os.fsdecode(b"genome = caf\xe9 # of hg19")
    with pytest.raises(
        InputError, match=r"a.txt: cannot hold 'caf\\udce9', a name that is not UTF"
    ):
        write_text(tmp_path / "a.txt", text)
    assert list(tmp_path.iterdir()) == []


def test_of_several_that_write_a_file_first_one_does(tmp_path: Path) -> None:
    path = tmp_path / "record"
    assert write_first(path, "mine\n")
    assert not write_first(path, "another's\n")
    assert path.read_text() == "mine\n"
    assert list(tmp_path.iterdir()) == [path]


def test_who_is_overtaken_while_writing_leaves_the_others_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record"
    link = Path.hardlink_to

    def overtaken(self: Path, target: Path) -> None:
        self.write_text("another's\n")
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", overtaken)
    assert not write_first(path, "mine\n")
    assert path.read_text() == "another's\n"
    assert list(tmp_path.iterdir()) == [path]


def test_without_hard_links_a_file_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self: Path, _: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", str(self))

    monkeypatch.setattr(Path, "hardlink_to", refuses)
    assert write_first(tmp_path / "record", "mine\n")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine\n"]
