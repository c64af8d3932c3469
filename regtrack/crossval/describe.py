"""What a cross-validation is and how far it came, as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from regtrack.crossval.plan import MEASURING, Measuring, Plan, Training
from regtrack.crossval.tested import read_tested
from regtrack.documents import read_json
from regtrack.leases import holders, words_of
from regtrack.listing import counted, duration_text, names_and_rest
from regtrack.report.comparison import Table
from regtrack.text_columns import named_lines
from regtrack.training.settings import USUAL_RECIPE
from regtrack.work_folders import LEASES, LOCK, is_held


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


def describe_measuring(out: Path) -> str:
    """A folder of which the plan is still to be written, as seconds per step are measured.

    Raises
    ------
    InputError
        When what says so is damaged.
    """
    measuring = read_json(out / MEASURING, Measuring)
    busy = is_held(out / LOCK)
    return named_lines(
        {
            "cross-validation": f"{out}, which is being planned; nothing is trained yet",
            "measuring": f"seconds per step: {measuring.done:,} of {measuring.total:,} turns done",
            "at work": "a process is" if busy else "nobody",
            "next": "wait for it" if busy else "give the same command again; it measures anew",
        }
    )


def describe_plan(plan: Plan, out: Path, workers: int) -> str:
    """What `regtrack crossval --plan` prints.

    Parameters
    ----------
    workers
        Trainings at the same time.
    """
    left = _left(_all(plan), out)
    factors = (
        *(counted(len(plan.entries), "network"), counted(len(plan.folds), "fold")),
        counted(len(plan.seeds), "seed"),
    )
    to_do = f"{counted(len(left), 'training')} to do of {' x '.join(factors)}"
    return f"{_described(plan, out)}\n\n{to_do}{_time(plan, left, out, workers)}"


def _time(plan: Plan, left: Sequence[Training], out: Path, workers: int) -> str:
    """How long some trainings take: by the minutes of each, or by those that are done."""
    if not left:
        return ""
    if plan.minutes is not None:
        seconds = 60 * plan.minutes * -(-len(left) // workers)
        return (
            f", {plan.minutes:g} minutes each on a quiet machine:\n{duration_text(seconds)} with "
            f"--workers {workers}, besides validation and tests"
        )
    took: dict[str, list[float]] = {}
    for one in _all(plan):
        tested = read_tested(one.folder(out))
        if tested is not None and tested.seconds is not None:
            took.setdefault(one.label, []).append(tested.seconds)
    if not {one.label for one in left} <= took.keys():
        return ";\nhow long they take is known when one of each network is done"
    total = sum(fmean(took[one.label]) for one in left)
    return f":\n{duration_text(total)} in all, as long as those took that are done"


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


def count_crossval(out: Path) -> dict[str, Any]:
    """Networks, folds, seeds, trainings and those that are done; steps of each network by label.

    Raises
    ------
    InputError
        As `Plan.read`.
    """
    plan = Plan.read(out)
    every = _all(plan)
    steps = {entry.label: _steps(plan, entry.label) for entry in plan.entries}
    return {
        "networks": len(plan.entries),
        "folds": len(plan.folds),
        "seeds": len(plan.seeds),
        "trainings": len(every),
        "done": len(every) - len(_left(every, out)),
        "steps": {label: number for label, number in steps.items() if number != float("inf")},
    }


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
    networks = [
        [
            entry.label,
            _number(_steps(plan, entry.label)),
            "-" if entry.seconds_per_step is None else f"{entry.seconds_per_step:.3g}",
            *(f"{getattr(plan.recipe(entry.label, 0, 0), name):g}" for name in USUAL_RECIPE),
        ]
        for entry in plan.entries
    ]
    return "\n\n".join(
        [
            folds.text(),
            Table(
                f"trained on {plan.device}, {counted(plan.threads, 'thread')} each, in "
                f"{plan.settings['precision']}",
                [("", "network"), ("", "steps"), ("seconds", "per step")]
                + [_heading(name) for name in USUAL_RECIPE],
                networks,
            ).text(),
        ]
    )


def _heading(setting: str) -> tuple[str, str]:
    """Its words, each above the other."""
    first, _, second = setting.partition("_")
    return (first, second) if second else ("", first)


def _steps(plan: Plan, label: str) -> float:
    """Of a network, whatever the seed."""
    return plan.recipe(label, seed=0, save_minutes=10).steps


def _number(steps: float) -> str:
    return "-" if steps == float("inf") else f"{steps:,.0f}"
