"""Which shards of a job are missing, or have to be done again, and the command that does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regtrack.errors import InputError
from regtrack.listing import counted, numbers_text
from regtrack.paths import shell_word
from regtrack.plan_folders import see_anew
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.dispatch import missing
from regtrack.prediction.shard_plan import ShardPlan
from regtrack.shares import Share


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
    numbers = sorted(
        {
            number
            for work, number in zip(works, plan.numbers(), strict=True)
            if work.tasks[0].block in lacking
        }
    )
    are = "is" if len(numbers) == 1 else "are"
    raise InputError(
        out,
        f"{len(numbers):,} of {counted(plan.shards, 'shard')} {are} not finished "
        f"({numbers_text(numbers)}); next: {_command(plan, Share(numbers[0], plan.shards), out)}",
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
        for work, number in zip(works, plan.numbers(), strict=True):
            if str(error.args[0]) in map(str, work.files):
                command = _command(plan, Share(number, plan.shards), out)
                raise InputError(error.args[0], f"damaged; {command} makes it anew") from error
        raise


def _command(plan: ShardPlan, share: Share, out: Path) -> str:
    return f"regtrack {plan.command} --shard {share} --out {shell_word(out)}"
