"""Which shards of a job are missing, or have to be done again, and the command that does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regtrack.errors import InputError
from regtrack.listing import counted, names_and_rest
from regtrack.paths import shell_word
from regtrack.plan_folders import see_anew
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.dispatch import missing
from regtrack.prediction.shard_plan import ShardPlan
from regtrack.shares import Share, share_numbers


def refuse_unfinished(plan: ShardPlan, out: Path, works: Sequence[BlockWork]) -> None:
    """Refuse to finish a job of which a shard is missing.

    Raises
    ------
    InputError
        Naming the shards, and the command that does the first of them.
    """
    for place in {path.parent for work in works for path in work.files}:
        see_anew(place)
    lacking = {work.tasks[0].block for work in missing(works)}
    if not lacking:
        return
    numbers = share_numbers([work.bases for work in works], plan.shards)
    lacking_numbers = {
        number
        for work, number in zip(works, numbers, strict=True)
        if work.tasks[0].block in lacking
    }
    shards = [Share(number, plan.shards) for number in sorted(lacking_numbers)]
    raise InputError(
        out,
        f"{counted(len(shards), 'shard')} of {plan.shards:,} "
        f"{'is' if len(shards) == 1 else 'are'} not finished: "
        f"{names_and_rest(list(map(str, shards)))}; {_command(plan, shards[0], out)}",
    )


@contextmanager
def naming_shard(plan: ShardPlan, out: Path, works: Sequence[BlockWork]) -> Iterator[None]:
    """Say of a damaged file which shard makes it anew.

    Raises
    ------
    InputError
        For it; all other errors of the body stay as they are.
    """
    try:
        yield
    except InputError as error:
        numbers = share_numbers([work.bases for work in works], plan.shards)
        for work, number in zip(works, numbers, strict=True):
            if str(error.args[0]) in map(str, work.files):
                command = _command(plan, Share(number, plan.shards), out)
                raise InputError(error.args[0], f"damaged; {command} makes it anew") from error
        raise


def _command(plan: ShardPlan, share: Share, out: Path) -> str:
    return f"regtrack {plan.command} --shard {share} --out {shell_word(out)}"
