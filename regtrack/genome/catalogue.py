"""The catalogue: the 919 markers of the paper, which are DeepSEA's, in their published order."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import resources

from regtrack.genome.marker_names import NO_TREATMENT
from regtrack.genome.markers import COLUMNS, Marker, count_categories, read_markers, select_markers
from regtrack.text_columns import aligned

_TABLE = "markers919.tsv"
_SHOWN = COLUMNS[:-1]  # no `file`: no peaks come with regtrack


@functools.cache
def catalogue() -> tuple[Marker, ...]:
    """The 919 markers of the paper.

    Names are `cell|target|treatment`, as published; of those that are alike, upper and lower case
    taken together, the second and later ones in the order of the index end in `|2`, `|3` ...

    Returns
    -------
    tuple of Marker
        Of index 0 to 918. `Marker.extra` has `accession` and `url` of the file of peaks, and
        DeepSEA's published figures of 200-bp bins: `deepsea_auroc`, `deepsea_auprc` and
        `deepsea_base_rate`, `NA` where there is none. `Marker.file` is empty.
    """
    with resources.as_file(resources.files("regtrack.genome") / "data" / _TABLE) as path:
        return read_markers(path, need_files=False)


def find_markers(
    patterns: Sequence[str], listed: Sequence[Marker] | None = None
) -> tuple[Marker, ...]:
    """Markers that match any of some patterns; all of them without one.

    Parameters
    ----------
    patterns
        As `regtrack.genome.markers.select_markers`.
    listed
        Where to look: a network's own; None for the catalogue.

    Raises
    ------
    ArgumentError
        When a pattern matches no marker.
    """
    return select_markers(catalogue() if listed is None else listed, patterns, "patterns")


def markers_table(markers: Sequence[Marker], width: int | None = None) -> str:
    """Markers as columns for people: index, name, category, cell, target and treatment.

    Parameters
    ----------
    width
        Columns of the screen: where it is too narrow, what a marker's name says, too, is left out.
        None for no screen.
    """
    rows = [_cells(marker) for marker in markers]
    spare = [place for place in (5, 3, 4) if all(_is_told(row[place], row[1]) for row in rows)]
    longest = max(len(marker.name) for marker in markers)
    words = range(1, len(_SHOWN))
    return "\n".join(aligned(_SHOWN, rows, words, width=width, spare=spare, legible=longest))


def _is_told(word: str, name: str) -> bool:
    return word == NO_TREATMENT or word in name


def markers_tsv(markers: Sequence[Marker]) -> str:
    """Markers of one table with all their columns, as the header and rows of a TSV file."""
    rows = [(*_SHOWN, *markers[0].extra)]
    rows += [(*_cells(marker), *marker.extra.values()) for marker in markers]
    return "\n".join("\t".join(row) for row in rows)


def describe_found(markers: Sequence[Marker], listed: Sequence[Marker] | None = None) -> str:
    """`5 of 919 markers: 3 TFBS, 1 DNase, 1 Histone`; `listed` as `find_markers`."""
    total = len(catalogue() if listed is None else listed)
    return f"{len(markers)} of {total} markers: {count_categories(markers)}"


def _cells(marker: Marker) -> tuple[str, ...]:
    return tuple(str(getattr(marker, column)) for column in _SHOWN)
