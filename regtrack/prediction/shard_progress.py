"""How far a job in shards is, as its folder tells: who is at work, what is done, what is left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from regtrack.atomic import host_name, write_text
from regtrack.documents import read_json
from regtrack.folders import size_text
from regtrack.leases import holders, words_of
from regtrack.listing import counted, duration_text, names_and_rest
from regtrack.paths import shell_word
from regtrack.prediction.shard_plan import ShardPlan, read_plan_in
from regtrack.shares import Share
from regtrack.work_folders import LEASES, made_by

_DONE = "done"


@dataclass(frozen=True)
class ShardDone:
    """What a finished shard took, for whoever wants to know how long the others will.

    Parameters
    ----------
    host
        Where it was computed.
    seconds
        What it took, from the start of the process.
    bases
        That were predicted then; others were there.
    """

    host: str
    seconds: float
    bases: int


def shard_lease(share: Share) -> str:
    """Name of the lease of a shard."""
    return f"shard {share.name}"


def mark_done(folder: Path, share: Share, seconds: float, bases: int) -> None:
    """Record that a shard is finished; only people ask, for what counts is what lies there."""
    done = folder / _DONE
    done.mkdir(exist_ok=True)
    record = asdict(ShardDone(host_name(), round(seconds, 1), bases))
    write_text(done / f"{share.name}.json", json.dumps(record) + "\n")


def describe_partial(partial: Path) -> str:
    """A planned job in a screenful.

    Raises
    ------
    InputError
        When no plan lies there.
    """
    out = made_by(partial)
    plan = read_plan_in(partial, out)
    shares = [Share(number, plan.shards) for number in range(1, plan.shards + 1)]
    folder, at_work = plan.work_folder(partial), holders(partial / LEASES)
    done = dict(_done(folder, shares))
    busy = [share for share in shares if shard_lease(share) in at_work]
    left = [share for share in shares if share not in done and share not in busy]
    sizes, number = list(_sizes(folder)), counted(plan.shards, "shard")
    lines = {
        "plan": f"regtrack {plan.command} --out {shell_word(out)}, in {number}",
        "markers": f"{len(plan.identity['markers']):,}",
        "done": f"{len(done):,} of {plan.shards:,} shards",
        "at work": "; ".join(f"{words_of(share)}, {holder}" for share, holder in at_work.items())
        or "nobody",
        "left": (_numbers(left) + _time_left(done, len(busy), len(left))) or "nothing",
        "saved": f"{counted(len(sizes), 'file')}, {size_text(sum(sizes))}",
        "next": _next(plan, out, busy, left),
    }
    return "\n".join(f"{name:<9}{text}" for name, text in lines.items())


def _sizes(folder: Path) -> Iterator[int]:
    """Of all files that have their name; others come and go."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and not path.name.endswith(".tmp"):
                yield path.stat().st_size


def _done(folder: Path, shares: Sequence[Share]) -> Iterator[tuple[Share, ShardDone]]:
    for share in shares:
        try:
            yield share, read_json(folder / _DONE / f"{share.name}.json", ShardDone)
        except FileNotFoundError:
            continue


def _time_left(done: Mapping[Share, ShardDone], busy: int, left: int) -> str:
    """How long it will take as it goes now."""
    worked = [shard.seconds for shard in done.values() if shard.bases]
    if not worked or not busy + left:
        return ""
    each = sum(worked) / len(worked)
    seconds = each * (busy + left) / max(busy, 1)
    return (
        f"; some {duration_text(seconds)} at {max(busy, 1):,} at a time, {duration_text(each)} each"
    )


def _numbers(shares: Sequence[Share]) -> str:
    """`1 to 3, 7`, of shares in order."""
    runs: list[list[int]] = []
    for share in shares:
        if runs and runs[-1][-1] == share.number - 1:
            runs[-1][1:] = [share.number]
        else:
            runs.append([share.number])
    return names_and_rest([" to ".join(map(str, run)) for run in runs])


def _next(plan: ShardPlan, out: Path, busy: Sequence[Share], left: Sequence[Share]) -> str:
    """What to do now."""
    word = shell_word(out)
    if left:
        return f"regtrack {plan.command} --shard {left[0]} --out {word}"
    return "wait for those at work" if busy else f"regtrack finish {word}"
