"""What a search over settings is, as text for people; without Optuna, which takes long to load."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.textfile import read_text
from regtrack.listing import counted
from regtrack.paths import shell_word
from regtrack.search.trial import BEST, COMPLETE, RUNNING, TABLE
from regtrack.text_columns import named_lines


def describe_search(folder: Path) -> str:
    """A search: how many trials there are, and the best one.

    Raises
    ------
    InputError
        When its table is damaged.
    """
    table = folder / TABLE
    lines = read_text(table).splitlines() if table.is_file() else []
    trials = list(csv.DictReader(lines, delimiter="\t"))
    try:
        states = Counter(trial["state"] for trial in trials)
        done = [trial for trial in trials if trial["state"] == COMPLETE]
        best = max(done, key=lambda trial: float(trial["average_precision"]), default=None)
        reached = (
            f"trial {best['number']}, average precision {float(best['average_precision']):.4f}"
            if best
            else "none yet"
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(table, f"damaged ({error!r})") from error
    word = shell_word(folder)
    use = f"regtrack predict REGION --model {word}/{BEST} --out tracks/"
    return named_lines(
        {
            "search": f"{folder}, {counted(len(trials), 'trial')}",
            "trials": ", ".join(f"{number} {state}" for state, number in states.items()) or "none",
            "best": reached,
            "next": use if best and RUNNING not in states else "the same command goes on",
        }
    )
