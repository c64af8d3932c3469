"""How far a job in shards is, as its folder tells: who is at work, what is done, what is left."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from regtrack.atomic import host_name, write_text
from regtrack.documents import read_json
from regtrack.folders import size_text
from regtrack.leases import holders, words_of
from regtrack.listing import counted, duration_text, numbers_text
from regtrack.paths import shell_word
from regtrack.prediction.shard_plan import ShardPlan, read_plan_in
from regtrack.shares import Share
from regtrack.text_columns import named_lines
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
    folder, at_work = plan.work_folder(partial), holders(partial / LEASES)
    left, begun = _left(plan, folder)
    busy = _busy(plan, left, at_work)
    idle = [number for number in left if number not in busy]
    sizes, number = list(_sizes(folder)), counted(plan.shards, "shard")
    working = len(plan.lists()["with_work"])
    lines = {
        "plan": f"regtrack {plan.command} --out {shell_word(out)}, in {number}{plan.work_text()}",
        "markers": f"{len(plan.identity['markers']):,}",
        "done": f"{working - len(left):,} of {counted(working, 'shard')}",
        "at work": "; ".join(f"{words_of(share)}, {holder}" for share, holder in at_work.items())
        or "nobody",
        "left": _left_text(plan, folder, busy, idle),
        **({"begun": _begun_text(begun)} if begun else {}),
        "saved": f"{counted(len(sizes), 'file')}, {size_text(sum(sizes))}",
        "next": _next(plan, out, busy, idle),
    }
    return named_lines(lines)


def count_partial(partial: Path) -> dict[str, int]:
    """Shards, those with work, done and at work, bases, and those that are there; as above."""
    plan = read_plan_in(partial, made_by(partial))
    names = _saved(plan, plan.work_folder(partial))
    lists = list_partial(partial)
    return {
        "shards": plan.shards,
        "with_work": len(lists["with_work"]),
        "done": len(lists["with_work"]) - len(lists["left"]),
        "at_work": len(lists["at_work"]),
        "bases": sum(bases for _, bases in plan.blocks),
        "bases_done": sum(bases for name, bases in plan.blocks if name in names),
    }


def list_partial(partial: Path) -> dict[str, list[int]]:
    """Numbers of the shards with work and without, left to do, and at work; as above."""
    plan = read_plan_in(partial, made_by(partial))
    left, _ = _left(plan, plan.work_folder(partial))
    busy = _busy(plan, left, holders(partial / LEASES))
    return {**plan.lists(), "left": left, "at_work": busy}


def _busy(plan: ShardPlan, left: Sequence[int], at_work: Collection[str]) -> list[int]:
    """Those of the shards that are left of which somebody has the lease."""
    return [number for number in left if shard_lease(Share(number, plan.shards)) in at_work]


def _left(plan: ShardPlan, folder: Path) -> tuple[list[int], dict[int, tuple[int, int]]]:
    """Shards of which a file is not there.

    And of those of them that have begun, the bases that are there, and all.
    """
    names = _saved(plan, folder)
    pairs = list(zip(plan.blocks, plan.numbers(), strict=True))
    left = sorted({number for (name, _), number in pairs if name not in names})
    bases = {number: [0, 0] for number in left}
    for (name, size), number in pairs:
        if number in bases:
            bases[number][0] += size * (name in names)
            bases[number][1] += size
    return left, {number: (done, of) for number, (done, of) in bases.items() if done}


def _saved(plan: ShardPlan, folder: Path) -> set[str]:
    """First blocks of the files that are there."""
    saved = "blocks/*.blk" if plan.predict else "*.cnt"
    return {path.name.rpartition(".")[0] for path in folder.glob(saved)}


def _begun_text(begun: Mapping[int, tuple[int, int]]) -> str:
    return ", ".join(
        f"shard {number}: {done:,} of {of:,} bases" for number, (done, of) in begun.items()
    )


def _left_text(plan: ShardPlan, folder: Path, busy: Sequence[int], idle: Sequence[int]) -> str:
    """How many shards nobody is at work on, and how long all will take as it goes now."""
    if not idle and not busy:
        return "nothing"
    shards = f"{counted(len(idle), 'shard')}: {numbers_text(idle)}" if idle else "no other shard"
    worked = [shard.seconds for shard in _done(folder, plan.shards) if shard.bases]
    if not worked:
        return shards
    each, at_once = sum(worked) / len(worked), max(len(busy), 1)
    time = duration_text(each * (len(busy) + len(idle)) / at_once)
    return f"{shards}; about {time} with {at_once:,} at a time"


def _sizes(folder: Path) -> Iterator[int]:
    """Of all files that have their name; others come and go."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and not path.name.endswith(".tmp"):
                yield path.stat().st_size


def _done(folder: Path, shards: int) -> Iterator[ShardDone]:
    """What each finished shard of so many took."""
    for path in sorted((folder / _DONE).glob(f"*-of-{shards}.json")):
        yield read_json(path, ShardDone)


def _next(plan: ShardPlan, out: Path, busy: Sequence[int], idle: Sequence[int]) -> str:
    """What to do now."""
    word = shell_word(out)
    if idle:
        return f"regtrack {plan.command} --shard {idle[0]}/{plan.shards} --out {word}"
    return "wait for those at work" if busy else f"regtrack finish {word}"
