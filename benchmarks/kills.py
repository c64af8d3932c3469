"""Commands that are killed at random moments and given again: what comes of them.

    python benchmarks/kills.py MODEL DATA [--only NAME,...] [--times N] [--seed N] [--work FOLDER]

DATA is a folder with genome.fa.gz and markers.tsv of the model's assembly. Every command is run
once undisturbed, which says how long it takes and what it writes. Then, N times: it is begun, it
or one of its workers gets SIGKILL at a moment drawn evenly from that time, and it is given again
until it ends by itself. Files must then be the same, byte for byte: but for times, which are
cut out of tables, and for checkpoints of a training, whose tensors are compared; nothing may lie
beside them.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

# What differs from run to run: how long it took, and pictures of that.
_TIMED = {"seconds", "minutes", "hours", "training_seconds", "date"}
_PASSED_OVER = (".png", ".html", ".md", ".json", ".db", ".txt")
_REGION = "chr22:20,600,001-21,200,000"


@dataclass(frozen=True)
class Scenario:
    """A command and what it writes.

    Parameters
    ----------
    arguments
        Of `regtrack`.
    written
        The folder, or the files, that it is about.
    timed
        Whether what it writes says how long it took.
    begin
        Lays out, before the first run of each turn, what the command needs.
    """

    arguments: Sequence[str]
    written: Path
    timed: bool = False
    begin: Callable[[], object] = lambda: None


def scenarios(model: Path, data: Path, work: Path) -> dict[str, tuple[int, Scenario]]:
    """By name, how often a command is to be killed by default, and the command."""
    genome, peaks = ["--genome", str(data / "genome.fa.gz")], ["--peaks", str(data / "markers.tsv")]
    some = ["--markers", "GM12878*"]
    network = ["--model", str(model)]
    dataset, tracks = work / "made" / "dataset", work / "made" / "tracks"
    splits = ["--train", "chr20:1-2,000,000", "--valid", "chr22:20,000,001-20,500,000"]
    short = ["--steps", "6", "--validate-every", "2", "--save-minutes", "0", "--norm-batches", "2"]
    copy = work / "copy"

    def out(name: str) -> list[str]:
        return ["--out", str(work / name)]

    def fresh_tracks() -> None:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tracks, copy)

    def prediction(name: str, *more: str) -> Scenario:
        arguments = ["predict", _REGION, *network, *genome, *some, *more, *out(name)]
        return Scenario(arguments, work / name)

    found = {
        "predict": (40, prediction("predict", "--workers", "2")),
        "predict --peaks": (10, prediction("scored", "--workers", "2", *peaks)),
        "prepare": (
            10,
            Scenario(["prepare", *genome, *peaks, *splits, *out("prepare")], work / "prepare"),
        ),
        "train": (
            10,
            Scenario(
                ["train", str(dataset), "--model", "cnn3", *short, *out("train/net.safetensors")],
                work / "train",
                timed=True,
                begin=(work / "train").mkdir,
            ),
        ),
        "search": (
            10,
            Scenario(
                ["search", str(dataset), "--model", "cnn3", "--trials", "2", *short]
                + out("search"),
                work / "search",
                timed=True,
            ),
        ),
        "compare": (
            10,
            Scenario(
                ["compare", str(dataset), "cnn1", "cnn3", *short, *out("compare")],
                work / "compare",
                timed=True,
            ),
        ),
        "eval": (
            5,
            Scenario(["eval", str(tracks), *peaks, *out("eval")], work / "eval"),
        ),
        "eval model": (
            10,
            Scenario(
                ["eval", str(model), *genome, *peaks, *some, "--region", _REGION] + out("exact"),
                work / "exact",
            ),
        ),
        "hub": (
            5,
            Scenario(
                ["hub", str(copy), "--url", "https://lab.example/t", "--email", "a@lab.example"],
                copy,
                begin=fresh_tracks,
            ),
        ),
        "session": (
            5,
            Scenario(["session", str(copy), *peaks], copy, begin=fresh_tracks),
        ),
        "explain": (
            5,
            Scenario(
                ["explain", str(model), "chr22:20,700,001-20,725,000", *genome, *peaks, "--marker"]
                + ["gm12878|H3K4me3|ENCFF295GNH", *out("explain")],
                work / "explain",
            ),
        ),
    }
    made = work / "made"
    made.mkdir(parents=True, exist_ok=True)
    if not dataset.exists():
        run(["prepare", *genome, *peaks, *splits, *some, "--out", str(dataset)])
    if not tracks.exists():
        run(["predict", _REGION, *network, *genome, *some, "--out", str(tracks)])
    return found


def run(arguments: Sequence[str]) -> None:
    """Run a command that must work."""
    done = subprocess.run(command(arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def command(arguments: Sequence[str]) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "regtrack", *arguments]


def kill_once(
    arguments: Sequence[str], moment: float, draw: random.Random
) -> tuple[str | None, bool]:
    """Begin a command, and kill it or one of its children after some seconds.

    Returns what was killed, None where the command had ended, and whether it had done its work
    all the same.
    """
    running = subprocess.Popen(
        command(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        running.wait(moment)
    except subprocess.TimeoutExpired:
        victims = [running.pid] if draw.random() < 0.5 else [*children(running.pid), running.pid]
        with suppress(ProcessLookupError):
            os.kill(victims[0], signal.SIGKILL)
        running.wait()
        return ("command" if victims[0] == running.pid else "worker"), running.returncode == 0
    return None, running.returncode == 0


def children(parent: int) -> list[int]:
    """Processes begun by a process, the youngest first."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in reversed(listed.stdout.split())]


def contents(scenario: Scenario) -> dict[str, bytes]:
    """What a command has written, without what may differ, and what lies beside it."""
    folder = scenario.written
    found = {
        str(path.relative_to(folder)): content(path, scenario.timed)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    beside = [path.name for path in folder.parent.iterdir() if folder.name in path.name]
    return found | {"beside it": " ".join(sorted(beside)).encode()}


def content(path: Path, timed: bool) -> bytes:
    """A file's bytes, as far as they must be the same."""
    if not timed:
        return path.read_bytes()
    if path.suffix == ".safetensors":
        with safe_open(path, "numpy") as file:
            return b"".join(file.get_tensor(name).tobytes() for name in sorted(file.keys()))
    if path.suffix in _PASSED_OVER:
        return b""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [place for place, name in enumerate(rows[0] if rows else ()) if name not in _TIMED]
    return "\n".join("\t".join(row[place] for place in kept) for row in rows).encode()


def clean(scenario: Scenario) -> None:
    """Remove what a command has written, and its work folder."""
    folder = scenario.written
    for path in folder.parent.glob(f"*{folder.name}*"):
        shutil.rmtree(path)
    scenario.begin()


def examine(name: str, scenario: Scenario, times: int, draw: random.Random) -> int:
    """Kill a command so often; returns the number of results that differ."""
    clean(scenario)
    began = time.monotonic()
    run(scenario.arguments)
    took = time.monotonic() - began
    expected = contents(scenario)
    wrong, killed = 0, 0
    for _ in range(times):
        clean(scenario)
        moment = draw.uniform(0, took)
        what, done = kill_once(scenario.arguments, moment, draw)
        killed += what is not None
        last = subprocess.run(
            command(scenario.arguments), capture_output=True, text=True, check=False
        )
        found = contents(scenario)
        differing = [key for key in {*expected, *found} if expected.get(key) != found.get(key)]
        # It may have been killed with all done, and nothing left but to say so.
        done = done or "already" in last.stderr
        if (last.returncode and not done) or differing:
            wrong += 1
            print(f"  {name}: killed {what} at {moment:.1f} of {took:.1f} s; then exit status ")
            print(
                f"  {last.returncode}, {last.stderr.strip()[-300:]!r}; differing: {differing[:5]}"
            )
    print(f"{name}: {killed} of {times} killed in {took:.1f} s, {wrong} results wrong", flush=True)
    return wrong


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="", help="names of commands, separated by commas")
    parser.add_argument("--times", type=int, help="kills of each command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="where to work; kept")
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="kills."))
    draw = random.Random(given.seed)
    wrong = 0
    for name, (times, scenario) in scenarios(
        given.model.resolve(), given.data.resolve(), work.resolve()
    ).items():
        if not given.only or name in given.only.split(","):
            wrong += examine(name, scenario, given.times or times, draw)
    if not given.work:
        shutil.rmtree(work)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
