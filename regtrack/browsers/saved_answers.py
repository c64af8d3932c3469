"""What the page of `regtrack browse` requests, as files: for a page without a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from regtrack.browsers.lookup import Lookup, Record, overlapping
from regtrack.browsers.runs import Runs
from regtrack.browsers.site import Site
from regtrack.genome.intervals import Interval, Regions

FOLDER = "answers"


def saved_answers(
    site: Site,
    runs: Runs,
    lookup: Lookup,
    areas: Iterable[Interval],
    measured: Callable[[str], Regions],
) -> Iterator[tuple[str, str]]:
    """All answers about some areas, one after another: of many markers they are large.

    Measured peaks are those of the areas' chromosomes that have predictions.

    Parameters
    ----------
    site
        The page that will ask.
    runs, lookup
        Who answer it.
    areas
        One of a chromosome, at most.
    measured
        Gives the measured peaks of a marker of `runs.measured`, by its name.

    Yields
    ------
    (str, str)
        Address and JSON: `answers/<question>/<number>.json` of a chromosome, which has its number
        among the genome's; `answers/strongest/<index>.json`; `answers/names.json`, the place of
        every gene by its name in capitals; and, at last, `answers/held.json`: the chromosomes, and
        by question the numbers of those for which there is a file.

    Raises
    ------
    InputError
        When a file of peaks cannot be used.
    """
    areas = list(areas)
    sizes = runs.chrom_sizes
    numbers = {chrom: number for number, chrom in enumerate(sizes)}
    numbers_of: dict[str, list[int]] = {}

    def answered(
        question: str, features: Callable[[Interval], list[Record]]
    ) -> Iterator[tuple[str, str]]:
        for area in areas:
            if records := features(area):
                number = numbers[area.chrom]
                numbers_of.setdefault(question, []).append(number)
                yield f"{FOLDER}/{question}/{number}.json", _text(records)

    yield from answered("genes", lookup.genes)
    stretches = {
        "predicted": lookup.predicted,
        "trained": lookup.trained,
        "repeats": lookup.repeats,
    }
    for kind, question in stretches.items():
        for address, told in site.stretches(kind).items():
            yield from answered(address, partial(question, told.place))
    for number, _, _ in runs.entries:
        yield f"{FOLDER}/strongest/{number}.json", _text(lookup.strongest(number))
    for name, entries in runs.by_name.items():
        if name in runs.measured:
            peaks = measured(name)
            here = {chrom: peaks[chrom] for chrom in runs.predicted if chrom in peaks}
            # Of several runs, the page asks by the first that has the marker.
            yield from answered(f"measured/{entries[0].number}", partial(overlapping, here))
    yield f"{FOLDER}/names.json", _text(lookup.places())
    yield f"{FOLDER}/held.json", _text({"chroms": list(sizes), "held": numbers_of})


def _text(answer: list[Record] | Mapping[str, Any]) -> str:
    return json.dumps(answer, separators=(",", ":"))
