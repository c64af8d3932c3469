"""A cross-validation as rows and as text: scores of each network, and its difference to another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from regtrack.listing import counted, names_and_rest
from regtrack.report.comparison import Table
from regtrack.report.numbers import UNDEFINED, number, times
from regtrack.scoring.cross_scores import (
    BETTER,
    POOLED,
    UNCLEAR,
    WORSE,
    CrossNetwork,
    CrossScores,
    difference,
    ratio,
    verdict,
)
from regtrack.scoring.metrics import CategoryMeans

MEAN = "mean"
SCORES = ("average_precision", "pr_auc_trapezoid", "auroc")
# With a longer one, a table would be wider than 80 columns.
_LONGEST_NAME = 16


def score_rows(scores: CrossScores) -> Iterator[dict[str, Any]]:
    """A row for each network, seed (and their mean), fold (and all pooled) and category."""
    for network in scores.networks:
        for fold in (*scores.folds, POOLED):
            for category in scores.categories:
                for seed in _seeds(scores):
                    yield _score_row(scores, network, seed, fold, category)


def _seeds(scores: CrossScores) -> tuple[int | str, ...]:
    """Their mean, and each."""
    return (MEAN, *scores.seeds)


def _score_row(
    scores: CrossScores, network: CrossNetwork, seed: int | str, fold: str, category: str
) -> dict[str, Any]:
    chosen = None if isinstance(seed, str) else seed
    sampled = network.sampled(fold, category, chosen)
    means = network.means(scores.markers, fold, category, chosen)
    all_markers = sum(marker.category == category for marker in scores.markers)
    markers = means[0].markers if means else 0
    low, high = sampled.interval if sampled else (math.nan, math.nan)
    trained = [one for one in network.trained if (one.seed, one.fold) == (seed, fold)]
    return {
        "network": network.name,
        "seed": seed,
        "fold": fold,
        "category": category,
        "markers": markers,
        "markers_without_peak": all_markers - markers,
        "base_rate": _mean(means, "base_rate"),
        **{name: _mean(means, name) for name in SCORES},
        "low": low,
        "high": high,
        "steps": trained[0].steps if trained else None,
        "best_step": trained[0].best_step if trained else None,
    }


def _mean(means: Sequence[CategoryMeans], name: str) -> float:
    return sum(getattr(mean, name) for mean in means) / len(means) if means else math.nan


def pair_rows(scores: CrossScores) -> Iterator[dict[str, Any]]:
    """A row for each network but the reference, and the rest as `score_rows`."""
    for network in scores.others:
        for fold in (POOLED, *scores.folds):
            for category in scores.categories:
                for seed in _seeds(scores):
                    yield pair_row(scores, network, seed, fold, category)


def pair_row(
    scores: CrossScores, network: CrossNetwork, seed: int | str, fold: str, category: str
) -> dict[str, Any]:
    """A network against the reference: difference and ratio, with their 95% intervals."""
    row = {
        "network": network.name,
        "reference": scores.reference,
        "seed": seed,
        "fold": fold,
        "category": category,
    }
    pair = scores.pair(network, fold, category, None if isinstance(seed, str) else seed)
    if pair is None:
        return {**row, **dict.fromkeys(_OF_PAIR), "verdict": UNCLEAR}
    differing, relative = difference(*pair), ratio(*pair)
    values = (
        *(one.score for one in pair),
        *(differing.value, differing.low, differing.high),
        *(relative.value, relative.low, relative.high),
        pair[0].blocks,
    )
    return {
        **row,
        **dict(zip(_OF_PAIR, values, strict=True)),
        "verdict": verdict(differing),
    }


_OF_PAIR = (
    *("average_precision", "of_reference"),
    *("difference", "low", "high"),
    *("ratio", "ratio_low", "ratio_high"),
    "blocks",
)


def text_report(scores: CrossScores) -> str:
    """What `regtrack crossval` prints: a table for each category, and what it means."""
    names = _short_names(scores)
    tables = [_table(scores, category, names).text() for category in scores.categories]
    long = [f"{short} {name}" for name, short in names.items() if short != name]
    lines = [*long, *_verdicts(scores), *_notes(scores)]
    return "\n\n".join([*tables, "\n".join(lines)])


def _short_names(scores: CrossScores) -> dict[str, str]:
    """What the tables call each network: `(2)` where its name would not leave room."""
    names = [network.name for network in scores.networks]
    return {
        name: name if len(name) <= _LONGEST_NAME else f"({place})"
        for place, name in enumerate(names, start=1)
    }


def _table(scores: CrossScores, category: str, names: Mapping[str, str]) -> Table:
    """Networks below each other: pooled scores, and the difference to the reference."""
    first = scores.networks[0].means(scores.markers, POOLED, category)[0]
    title = f"{category}: mean of {counted(first.markers, 'marker')}, base rate "
    title += number(first.base_rate)
    header = [("", "network"), ("average", "precision"), ("seeds", "differ")]
    if scores.others:
        title += f"; difference to {names[scores.reference]}"
        header += [("differ-", "ence"), ("95%", "from"), ("", "to"), ("", "ratio")]
        header += [("folds", "better"), ("folds", "worse")]
    rows = [_row(scores, network, category, names) for network in scores.networks]
    return Table(title, header, rows)


def _row(
    scores: CrossScores, network: CrossNetwork, category: str, names: Mapping[str, str]
) -> list[str]:
    means = network.means(scores.markers, POOLED, category)
    each = [mean.average_precision for mean in means]
    spread = number(max(each) - min(each)) if len(each) > 1 else UNDEFINED
    cells = [names[network.name], number(sum(each) / len(each)), spread]
    if not scores.others:
        return cells
    if network.name == scores.reference:
        return [*cells, *[UNDEFINED] * 6]
    row = pair_row(scores, network, MEAN, POOLED, category)
    folds = [pair_row(scores, network, MEAN, fold, category)["verdict"] for fold in scores.folds]
    return [
        *cells,
        *(_signed(row[name]) for name in ("difference", "low", "high")),
        times(row["ratio"]),
        *(f"{folds.count(word)} of {len(folds)}" for word in (BETTER, WORSE)),
    ]


def _signed(value: float) -> str:
    return UNDEFINED if math.isnan(value) else f"{value:+.4f}"


def _verdicts(scores: CrossScores) -> Iterator[str]:
    """What the differences over all folds come to, a line for each network."""
    for network in scores.others:
        verdicts = {
            category: pair_row(scores, network, MEAN, POOLED, category)["verdict"]
            for category in scores.categories
        }
        parts = [
            f"{word} for {names_and_rest(chosen)}"
            for word in (BETTER, WORSE, UNCLEAR)
            if (chosen := [one for one, reached in verdicts.items() if reached == word])
        ]
        yield f"{network.name} against {scores.reference}: {'; '.join(parts)}"


def _notes(scores: CrossScores) -> Iterable[str]:
    """What the words mean."""
    if scores.others:
        yield (
            "better: the whole 95% interval of the difference lies above 0 (worse: below; unclear: "
            "it holds 0). Average precision: of the bases that a network ranks highest, how many "
            "lie in measured peaks; chance reaches the base rate."
        )
        yield (
            "The interval says what other stretches of genome like these would give, with the same "
            "trainings. What another start of the training gives, seeds differ by: a difference "
            "that is not clearly larger is not to be trusted."
        )
    else:
        yield "one network: name another one to see which is better"
