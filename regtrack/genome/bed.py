"""BED and its kin: narrowPeak, broadPeak, gappedPeak, BED3 and longer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from regtrack.errors import InputError
from regtrack.genome.assemblies import assemblies_that_hold, recognise
from regtrack.genome.bed_scan import Scanned, scan
from regtrack.genome.intervals import IntervalSet, Positions
from regtrack.genome.names import MITOCHONDRION, Spellings, nothing_in_common, resolve_chrom
from regtrack.genome.row_counts import RowCounts
from regtrack.genome.textfile import count_lines, read_pieces

_LONGEST = 2**32 - 1  # what genome file formats can hold
_HEADERS = (b"track", b"browser")
_LINE_END = re.compile(rb"[\r\n]")
_ROW = re.compile(rb" *([^\s]+)(?: *\t *| +)([^\s]+)(?: *\t *| +)([^\s]+)")
_NUMBER = re.compile(rb"(-?)0*(\d{1,18})")
_COLUMN_NAME = re.compile(r"[\"']?[A-Za-z][A-Za-z_. -]*[\"']?")  # without digits: no chromosome
_OF_MACS = b"\tfold_enrichment"
_FIRST_BYTES = 100_000  # that some thousand rows take
_MOST_ROWS = 4_000_000  # that are held before they are merged first
_MOST_NAMES = 100_000  # of chromosomes, that are held though the genome lacks them

# A row that reaches farther past an end was not widened there: it is of another assembly, or of
# another unit. So are many rows: no more than this share of a file's, or this number.
FARTHEST = 10_000
MOST_PAST = 0.1
FEW_PAST = 10

# What stands for chromosomes that are left out.
_UNKNOWN, _MITOCHONDRION = -1, -2


@dataclass(frozen=True)
class Rules:
    """How rows are taken that do not lie on the genome as they stand.

    Parameters
    ----------
    clip
        Cut rows at the ends of their chromosomes, where these do not show another assembly.
    can_clip
        Whether the user may ask for that, for the message.
    mitochondria
        What becomes of their rows: assemblies of one name hold different ones, so that these may
        be cut at the end of the genome's, whatever `clip` says, or left out.
    """

    clip: bool = False
    can_clip: bool = False
    mitochondria: Literal["kept", "clipped", "left out"] = "kept"


@dataclass(frozen=True)
class BedRows:
    """What a BED file says.

    Parameters
    ----------
    intervals
        0-based, half-open, merged; of each chromosome that has any, as the genome spells it.
    counts
        Of rows that were not taken as they stand.
    """

    intervals: dict[str, IntervalSet]
    counts: RowCounts


def read_bed(path: Path, chrom_sizes: Mapping[str, int]) -> dict[str, IntervalSet]:
    """The intervals of a BED file, merged: `read_rows` with the strictest rules."""
    return read_rows(path, chrom_sizes, Rules()).intervals


def read_rows(path: Path, chrom_sizes: Mapping[str, int], rules: Rules) -> BedRows:
    """Read a BED file, plain or gzip, its rows in any order, overlapping or not.

    Columns are divided by a tab, by blanks, or by both; those beyond the third are not looked at.
    `track`, `browser`, `#` and empty lines are passed over, and so are rows whose end is their
    start, and a first line of names of columns. Rows on chromosomes that the genome does not have
    are left out.

    Parameters
    ----------
    chrom_sizes
        Length of every chromosome of the genome, in bases.

    Raises
    ------
    InputError
        For a line that is not BED; an end before its start; a chromosome's name that is the
        genome's but for case, blanks, quotes or leading zeros; rows that reach past a
        chromosome's end (which says of which assemblies genome and file are, where their lengths
        tell); or when no chromosome is the genome's. A file without any row is not an error.
    OSError
        When the file cannot be read.
    """
    reading = _Reading(path, chrom_sizes, rules)
    for line, text in read_pieces(path):
        reading.add(line, text)
    return reading.finish()


class _Reading:
    """What has been read of a file."""

    def __init__(self, path: Path, chrom_sizes: Mapping[str, int], rules: Rules) -> None:
        self._path = path
        self._chrom_sizes = chrom_sizes
        self._rules = rules
        self._names = list(chrom_sizes)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self._sizes = np.array(list(chrom_sizes.values()), np.int64)
        self._spellings = Spellings(self._names)
        clipped = MITOCHONDRION if rules.mitochondria == "clipped" else ()
        self._loose = [self._numbers[name] for name in clipped if name in self._numbers]
        self._raw: dict[bytes, int] = {}
        self._unknown: Counter[str] = Counter()
        self._last: dict[str, int] = {}  # end on each chromosome, as the file spells it
        self._pieces: list[tuple[Positions, Positions, Positions]] = []
        self._most_rows = _MOST_ROWS
        self._header = ""
        self._rows = self._unknown_rows = self._mitochondrial = self._no_length = self._past = 0
        self._far = False
        self._first_past: tuple[int, int, int, int] | None = None

    def add(self, line: int, text: bytes) -> None:
        """Read whole lines, the first of which has a number."""
        scanned, header = _checked(self._path, line, text, first=not self._rows)
        self._header = self._header or header
        numbers = [self._number_of(raw, line, text, at) for raw, at in _places(scanned)]
        ends = np.zeros(len(scanned.chroms), np.int64)
        np.maximum.at(ends, scanned.chrom, scanned.ends)
        for raw, number, rows, end in zip(
            scanned.chroms, numbers, scanned.rows.tolist(), ends.tolist(), strict=True
        ):
            self._rows += rows
            if number == _MITOCHONDRION:
                self._mitochondrial += rows
                continue
            name = raw.decode("utf-8", "replace")
            if number == _UNKNOWN:
                self._unknown_rows += rows
                if name in self._unknown or len(self._unknown) < _MOST_NAMES:
                    self._unknown[name] += rows
            if number >= 0 or name in self._unknown:
                self._last[name] = max(self._last.get(name, 0), end)
        self._keep(line, text, scanned, np.array(numbers, np.int64)[scanned.chrom])

    def _keep(self, line: int, text: bytes, scanned: Scanned, numbers: Positions) -> None:
        """Hold the rows on the genome's chromosomes, inside of these."""
        at, starts, ends = scanned.at, scanned.starts, scanned.ends
        long = ends > starts
        self._no_length += int(np.count_nonzero(~long & (numbers >= 0)))
        usable = long & (numbers >= 0)
        if not usable.all():
            at, numbers, starts, ends = at[usable], numbers[usable], starts[usable], ends[usable]
        sizes = self._sizes[numbers]
        past = (ends > sizes) | (starts < 0)
        if self._loose and past.any():
            loose = np.isin(numbers, self._loose)
            ends = np.where(loose, np.minimum(ends, sizes), ends)
            past &= ~loose | (starts < 0) | (starts >= sizes)
        if past.any():
            self._past += int(np.count_nonzero(past))
            self._far |= bool(np.any((ends - sizes > FARTHEST) | (starts < -FARTHEST)))
            if self._first_past is None:
                row = int(np.argmax(past))
                place = line + count_lines(text[: at[row]])
                self._first_past = place, int(numbers[row]), int(starts[row]), int(ends[row])
            starts, ends = np.maximum(starts, 0), np.minimum(ends, sizes)
            usable = starts < ends
            numbers, starts, ends = numbers[usable], starts[usable], ends[usable]
        self._pieces.append((numbers, starts, ends))
        if sum(len(numbers) for numbers, _, _ in self._pieces) > self._most_rows:
            merged = self._merged()
            # Where little was merged, it is not tried again at every further piece.
            self._most_rows = max(_MOST_ROWS, 2 * sum(map(len, merged.values())))
            self._pieces = [
                (np.full(len(runs), number), runs.starts, runs.ends)
                for number, runs in merged.items()
            ]

    def _merged(self) -> dict[int, IntervalSet]:
        """Intervals by number of chromosome, in the order of these."""
        if not self._pieces:
            return {}
        numbers, starts, ends = (np.concatenate(parts) for parts in zip(*self._pieces, strict=True))
        order = np.argsort(numbers, kind="stable")
        counts = np.bincount(numbers, minlength=0)
        parts = np.split(order, np.cumsum(counts)[:-1]) if len(counts) else []
        return {
            number: IntervalSet.of(starts[part], ends[part])
            for number, part in enumerate(parts)
            if len(part)
        }

    def finish(self) -> BedRows:
        """What the whole file says."""
        on_genome = self._rows - self._unknown_rows - self._mitochondrial
        if self._past:
            many = self._past >= FEW_PAST and self._past > MOST_PAST * (on_genome - self._no_length)
            if self._far or many or not self._rules.clip:
                raise self._past_the_end(foreign=self._far or many)
        # That both have a mitochondrion tells nothing: so have all genomes.
        if self._unknown_rows and self._unknown_rows + self._mitochondrial == self._rows:
            raise nothing_in_common(self._path, self._unknown, self._chrom_sizes)
        return BedRows(
            {self._names[number]: intervals for number, intervals in self._merged().items()},
            RowCounts(
                path=str(self._path),
                header=self._header,
                rows=self._rows,
                unknown=self._unknown_rows,
                unknown_names=tuple(list(self._unknown)[:4]),
                mitochondrial=self._mitochondrial,
                no_length=self._no_length,
                clipped=self._past,
            ),
        )

    def _number_of(self, raw: bytes, line: int, text: bytes, at: int) -> int:
        """Number of the chromosome that a row names, which stands at a place of some lines."""
        if raw not in self._raw:
            if len(self._raw) > _MOST_NAMES:
                self._raw.clear()
            name = raw.decode("utf-8", "replace")
            known = resolve_chrom(name, self._numbers)
            meant = None if known else self._spellings.meant(name)
            if self._rules.mitochondria == "left out" and name in MITOCHONDRION:
                self._raw[raw] = _MITOCHONDRION
            elif meant is not None:
                raise InputError(
                    self._path,
                    f"chromosome {name!r} is spelt differently from the genome's {meant!r}; "
                    "expected one spelling",
                    line + count_lines(text[:at]),
                )
            else:
                self._raw[raw] = _UNKNOWN if known is None else self._numbers[known]
        return self._raw[raw]

    def _past_the_end(self, foreign: bool) -> InputError:
        assert self._first_past is not None
        line, number, start, end = self._first_past
        chrom, size = self._names[number], int(self._sizes[number])
        if end > size:
            where = f"ends at {end:,}, past the end of {chrom} ({size:,} bases)"
        else:
            where = f"starts at {start:,}, before the beginning of {chrom}"
        why = self._whose()
        if not foreign and self._rules.can_clip:
            why = "--clip clips such rows at the ends of their chromosomes"
        return InputError(self._path, f"{where}; {why}", line)

    def _whose(self) -> str:
        """Of which assembly the genome is and the file may be, where their lengths tell."""
        genome = recognise(self._chrom_sizes)
        if genome is None:
            return "is it of another assembly?"
        fitting = assemblies_that_hold(self._last, genome)
        if not fitting:
            return f"is it of another assembly? The genome is {genome}"
        return f"the genome is {genome}, the file fits {' or '.join(fitting)}"


def first_rows(path: Path) -> tuple[float | None, str]:
    """Of a BED file's first rows, some thousand: median bases, None of none; and their header.

    Raises
    ------
    InputError
        As `read_rows`, for a line that is not BED.
    OSError
        When the file cannot be read.
    """
    for line, text in read_pieces(path):
        end = _LINE_END.search(text, _FIRST_BYTES)
        scanned, header = _checked(path, line, text[: end.end()] if end else text, first=True)
        if len(scanned.at):
            return float(np.median(scanned.ends - scanned.starts)), header
    return None, ""


def _checked(path: Path, line: int, text: bytes, first: bool) -> tuple[Scanned, str]:
    """All rows of some lines; a wrong one is an error, the first where there are several.

    Parameters
    ----------
    first
        Whether no row stands before them, so that a line of names may be their header.

    Returns
    -------
    Scanned, str
        The rows, and the header, if there is one.
    """
    scanned, header = scan(text), ""
    wrong = np.flatnonzero((scanned.starts > scanned.ends) | (scanned.ends > _LONGEST))
    end = int(scanned.at[wrong[0]]) if len(wrong) else len(text)
    odd: list[tuple[int, bytes, int, int]] = []
    for at in (place for place in scanned.odd.tolist() if place <= end):
        names = _header_at(text, at)
        if names and first and not header and not odd and at < scanned.at.min(initial=len(text)):
            if _OF_MACS in _line_at(text, at):
                raise InputError(
                    path,
                    "a table of MACS, whose first base is 1; expected its _peaks.narrowPeak or "
                    ".broadPeak",
                    line + count_lines(text[:at]),
                )
            header = names
        elif row := _odd_row(path, line, text, at):
            odd.append((at, *row))
    if len(wrong):
        _odd_row(path, line, text, end)
    return (_with(scanned, odd) if odd else scanned), header


def _line_at(text: bytes, at: int) -> bytes:
    end = _LINE_END.search(text, at)
    return text[at : end.start() if end else len(text)]


def _header_at(text: bytes, at: int) -> str:
    """`Chr Start End` of a line that names the columns; empty where it does not."""
    row = _ROW.match(_line_at(text, at))
    if row is None or row[1].startswith(b"#") or row[1] in _HEADERS:
        return ""
    names = [name.decode("utf-8", "replace") for name in row.groups()]
    return " ".join(names) if all(_COLUMN_NAME.fullmatch(name) for name in names) else ""


def _odd_row(path: Path, first: int, text: bytes, at: int) -> tuple[bytes, int, int] | None:
    """A line that is not plain, or wrong; None for a header line."""
    line = _line_at(text, at)
    words = line.split(None, 1)
    if not words or words[0].startswith(b"#") or words[0] in _HEADERS:
        return None
    shown = repr(line[:60].decode("utf-8", "replace"))
    row = _ROW.match(line)
    number = first + count_lines(text[:at])
    if row is None and line.startswith(b"\t"):
        problem = f"expected a chromosome first, got {shown}"
    elif row is None and len(line.split(b"\t")) < 3:
        problem = f"expected at least chrom, start and end, got {shown}"
    else:
        numbers = [_NUMBER.fullmatch(field) for field in (row.groups()[1:] if row else ())]
        start, stop = [number and int(number[1] + number[2]) for number in numbers] or (None, None)
        digits = row and all(field.lstrip(b"-").isdigit() for field in row.groups()[1:])
        if row is not None and start is not None and stop is not None:
            if start <= stop <= _LONGEST:
                return row[1], start, stop
            problem = f"expected start <= end, got {start} {stop}"
            if stop > _LONGEST:
                problem = f"expected positions up to {_LONGEST:,}, got {shown}"
        elif digits:
            problem = f"expected positions up to {_LONGEST:,}, got {shown}"
        else:
            problem = f"expected whole numbers as start and end, got {shown}"
            if number == 1:
                problem += "; a header begins with #"
    raise InputError(path, problem, number)


def _places(scanned: Scanned) -> list[tuple[bytes, int]]:
    """Chromosomes and where their first rows stand."""
    return list(zip(scanned.chroms, scanned.first.tolist(), strict=True))


def _with(scanned: Scanned, odd: list[tuple[int, bytes, int, int]]) -> Scanned:
    """What was scanned, and rows that were read one by one, in the order of the file."""
    order = {raw: number for number, raw in enumerate(scanned.chroms)}
    rows = Counter(dict(zip(scanned.chroms, scanned.rows.tolist(), strict=True)))
    first = dict(_places(scanned))
    for at, raw, _, _ in odd:
        order.setdefault(raw, len(order))
        rows[raw] += 1
        first[raw] = min(at, first.get(raw, at))
    places = np.append(scanned.at, [odd_row[0] for odd_row in odd])
    sort = np.argsort(places)
    return Scanned(
        places[sort],
        np.append(scanned.chrom, [order[odd_row[1]] for odd_row in odd])[sort],
        np.append(scanned.starts, [odd_row[2] for odd_row in odd])[sort],
        np.append(scanned.ends, [odd_row[3] for odd_row in odd])[sort],
        list(order),
        np.array([rows[raw] for raw in order], np.int64),
        np.array([first[raw] for raw in order], np.int64),
        scanned.odd,
    )
