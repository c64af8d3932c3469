"""One parser in a process of its own: input after input, until something comes out."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from fuzz.mutation import mutated
from fuzz.parser import Parser
from regtrack.errors import RegtrackError

SECONDS = 20  # of computing, for one input
_MEMORY = 1 << 30  # bytes beyond what the valid files took
_REGTRACK = f"{os.sep}regtrack{os.sep}"


class Folder:
    """Valid files of a parser, and what becomes of them."""

    def __init__(self, parser: Parser, path: Path) -> None:
        self._parser = parser
        self._path = path
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        parser.make(path)
        files = (one for one in sorted(path.rglob("*")) if one.is_file())
        self._valid = {one: one.read_bytes() for one in files}
        self._seen = {one: _stamp(one) for one in self._valid}
        self._inside = {
            name: packing.unpack(self._valid[path / name])
            for name, packing in parser.files.items()
            if packing
        }

    def damage(self, random: Random) -> None:
        """Put the valid files back, and damage one of them."""
        self._restore()
        name = random.choice(list(self._parser.files))
        valid, packing = self._valid[self._path / name], self._parser.files[name]
        if packing and random.random() < 0.6:
            content = packing.pack(mutated(self._inside[name], random), valid)
        else:
            content = mutated(valid, random)
        (self._path / name).write_bytes(content)

    def _restore(self) -> None:
        for path in sorted(self._path.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path in one.parents for one in self._valid):
                    path.rmdir()
            elif path not in self._valid:
                path.unlink()
        for path, content in self._valid.items():
            if not path.exists() or _stamp(path) != self._seen[path]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                self._seen[path] = _stamp(path)


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def random_of(parser: Parser, seed: int, number: int) -> Random:
    """Where an input's damage comes from."""
    return Random(f"{parser.name} {seed} {number}")


def try_one(parser: Parser, path: Path) -> tuple[str, dict[str, Any] | None]:
    """Read damaged files: what came out, and what is wrong with that."""
    try:
        parser.read(path)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        kind = type(error).__name__
        text = str(error)
        own = isinstance(error, OSError) and error.errno is not None  # the file system's
        if own or isinstance(error, RegtrackError):
            return kind, None
        return kind, _finding(kind, text, error)
    return "read", None


def _finding(kind: str, message: str, error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _REGTRACK in frame.filename]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return {"kind": kind, "place": place, "message": " ".join(message.split())[:200]}


def run(parser: Parser, work: Path, seed: int, first: int, count: int) -> None:
    """Inputs [first, first + count); one JSON line says how it went, and a file where it is."""
    warnings.simplefilter("ignore")
    faulthandler.enable()
    folder = Folder(parser, work / "files")
    parser.read(work / "files")  # compiles, imports, and shows that the valid files are valid
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, resource.RLIM_INFINITY))
    kinds: Counter[str] = Counter()
    findings: dict[str, dict[str, Any]] = {}
    place = os.open(work / "place", os.O_WRONLY | os.O_CREAT)
    began = time.monotonic()

    def say(last: int) -> None:
        record = {
            "next": last,
            "kinds": kinds,
            "findings": list(findings.values()),
            "seconds": time.monotonic() - began,
        }
        aside = work / "said.tmp"
        aside.write_text(json.dumps(record))
        aside.replace(work / "said")

    for number in range(first, first + count):
        folder.damage(random_of(parser, seed, number))
        os.pwrite(place, number.to_bytes(8, "little"), 0)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # kills what computes longer
        kind, finding = try_one(parser, work / "files")
        signal.setitimer(signal.ITIMER_PROF, 0)
        kinds[kind] += 1
        if finding:
            key = f"{finding['kind']} {finding['place']}"
            findings.setdefault(key, {**finding, "number": number, "times": 0})["times"] += 1
        if number % 50 == 49:
            say(number + 1)
    say(first + count)


def replay(parser: Parser, work: Path, seed: int, number: int) -> None:
    """One input, with its traceback; its files stay."""
    folder = Folder(parser, work)
    folder.damage(random_of(parser, seed, number))
    sys.stderr.write(f"the damaged files are in {work}\n")
    parser.read(work)
