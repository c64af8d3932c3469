"""What a cross-validation is and how far it came, as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtrack.crossval.plan import Plan, Training
from regtrack.crossval.tested import read_tested
from regtrack.leases import holders, words_of
from regtrack.listing import counted, duration_text, names_and_rest
from regtrack.report.comparison import Table
from regtrack.work_folders import LEASES


def describe_crossval(out: Path) -> str:
    """A folder in some 25 lines: folds, networks, what is done, and who is at work.

    Raises
    ------
    InputError
        As `Plan.read`.
    """
    plan = Plan.read(out)
    labels = [entry.label for entry in plan.entries]
    return f"{_described(plan, out)}\n\n{describe_progress(plan, out, labels, plan.seeds)}"


def describe_plan(plan: Plan, out: Path, workers: int) -> str:
    """What `regtrack crossval --plan` prints.

    Parameters
    ----------
    workers
        Trainings at the same time.
    """
    lines = [_described(plan, out), ""]
    left = _left(_all(plan), out)
    if plan.minutes is None:
        lines.append(f"{counted(len(left), 'training')} to do")
    else:
        seconds = 60 * plan.minutes * -(-len(left) // workers)
        lines.append(
            f"{counted(len(left), 'training')} to do, {plan.minutes:g} minutes each on a quiet "
            f"machine:\n{duration_text(seconds)} with --workers {workers}, besides validation and "
            "tests"
        )
    return "\n".join(lines)


def describe_progress(plan: Plan, out: Path, labels: Sequence[str], seeds: Sequence[int]) -> str:
    """How many trainings are done, who is at work, and what comes next."""
    lines = [count_done(plan, out, labels, seeds)]
    busy = holders(out / LEASES)
    lines += [f"at work: {words_of(share)}, {holder}" for share, holder in busy.items()]
    if _left(plan.trainings(labels, seeds), out):
        lines.append("the same command goes on, also at the same time in another process")
    return "\n".join(lines)


def count_done(plan: Plan, out: Path, labels: Sequence[str], seeds: Sequence[int]) -> str:
    """`3 of 8 trainings done`."""
    trainings = plan.trainings(labels, seeds)
    done = len(trainings) - len(_left(trainings, out))
    return f"{done:,} of {counted(len(trainings), 'training')} done"


def _left(trainings: Sequence[Training], out: Path) -> list[Training]:
    return [one for one in trainings if read_tested(one.folder(out)) is None]


def _all(plan: Plan) -> list[Training]:
    return plan.trainings([entry.label for entry in plan.entries], plan.seeds)


def _described(plan: Plan, out: Path) -> str:
    """Folds and networks."""
    count = counted(len(plan.folds), "fold")
    title = (
        f"{out}: {plan.dataset}, {count}, {counted(len(plan.entries), 'network')}, seeds "
        f"{names_and_rest(list(map(str, plan.seeds)))}"
    )
    folds = Table(
        title,
        [("", "fold"), *(("windows", word) for word in ("tested", "to train", "to choose"))]
        + [("left", "out"), ("G and C", "of tested")],
        [
            [
                fold.name,
                *(f"{number:,}" for number in (fold.windows, fold.train, fold.valid)),
                f"{fold.left_out:,}",
                f"{fold.gc:.1%}",
            ]
            for fold in plan.folds
        ],
    )
    how = {name: value for name, value in plan.settings.items() if name != "steps"}
    networks = [
        [
            entry.label,
            _number(plan.recipe(entry.label, 0, 10).steps),
            "-" if entry.seconds_per_step is None else f"{entry.seconds_per_step:.3g}",
        ]
        for entry in plan.entries
    ]
    return "\n\n".join(
        [
            folds.text(),
            Table(
                f"trained on {plan.device}, {counted(plan.threads, 'thread')} each, in "
                f"{how['precision']}",
                [("", "network"), ("", "steps"), ("seconds", "per step")],
                networks,
            ).text(),
        ]
    )


def _number(steps: float) -> str:
    return "-" if steps == float("inf") else f"{steps:,.0f}"
