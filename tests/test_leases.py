"""Leases: one process at a time works on a share, and who is gone stands in nobody's way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from waiting import wait_until

from regtrack import leases
from regtrack.atomic import host_name
from regtrack.errors import BusyError, InputError
from regtrack.leases import LOOK, SILENCE, Holder, holders, leased, refuse_holders
from regtrack.notes import heard

HOLD = """
import sys, time
from pathlib import Path
from regtrack.leases import leased
with leased(Path(sys.argv[1]), "a share"):
    print("held", flush=True)
    time.sleep(600)
"""
GONE = 2**22 + 1  # no process has this number


def left_by(folder: Path, host: str, process: int, silent: float) -> Path:
    """The lease of a process that has not touched it for so many seconds."""
    folder.mkdir(exist_ok=True)
    path = folder / "a share.0001.lease"
    path.write_text(json.dumps(vars(Holder(host, process, 1.0))))
    os.utime(path, (time.time() - silent,) * 2)
    return path


def test_a_lease_says_who_holds_it_and_is_gone_afterwards(tmp_path: Path) -> None:
    with leased(tmp_path, "a share"):
        (share, holder), *others = holders(tmp_path).items()
        assert (share, others) == ("a share", [])
        assert (holder.host, holder.process) == (host_name(), os.getpid())
        assert abs(holder.since - time.time()) < 60
    assert holders(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_share_that_somebody_is_at_work_on_is_refused_in_one_line(tmp_path: Path) -> None:
    holding = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "leases")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holding.stdout is not None
        assert holding.stdout.readline() == "held\n"
        who = f"a share is at work already: process {holding.pid} on {host_name()}, since "
        with pytest.raises(InputError, match=who), leased(tmp_path / "leases", "a share"):
            pass
        with leased(tmp_path / "leases", "another share"):
            pass
        with pytest.raises(InputError, match=f"a share is at work: process {holding.pid}"):
            refuse_holders(tmp_path / "leases")
    finally:
        holding.kill()
        holding.communicate()
    with leased(tmp_path / "leases", "a share"):  # of a killed process
        assert holders(tmp_path / "leases")["a share"].process == os.getpid()
    assert list((tmp_path / "leases").iterdir()) == []


def test_another_machine_is_believed_to_live_once_it_touches_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = left_by(tmp_path / "leases", "another", GONE, silent=SILENCE - 60)
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            os.utime(lease)

    monkeypatch.setattr(leases.time, "sleep", look)
    who = f"process {GONE} on another"
    with pytest.raises(BusyError, match=who), leased(tmp_path / "leases", "a share"):
        pass
    assert looks == [LOOK] * 3


def test_a_share_of_a_machine_that_died_is_waited_for_and_taken_over_when_it_is_silent_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = left_by(tmp_path / "leases", "node17", GONE, silent=40)
    clock, waited, notes = leases._clock, [0.0], []
    monkeypatch.setattr(leases, "_clock", lambda folder: clock(folder) + sum(waited))
    monkeypatch.setattr(leases.time, "sleep", waited.append)
    with heard(notes.append), leased(tmp_path / "leases", "a share"):
        assert [path.name for path in (tmp_path / "leases").iterdir()] == ["a share.0002.lease"]
    assert SILENCE - 40 - 5 * LOOK < sum(waited) <= SILENCE - 40 + LOOK
    said, taken_over = notes
    assert taken_over.startswith("a share: taken over from process 4194305 on node17, since ")
    assert said.startswith(f"a share: process {GONE} on node17, since ")
    assert "has been silent for 40 s; waiting" in said
    assert said.endswith("to take over, for up to 2 min 20 s")
    assert not lease.exists()


def test_who_lets_go_of_a_share_while_it_is_waited_for_leaves_it_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = left_by(tmp_path / "leases", "another", GONE, silent=5)
    monkeypatch.setattr(leases.time, "sleep", lambda _: lease.unlink())
    with leased(tmp_path / "leases", "a share"):
        assert holders(tmp_path / "leases")["a share"].process == os.getpid()


@pytest.mark.parametrize("host", ["another", None])
def test_whoever_was_silent_for_minutes_is_taken_over_from(
    tmp_path: Path, host: str | None
) -> None:
    left_by(tmp_path / "leases", host or host_name(), os.getpid(), silent=SILENCE + 60)
    assert holders(tmp_path / "leases") == {}
    with leased(tmp_path / "leases", "a share"):
        assert [path.name for path in (tmp_path / "leases").iterdir()] == ["a share.0002.lease"]


def test_a_lease_that_is_nothing_regtrack_wrote_holds_nobody_off(tmp_path: Path) -> None:
    left_by(tmp_path / "leases", "another", 1, silent=0).write_text("no JSON")
    with leased(tmp_path / "leases", "a share"):
        assert len(holders(tmp_path / "leases")) == 1


def test_of_two_that_take_over_at_once_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by(tmp_path / "leases", "another", GONE, silent=SILENCE + 60)
    clock = leases._clock

    def faster(folder: Path) -> float:
        """The other one is done while this one looks at the clock."""
        taken = {"host": "a third", "process": 7, "since": time.time()}
        (folder / "a share.0002.lease").write_text(json.dumps(taken))
        return clock(folder)

    monkeypatch.setattr(leases, "_clock", faster)
    who = "process 7 on a third"
    with pytest.raises(InputError, match=who), leased(tmp_path / "leases", "a share"):
        pass


def test_a_holder_touches_its_lease_while_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BEAT", 0.01)
    before = threading.active_count()
    with leased(tmp_path, "a share"):
        (lease,) = tmp_path.iterdir()
        os.utime(lease, (0, 0))
        wait_until(lambda: lease.stat().st_mtime > 1)
        lease.unlink()  # somebody took over while this machine slept
        wait_until(lambda: threading.active_count() == before)
    assert list(tmp_path.iterdir()) == []
