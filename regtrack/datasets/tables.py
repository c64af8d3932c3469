"""The tables of a dataset folder: kept windows, dropped ones, and the bases that are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from regtrack.atomic import errors_naming
from regtrack.datasets.arrays import REMEDY
from regtrack.datasets.selection import Selection
from regtrack.datasets.settings import SPLITS
from regtrack.datasets.windows import Windows
from regtrack.errors import InputError

WINDOWS = "windows.bed"
DROPPED = "dropped.bed"
KNOWN = "known.bed"


def write_tables(folder: Path, selection: Selection) -> None:
    """Write `windows.bed`, `dropped.bed` and `known.bed`, each in the order of the genome.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    order = sorted(
        (chrom, start, split)
        for split, windows in selection.kept.items()
        for chrom, start in zip(windows.chrom.tolist(), windows.start.tolist(), strict=True)
    )
    some = selection.kept[SPLITS[0]]
    _write(
        folder / WINDOWS,
        [
            f"{some.chroms[chrom]}\t{start}\t{start + some.length}\t{split}\n"
            for chrom, start, split in order
        ],
    )
    _write(
        folder / DROPPED,
        [
            f"{stretch.chrom}\t{stretch.start}\t{stretch.end}\t{reason}\n"
            for stretch, reason in selection.dropped
        ],
    )
    _write(
        folder / KNOWN,
        [
            f"{chrom}\t{start}\t{end}\n"
            for chrom, intervals in selection.known.items()
            for start, end in intervals
        ],
    )


def read_windows(folder: Path, chrom_sizes: Mapping[str, int]) -> dict[str, Windows]:
    """Read `windows.bed`: the windows of every split, also of an empty one.

    Raises
    ------
    InputError
        For a line that is not a window of these chromosomes.
    """
    path = folder / WINDOWS
    numbers = {name: number for number, name in enumerate(chrom_sizes)}
    places: dict[str, tuple[list[int], list[int]]] = {split: ([], []) for split in SPLITS}
    length = 0
    for line, text in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            chrom, start, end, split = text.decode("utf-8").split("\t")
            begin, size = int(start), int(end) - int(start)
            length = length or size
            fits = size == length > 0 and 0 <= begin <= chrom_sizes[chrom] - size
            places[split][0].append(numbers[chrom])
            places[split][1].append(begin)
        except (ValueError, KeyError) as error:
            raise InputError(path, f"damaged ({error!r}); {REMEDY}", line) from error
        if not fits:
            raise InputError(path, f"damaged (no window of {length:,} bases); {REMEDY}", line)
    try:
        return {
            split: Windows(
                tuple(chrom_sizes), np.array(chrom, np.int64), np.array(start, np.int64), length
            )
            for split, (chrom, start) in places.items()
        }
    except ValueError as error:
        raise InputError(path, f"damaged ({error}); {REMEDY}") from error


def _write(path: Path, lines: list[str]) -> None:
    with errors_naming(path):
        path.write_text("".join(lines), encoding="utf-8")
