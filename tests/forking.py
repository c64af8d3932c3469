"""Programs in processes of their own that need not load torch first: they are forked.

A server, one for each process of pytest, has loaded what commands need, which takes seconds, and
does nothing else; each program runs in a fork of it, with a process id, signals and an exit
status like any other. Where it matters how an interpreter starts, a test starts one itself.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

from waiting import PATIENCE

# What `python -m regtrack` does.
COMMAND = "from regtrack.cli.main import main; main()"
# Importing these imports nearly all that commands use.
_LOADED = (
    "regtrack.browsers.export",
    "regtrack.cli.main",
    "regtrack.fetching.run",
    "regtrack.prediction.run",
    "regtrack.search.run",
    "regtrack.training.run",
)
_WIDTH = 12  # of a number that is said, in characters


class Forked:
    """A running Python program: as much of `subprocess.Popen` as tests need, with text."""

    def __init__(self, program: str, *arguments: object, new_session: bool = False) -> None:
        self.returncode: int | None = None
        self._written = [tempfile.TemporaryFile("w+b") for _ in range(2)]  # noqa: SIM115
        self._keeper, theirs = socket.socketpair()
        request = {
            "program": program,
            "arguments": [str(argument) for argument in arguments],
            "folder": str(Path.cwd()),
            "environment": _environment(),
            "new_session": new_session,
        }
        with theirs, tempfile.TemporaryFile("w+b") as file:
            file.write(json.dumps(request).encode())
            file.flush()
            streams = [one.fileno() for one in (file, *self._written, theirs)]
            socket.send_fds(_server(), [b"!"], streams)
        self.pid = self._number(PATIENCE)

    def _number(self, seconds: float) -> int:
        """The next number that the process's parent says: its id, then its exit status."""
        if not select.select([self._keeper], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired("a forked program", seconds)
        return int(self._keeper.recv(_WIDTH, socket.MSG_WAITALL))

    def _ended(self, seconds: float) -> None:
        """Wait for its end."""
        if self.returncode is None:
            self.returncode = self._number(seconds)
            self._keeper.close()

    def poll(self) -> int | None:
        """Exit status, that of a signal negative; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._ended(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, str]:
        """Wait for its end; what it wrote on stdout and on stderr."""
        self._ended(timeout)
        texts = []
        for file in self._written:
            with file:
                file.seek(0)
                texts.append(file.read().decode())
        return texts[0], texts[1]


def forked(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a Python program to its end, as `python -c PROGRAM ARGUMENTS` does."""
    process = Forked(program, *arguments)
    out, err = process.communicate()
    assert process.returncode is not None
    return subprocess.CompletedProcess(program, process.returncode, out, err)


def _environment() -> dict[str, str]:
    """That of this process; like it, the others compute in one thread."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, "1")}


@functools.cache
def _server() -> socket.socket:
    """Where this process's server listens; it ends when this process does."""
    ours, theirs = socket.socketpair()
    with theirs:
        server = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            env=_environment(),
            pass_fds=[theirs.fileno()],
        )

    def stop() -> None:
        ours.close()
        server.wait()

    atexit.register(stop)
    return ours


def _serve(listener: socket.socket) -> None:
    """Fork for every request; returns in a process that has run its program."""
    for name in _LOADED:
        import_module(name)
    while True:
        message, streams, _, _ = socket.recv_fds(listener, 1, 4)
        if not message:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            listener.close()
            _keep(*streams)
            return
        for stream in streams:
            os.close(stream)


def _keep(request: int, out: int, err: int, heard: int) -> None:
    """Fork the process, and say its id, and its status when it has ended."""
    child = os.fork()
    if child == 0:
        os.close(heard)
        _run(request, out, err)
        return
    with socket.socket(fileno=heard) as parent, contextlib.suppress(BrokenPipeError):
        parent.send(b"%*d" % (_WIDTH, child))
        _, status = os.waitpid(child, 0)
        parent.send(b"%*d" % (_WIDTH, os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _run(request: int, out: int, err: int) -> None:
    """Be the process that was asked for."""
    with open(request, "rb") as file:
        file.seek(0)
        asked = json.load(file)
    if asked["new_session"]:
        os.setsid()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    for stream, number in (out, 1), (err, 2):
        os.dup2(stream, number)
        os.close(stream)
    sys.argv = ["-c", *asked["arguments"]]
    sys.path[0] = ""
    program = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(asked["program"], "<string>", "exec"), vars(program))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        _serve(listener)
