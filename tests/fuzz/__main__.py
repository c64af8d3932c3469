"""`python -m fuzz`: damages valid files of every parser, and lists what came out."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from waiting import PATIENCE

KEPT = Path(".fuzz")  # where a replayed input's files lie


def say(text: str) -> None:
    """One line for whoever runs it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("parsers", nargs="*", help="all when none is named")
    parser.add_argument("--count", type=int, default=20_000, help="inputs of each")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other inputs")
    parser.add_argument("--only", type=int, help="show what this input does")
    parser.add_argument(
        "--boundscheck", action="store_true", help="compiled loops check each index"
    )
    parser.add_argument("--in-process", metavar="FOLDER", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _parsers() -> dict[str, Any]:
    from fuzz import files, texts

    return {parser.name: parser for parser in (*texts.PARSERS, *files.PARSERS)}


def _run(
    name: str, count: int, asked: argparse.Namespace, work: Path
) -> tuple[Counter[str], list[Any], float]:
    """All inputs of one parser, however often its process dies."""
    kinds: Counter[str] = Counter()
    findings: list[dict[str, Any]] = []
    seconds, at, end = 0.0, asked.first, asked.first + count
    while at < end:
        for left in "said", "place":
            (work / left).unlink(missing_ok=True)
        how = ["--first", at, "--count", end - at, "--seed", asked.seed, "--in-process", work]
        with (work / "stderr").open("wb") as stderr:
            child = subprocess.Popen(
                [sys.executable, "-m", "fuzz", name, *map(str, how)],
                stderr=stderr,
                start_new_session=True,
            )
            status = _wait(child, work)
        said = json.loads((work / "said").read_text()) if (work / "said").exists() else {}
        kinds.update(said.get("kinds", {}))
        findings += said.get("findings", [])
        seconds += said.get("seconds", 0.0)
        if status == 0:
            break
        place = work / "place"
        if not place.exists() or not place.stat().st_size:
            problem = (work / "stderr").read_text(errors="replace").strip().splitlines()
            sys.exit(f"{name}: the valid files cannot be read: {problem[-1:]}")
        number = int.from_bytes(place.read_bytes(), "little")
        kind = "too slow" if -status in (signal.SIGPROF, signal.SIGKILL) else f"crash {-status}"
        trace = (work / "stderr").read_text(errors="replace").splitlines()
        frames = [line.split("regtrack/")[-1] for line in trace if "/regtrack/regtrack/" in line]
        kinds[kind] += 1
        place_of = frames[0] if frames else ""
        findings.append(
            {"kind": kind, "place": place_of, "message": "", "number": number, "times": 1}
        )
        at = number + 1
    return kinds, findings, seconds


def _wait(child: subprocess.Popen[bytes], work: Path) -> int:
    """Exit status; what stands still for long, though it does not compute, is killed."""
    before = b""
    while True:
        try:
            return child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            now = (work / "place").read_bytes() if (work / "place").exists() else b""
            if now == before:
                os.killpg(child.pid, signal.SIGKILL)
            before = now


def _report(name: str, asked: argparse.Namespace, found: list[dict[str, Any]]) -> None:
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        kept = merged.setdefault((one["kind"], one["place"]), {**one, "times": 0})
        kept["times"] += one["times"]
    for one in merged.values():
        say(f"  {one['times']} x {one['kind']} {one['place']}: {one['message']}")
        seed = f" --seed {asked.seed}" if asked.seed else ""
        say(f"    PYTHONPATH=tests {sys.executable} -m fuzz {name}{seed} --only {one['number']}")


def main() -> int:
    """Exit status 1 when anything was found."""
    asked = _arguments()
    if asked.boundscheck:
        os.environ["NUMBA_BOUNDSCHECK"] = "1"
        # Loops that were compiled without are kept beside the source, and would be taken.
        os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="fuzz-numba-")
    known = _parsers()
    unknown = set(asked.parsers) - set(known)
    if unknown:
        sys.exit(f"no such parser: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if asked.in_process:
        from fuzz.child import run

        run(known[asked.parsers[0]], asked.in_process, asked.seed, asked.first, asked.count)
        return 0
    if asked.only is not None:
        from fuzz.child import replay

        KEPT.mkdir(exist_ok=True)
        parser = known[asked.parsers[0]]
        replay(parser, (KEPT / f"{parser.name}-{asked.only}").resolve(), asked.seed, asked.only)
        say("read, and as it should be")
        return 0
    failed = False
    for name in asked.parsers or known:
        count = -(-asked.count // known[name].share)
        with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
            kinds, findings, seconds = _run(name, count, asked, Path(work))
        listed = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
        say(f"{name}: {kinds.total():,} inputs, {seconds:.0f} s: {listed}")
        _report(name, asked, findings)
        failed |= bool(findings)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
