"""Folders that are complete or absent, wherever they lie, and runs that go on."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regtrack import work_folders
from regtrack.atomic import open_lock
from regtrack.errors import InputError
from regtrack.folders import (
    check_file,
    check_folder,
    clear,
    move_in,
    replacing_folder,
    size_text,
    unfinished_run,
)
from regtrack.report.files import check_report_folder

IDENTITY = {"model": "dilated", "max_error": 0.003}

# Fills a folder that cannot be renamed and is killed when so many of its entries are moved.
KILLED = """
import os, sys
from pathlib import Path
from regtrack import work_folders
from regtrack.folders import move_in, replacing_folder
out, left = Path(sys.argv[1]), int(sys.argv[2])
work_folders._mount_points = lambda: {out}
replace = Path.replace
def killed(path, target):
    global left
    if path.parent.name == "whole":
        if not left:
            os._exit(9)
        left -= 1
    return replace(path, target)
Path.replace = killed
with replacing_folder(out, "contents") as made:
    for name in ("contents", "a", "b"):
        (made / name).write_text("new")
"""


def fill(out: Path, text: str, names: tuple[str, ...] = ("contents", "a", "b")) -> None:
    with replacing_folder(out, "contents") as made:
        for name in names:
            (made / name).write_text(text)


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a mount point."""
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(work_folders, "_mount_points", lambda: {out})
    return out


@pytest.mark.parametrize("names", [[], ["lost+found"], [".regtrack.partial"]])
def test_an_empty_folder_is_taken(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    check_folder(tmp_path, False, "contents", "a dataset")


def test_a_folder_with_anything_in_it_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    for force in (False, True):
        with pytest.raises(InputError, match="not replaced: it is not a dataset"):
            check_folder(tmp_path, force, "contents", "a dataset")
    (tmp_path / "contents").touch()
    with pytest.raises(InputError, match="exists already; --force replaces it"):
        check_folder(tmp_path, False, "contents", "a dataset")
    check_folder(tmp_path, True, "contents", "a dataset")


def test_work_lies_beside_a_folder_that_can_be_renamed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with replacing_folder(tmp_path / "out", "contents") as made:
        assert made.parent == tmp_path / "out.partial"


def test_work_lies_in_a_mount_point_and_is_gone_afterwards(mounted: Path) -> None:
    with replacing_folder(mounted, "contents") as made:
        assert made.parent == mounted / ".regtrack.partial"
        (made / "contents").write_text("new")
    assert content(mounted) == {"contents": "new"}
    assert list(mounted.parent.iterdir()) == [mounted]


def test_work_lies_in_the_folder_that_the_user_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(Path(), "new")
    assert content(Path()) == {"contents": "new", "a": "new", "b": "new"}


def test_what_a_mount_point_held_is_replaced_whole(mounted: Path) -> None:
    fill(mounted, "old", ("contents", "a", "b", "c"))
    (mounted / "lost+found").mkdir()
    fill(mounted, "new")
    (mounted / "lost+found").rmdir()
    assert content(mounted) == {"contents": "new", "a": "new", "b": "new"}


def test_a_mount_point_is_as_it_was_when_the_work_fails(mounted: Path) -> None:
    fill(mounted, "old")
    with pytest.raises(ZeroDivisionError), replacing_folder(mounted, "contents"):
        1 / 0  # noqa: B018
    assert content(mounted) == {"contents": "old", "a": "old", "b": "old"}


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
@pytest.mark.parametrize("earlier", [False, True])
def test_killed_while_a_mount_point_is_filled_it_does_not_look_finished(
    mounted: Path, moved: int, earlier: bool
) -> None:
    if earlier:
        fill(mounted, "old", ("contents", "a", "z"))
    done = subprocess.run([sys.executable, "-c", KILLED, mounted, f"{moved}"], check=False)
    assert (done.returncode == 0) is (moved == 3)
    assert (mounted / "contents").exists() is (moved == 3)
    if moved < 3:
        check_folder(mounted, False, "contents", "a dataset")
        fill(mounted, "other", ("contents", "a"))
        assert content(mounted) == {"contents": "other", "a": "other"}


def test_what_was_moved_into_a_mount_point_and_more_is_not_taken_for_a_killed_run(
    mounted: Path,
) -> None:
    subprocess.run([sys.executable, "-c", KILLED, mounted, "1"], check=False)
    (mounted / "thesis.tex").touch()
    with pytest.raises(InputError, match="not replaced"):
        check_folder(mounted, True, "contents", "a dataset")


def test_a_run_killed_among_the_moves_goes_on_moving(mounted: Path) -> None:
    with unfinished_run(mounted, IDENTITY, ("tracks",), False) as work:
        finished = work / "tracks"
        finished.mkdir()
        for name in "contents", "b":
            (finished / name).write_text("new")
        (work / "moving").write_text("a\0b\0contents")
        (mounted / "a").write_text("new")  # was moved before
    with unfinished_run(mounted, IDENTITY, ("tracks",), False) as work:
        move_in(work / "tracks", mounted, "contents")
    assert content(mounted) == {"contents": "new", "a": "new", "b": "new"}


def test_what_was_replaced_comes_back_when_its_successor_does_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, "old")
    work = tmp_path / "out.partial"
    work.mkdir()
    out.replace(work / "old")  # and then it was killed
    with pytest.raises(ZeroDivisionError), replacing_folder(out, "contents"):
        1 / 0  # noqa: B018
    assert content(out) == {"contents": "old", "a": "old", "b": "old"}
    assert list(tmp_path.iterdir()) == [out]


def test_killed_after_the_last_rename_nothing_is_left_in_the_end(tmp_path: Path) -> None:
    out, work = tmp_path / "out", tmp_path / "out.partial"
    fill(out, "new")
    (work / "old").mkdir(parents=True)
    (work / "lock").touch()
    with pytest.raises(InputError, match="exists already"):
        check_folder(out, False, "contents", "a dataset")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("place", ["out.partial", "out.partial/whole", "out.partial/lock"])
def test_a_link_in_place_of_the_work_is_refused_and_nothing_behind_it_is_touched(
    tmp_path: Path, place: str
) -> None:
    home = tmp_path / "home"
    (home / "blocks").mkdir(parents=True)
    (home / "blocks" / "thesis.tex").write_text("years of work")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).symlink_to(home)
    with pytest.raises(InputError, match=r"link"):
        fill(tmp_path / "out", "new")
    with (
        pytest.raises(InputError, match=r"link"),
        unfinished_run(tmp_path / "out", IDENTITY, ("blocks", "whole"), True),
    ):
        pass
    assert (home / "blocks" / "thesis.tex").read_text() == "years of work"


def test_clear_removes_links_and_not_what_is_behind_them(tmp_path: Path) -> None:
    behind = tmp_path / "behind"
    behind.mkdir()
    (behind / "thesis.tex").touch()
    (tmp_path / "link").symlink_to(behind)
    clear([tmp_path / "link", tmp_path / "missing"])
    assert [path.name for path in tmp_path.rglob("*")] == ["behind", "thesis.tex"]


def test_another_users_work_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.partial").mkdir()
    someone = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone)
    # Where the file system gives all files to one user, it is this one's.
    fill(tmp_path / "out", "new")
    (tmp_path / "other.partial").mkdir()
    monkeypatch.setattr(work_folders, "_owner_of_new", lambda _: someone)
    with pytest.raises(InputError, match="is in the way: another user's folder"):
        fill(tmp_path / "other", "new")


@pytest.mark.parametrize("text", [b"", b"\0" * 40, b'{"model": "dil', b"[1]", b"[" * 5000])
def test_a_damaged_record_of_a_run_is_one_line_and_force_drops_the_run(
    tmp_path: Path, text: bytes
) -> None:
    out = tmp_path / "out"
    with unfinished_run(out, IDENTITY, ("blocks",), False) as work:
        (work / "blocks").mkdir()
        (work / "blocks" / "1.blk").touch()
    (work / "run.json").write_bytes(text)
    with (
        pytest.raises(InputError, match=r"run whose run\.json is damaged.*--force drops it") as one,
        unfinished_run(out, IDENTITY, ("blocks",), False),
    ):
        pass
    assert "\n" not in str(one.value)
    with unfinished_run(out, IDENTITY, ("blocks",), True) as work:
        assert not (work / "blocks").exists()
        assert json.loads((work / "run.json").read_text()) == IDENTITY


@pytest.mark.parametrize("name", ["", ".", "..", "../home", "sub/../../home", "{home}"])
def test_what_was_being_moved_never_leads_out_of_the_output(mounted: Path, name: str) -> None:
    home = mounted.parent / "home"
    home.mkdir()
    (home / "thesis.tex").touch()
    (mounted / "sub").mkdir()
    work = mounted / ".regtrack.partial"
    work.mkdir()
    (work / "lock").touch()
    (work / "moving").write_text(name.format(home=home))
    with pytest.raises(ZeroDivisionError), replacing_folder(mounted, "contents"):
        1 / 0  # noqa: B018
    assert (home / "thesis.tex").exists()
    assert (mounted / "sub").exists()


def test_a_work_folder_that_its_run_removes_meanwhile_is_not_worked_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "out.partial"

    def opened_too_late(path: Path) -> int:
        lock = open_lock(path)
        shutil.rmtree(work)
        return lock

    monkeypatch.setattr(work_folders, "open_lock", opened_too_late)
    with (
        pytest.raises(InputError, match="another run is at work here"),
        unfinished_run(tmp_path / "out", IDENTITY, ("blocks",), False),
    ):
        pass


@pytest.mark.parametrize("user", ["root", "owner", "other"])
def test_of_a_folder_for_all_one_renames_only_what_is_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    out = tmp_path / "for all" / "out"
    out.mkdir(parents=True)
    out.parent.chmod(0o1777)
    owner = out.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: {"root": 0, "owner": owner}.get(user, owner + 1))
    inside = user == "other"
    assert work_folders.partial_path(out).parent == (out if inside else out.parent)


def test_another_file_system_in_a_folder_for_all_is_worked_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "for all" / "out"
    out.mkdir(parents=True)
    out.parent.chmod(0o1777)
    state = Path.stat

    def stat_of(path: Path, **more: bool) -> os.stat_result:
        found = state(path, **more)
        fields = list(found)
        fields[stat.ST_DEV] += path == out
        return os.stat_result(fields)

    monkeypatch.setattr(work_folders, "_mount_points", set)  # as where there is no /proc
    monkeypatch.setattr(Path, "stat", stat_of)
    assert work_folders.partial_path(out).parent == out


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0.0 kB"), (1_500, "1.5 kB"), (2e6, "2.0 MB"), (1.25e12, "1,250.0 GB")]
)
def test_sizes_are_for_people(count: float, text: str) -> None:
    assert size_text(count) == text


def test_a_work_folder_goes_where_open_files_stay_until_they_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS, which gives an open file that is removed another name."""
    out, hidden = tmp_path / "out", tmp_path / "out.partial" / ".nfs0001"
    unlink, close = Path.unlink, os.close

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        path.replace(hidden) if path.name == work_folders.LOCK else unlink(path, missing_ok)

    def closed(handle: int) -> None:
        close(handle)
        if hidden.exists():
            unlink(hidden)

    monkeypatch.setattr(Path, "unlink", unlinked)
    monkeypatch.setattr(work_folders.os, "close", closed)
    with replacing_folder(out) as folder:
        (folder / "file").write_text("content")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "check",
    [
        lambda out: check_folder(out, False, "contents", "a thing"),
        lambda out: check_report_folder(out, False),
        lambda out: check_file(out, False, "a thing"),
    ],
    ids=["tracks", "a report", "a file"],
)
def test_where_nothing_can_be_written_it_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: Callable[[Path], None]
) -> None:
    def refused(dir: Path) -> object:
        assert dir == tmp_path  # the nearest that is there
        raise PermissionError(errno.EACCES, "Permission denied", str(dir / "tmp4711"))

    monkeypatch.setattr("regtrack.work_folders.tempfile.TemporaryFile", refused)
    with pytest.raises(PermissionError) as caught:
        check(tmp_path / "a" / "b")
    assert caught.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_of_somebody_else_is_found_out_before_any_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(PermissionError, match=re.escape(str(tmp_path))):
            check_folder(tmp_path / "tracks", False, "contents", "a thing")
    finally:
        tmp_path.chmod(0o755)


def test_whether_a_folder_is_held_is_asked_without_making_a_lock(tmp_path: Path) -> None:
    assert not work_folders.is_held(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []
