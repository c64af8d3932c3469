"""The table of markers: what is predicted, and where its measured peaks lie."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from regtrack.errors import ArgumentError, InputError
from regtrack.genome.columns import read_columns
from regtrack.genome.marker_names import KNOWN, category_in, parts_in
from regtrack.genome.synonyms import synonyms
from regtrack.notes import note
from regtrack.paths import expanded, is_there

# Those of the paper. There may be others (ATAC, CAGE, ...), which come after them.
CATEGORIES = ("TFBS", "DNase", "Histone")
COLUMNS = ("index", "name", "category", "cell", "target", "treatment", "file")
OPEN_CHROMATIN = ("open chromatin", "accessibility", "accessible", "atac", "atac-seq", "dhs")
_AS_WRITTEN = {category.casefold(): category for category in KNOWN}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Marker:
    """One of the predicted things.

    Parameters
    ----------
    index
        Its number in the table; leads the names of its files.
    name
        Unique in its table, such as `K562|CTCF|None`.
    category
        `TFBS`, `DNase`, `Histone`, or any other word.
    cell, target, treatment
        Cell type, protein or assay, and treatment (`None` where there was none).
    file
        Path of its measured peaks, or an empty string.
    extra
        The table's further columns, kept as they are.

    Raises
    ------
    ValueError
        For a negative index, an empty name or category, or control characters.
    """

    index: int
    name: str
    category: str
    cell: str
    target: str
    treatment: str
    file: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.index < 0:
            raise ValueError(f"expected an index of 0 or more, got {self.index}")
        if not self.name:
            raise ValueError("expected a name, got an empty one")
        if not self.category:
            raise ValueError(
                f"expected a category, such as {', '.join(CATEGORIES)} or ATAC, got an empty one"
            )
        words = (self.name, self.category, self.cell, self.target, self.treatment, self.file)
        _check_words((*words, *self.extra, *map(str, self.extra.values())))

    @property
    def slug(self) -> str:
        """`<index>_<name>` in letters that every file system and browser accepts."""
        return f"{self.index}_{re.sub(r'[^A-Za-z0-9.-]+', '_', self.name).strip('_')}"

    def to_json(self) -> dict[str, Any]:
        """As checkpoints, tracks folders and datasets keep it: with the name of its file."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        return {**columns, "file": Path(self.file).name, "extra": dict(self.extra)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Marker:
        """Inverse of `to_json`; of an older regtrack, the file is a path."""
        return cls(**record)


def read_markers(path: Path, need_files: bool = True) -> tuple[Marker, ...]:
    """Read a markers table, as `regtrack.genome.columns.read_columns` does.

    Only `name` and `file` are needed. Without the others the index is the row's place, from 0 on,
    and the name tells the category (`regtrack.genome.marker_names`), and cell, target and treatment
    where it is `cell|target|treatment`. Categories that differ by case only are one, which is
    noted: written as regtrack knows it, else as it stands first. Files are relative to the table.
    Columns beyond `COLUMNS` are kept in `Marker.extra`.

    Parameters
    ----------
    need_files
        False where the labels come from elsewhere: peak files need not exist, the column
        `file` may be missing, and `Marker.file` is empty.

    Raises
    ------
    InputError
        As `read_columns`; for an empty category, a name or index given twice, a peak file that
        does not exist, control characters, or a table without markers.
    OSError
        When the table cannot be read.
    """
    markers: list[Marker] = []
    seen: set[tuple[str, object]] = set()
    spellings = dict(_AS_WRITTEN)
    other: dict[str, str] = {}
    needed = ("name", "file") if need_files else ("name",)
    others = [column for column in COLUMNS if column not in needed]
    for number, row in read_columns(path, needed, others):
        marker = _marker(path, number, _completed(row, len(markers)), need_files)
        for column in ("name", "index"):
            value = (column, getattr(marker, column))
            if value in seen:
                raise InputError(path, f"{column} {value[1]!r} stands twice in the table", number)
            seen.add(value)
        category = spellings.setdefault(marker.category.casefold(), marker.category)
        if category != marker.category:
            other[marker.category] = category
        markers.append(replace(marker, category=category))
    if not markers:
        raise InputError(path, "holds no marker")
    if other:
        said = ", ".join(f"{spelling} is {category}" for spelling, category in other.items())
        note(f"{path}: categories that differ by case only are one: {said}")
    return tuple(markers)


def _completed(row: dict[str, str], place: int) -> dict[str, str]:
    """A row with what its table has no columns for."""
    cell, target, treatment = parts_in(row["name"])
    guessed = {"category": category_in(row["name"]), "cell": cell, "target": target}
    return {"index": str(place), **guessed, "treatment": treatment, **row}


def _check_words(words: Iterable[str]) -> None:
    """Refuse control characters: tables would break at them, and terminals obey them."""
    for word in filter(_CONTROL.search, words):
        raise ValueError(f"expected no control characters, got {word!r}")


def _marker(path: Path, number: int, row: dict[str, str], need_file: bool) -> Marker:
    """One row of the table, checked."""
    if not row["index"].isdecimal():
        raise InputError(path, f"expected a number as index, got {row['index']!r}", number)
    file = ""
    if need_file:
        try:
            file = str(path.parent / expanded(row["file"]))
        except InputError as error:
            raise InputError(path, str(error), number) from error
        if not row["file"] or not (is_there(file) and Path(file).is_file()):
            raise InputError(path, f"no peak file {row['file']!r} for {row['name']}", number)
    try:
        return Marker(
            index=int(row["index"]),
            file=file,
            category=row["category"],
            extra={key: value for key, value in row.items() if key not in COLUMNS},
            **{key: row[key] for key in ("name", "cell", "target", "treatment")},
        )
    except ValueError as error:
        raise InputError(path, str(error), number) from None


def as_known(category: str) -> str:
    """A category as regtrack writes it, where it knows it: `atac` is `ATAC`; else as typed."""
    return _AS_WRITTEN.get(category.casefold(), category)


def in_order(categories: Iterable[str]) -> tuple[str, ...]:
    """Categories, each once: those of the paper, then the others by name."""
    names = set(categories)
    return (
        *(category for category in CATEGORIES if category in names),
        *sorted(names.difference(CATEGORIES)),
    )


def categories_of(markers: Iterable[Marker]) -> tuple[str, ...]:
    """The categories of some markers, as `in_order` has them."""
    return in_order(marker.category for marker in markers)


def select_markers(
    markers: Sequence[Marker], patterns: Sequence[str], argument: str = "markers"
) -> tuple[Marker, ...]:
    """Markers whose name, cell, target or category matches a pattern, in table order.

    Patterns are shell-style (`K562*`, `CTCF`), upper and lower case alike. A pattern without `*`,
    `?` or `[` may also be another name of the target (`regtrack.genome.synonyms`): `pol2` selects
    POLR2A. Of several words, such as `gm12878 CTCF`, each must match. No pattern selects all.

    Parameters
    ----------
    argument
        What the patterns are called where they were given, for the message.

    Raises
    ------
    ArgumentError
        When a pattern matches no marker.
    """
    if not patterns:
        return tuple(markers)
    chosen: set[int] = set()
    for pattern in patterns:
        hits = match_markers(markers, pattern)
        if not hits:
            raise ArgumentError(
                argument,
                f"no such marker: {pattern!r} matches no name, cell, target or category"
                f"{_advice_on(markers, pattern, argument)}",
            )
        chosen.update(marker.index for marker in hits)
    return tuple(marker for marker in markers if marker.index in chosen)


def match_markers(markers: Sequence[Marker], pattern: str) -> tuple[Marker, ...]:
    """Markers that one pattern matches, as `select_markers` takes it; perhaps none.

    Where no marker is called so, `open chromatin`, `ATAC` and the like are `DNase`, and of several
    words each is a pattern, as for the search on the page.
    """
    matching = tuple(marker for marker in markers if _matches(marker, pattern))
    if matching:
        return matching
    if pattern.casefold() in OPEN_CHROMATIN:
        return tuple(marker for marker in markers if marker.category == "DNase")
    words = pattern.split()
    return tuple(
        marker
        for marker in markers
        if len(words) > 1 and all(_matches(marker, word, marker.treatment) for word in words)
    )


def nearest_words(markers: Sequence[Marker], pattern: str) -> list[str]:
    """Up to three names, cells, targets or categories that are written nearly as a pattern."""
    words: dict[str, str] = {}
    for marker in markers:
        for word in (marker.target, marker.cell, marker.category, marker.name):
            words.setdefault(word.casefold(), word)
    return [words[word] for word in difflib.get_close_matches(pattern.casefold(), words, 3)]


def _advice_on(markers: Sequence[Marker], pattern: str, argument: str) -> str:
    """What may have been meant by a pattern that matches nothing, and what there is."""
    parts = [part.strip() for part in pattern.split(",")]
    if len(parts) > 1 and all(match_markers(markers, part) for part in parts):
        typed = " ".join(
            f"--markers {part!r}" if argument == "markers" else repr(part) for part in parts
        )
        return f"; several are typed apart: {typed}"
    near = _nearest_pairs(markers, pattern.split()) or nearest_words(markers, pattern)
    nearest = f"; the nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}" if near else ""
    return f"{nearest}; there are {count_categories(markers)}, such as {markers[0].name}"


def _nearest_pairs(markers: Sequence[Marker], words: Sequence[str]) -> list[str]:
    """Of several words of which one is misspelt: the markers' names that were nearly typed."""
    for word in words:
        others = [each for each in words if each != word]
        hits = match_markers(markers, " ".join(others)) if others else ()
        if near := nearest_words(hits, word):
            return [marker.name for marker in match_markers(hits, near[0])][:3]
    return []


def _matches(marker: Marker, pattern: str, *further: str) -> bool:
    """Whether a pattern matches a name of a marker, or one of `further` ones."""
    # Other names are compared as a whole: `M*` should not bring c-Myc for its gene's sake.
    words = (marker.name, marker.cell, marker.target, marker.category, *further)
    if any(fnmatch.fnmatchcase(word.lower(), pattern.lower()) for word in words):
        return True
    return pattern.lower() in (name.lower() for name in synonyms(marker.target))


def beats_chance(lowest: float, base_rate: float) -> bool:
    """Whether a marker is predicted better than by chance.

    Parameters
    ----------
    lowest
        Lower end of the interval of its average precision; NaN where there is none, for want of
        blocks with peaks: then nothing speaks against it.
    base_rate
        What chance would have.
    """
    return not lowest <= base_rate


def describe_markers(markers: Sequence[Marker]) -> str:
    """`171: 133 TFBS, 9 DNase, 29 Histone`."""
    return f"{len(markers)}: {count_categories(markers)}"


def count_categories(markers: Sequence[Marker]) -> str:
    """`133 TFBS, 9 DNase, 29 Histone`; a category without a marker is left out."""
    counts = Counter(marker.category for marker in markers)
    return ", ".join(f"{counts[category]} {category}" for category in in_order(counts))
