"""BED and its kin: narrowPeak, broadPeak, gappedPeak, BED3 and longer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from regtrack.errors import InputError
from regtrack.genome.assemblies import assemblies_that_hold, recognise
from regtrack.genome.bed_scan import scan
from regtrack.genome.intervals import IntervalSet, Positions
from regtrack.genome.names import nothing_in_common, resolve_chrom
from regtrack.genome.textfile import read_bytes

_BOM = b"\xef\xbb\xbf"  # a byte-order mark, from Windows editors
_LONGEST = 2**32 - 1  # what genome file formats can hold
_HEADERS = (b"#", b"track", b"browser")


def read_bed(
    path: Path, chrom_sizes: Mapping[str, int], skip_empty: bool = False
) -> dict[str, IntervalSet]:
    """Read the intervals of a BED file (peaks, regions), merged.

    Plain or gzip, in any order, overlapping or not; `track`, `browser`, `#` and empty
    lines are passed over, CRLF and spaces between columns are accepted. Chromosomes
    that the genome does not have are left out.

    Parameters
    ----------
    path
        The file; columns beyond the third are not looked at.
    chrom_sizes
        Length of every chromosome of the genome, in bases.
    skip_empty
        Pass over lines whose end is their start, as ENCODE's list of artifact regions has
        one; a peak without a base is an error otherwise.

    Returns
    -------
    dict
        Intervals (0-based, half-open) of each chromosome that has any, under the
        genome's spelling of its name.

    Raises
    ------
    InputError
        For a line that is not BED, an end before its start or past the chromosome's
        end (which says of which assemblies genome and file are, where their lengths tell),
        or when no chromosome is the genome's. A file without any interval is not an error.
    """
    text = read_bytes(path).removeprefix(_BOM)
    rows = _rows_of(path, text, skip_empty)
    merged: dict[str, list[IntervalSet]] = {}
    for raw, (starts, ends) in rows.items():
        known = resolve_chrom(raw.decode("utf-8", "replace"), chrom_sizes)
        if known is None:
            continue
        intervals = IntervalSet.of(starts, ends)
        if intervals.ends[-1] > chrom_sizes[known]:
            whose = _whose(rows, chrom_sizes)
            raise _past_the_end(path, text, raw, known, chrom_sizes[known], whose)
        merged.setdefault(known, []).append(intervals)
    if rows and not merged:
        names = [raw.decode("utf-8", "replace") for raw in rows]
        raise nothing_in_common(path, names, chrom_sizes)
    return {chrom: IntervalSet.union(sets) for chrom, sets in merged.items()}


def _rows_of(path: Path, text: bytes, skip_empty: bool) -> dict[bytes, tuple[Positions, Positions]]:
    """Starts and ends of every chromosome, in the file's order of chromosomes."""
    at, names, starts, ends, odd = scan(text)
    wrong = np.flatnonzero(~((starts < ends) & (ends <= _LONGEST)))
    if skip_empty:
        wrong = wrong[starts[wrong] != ends[wrong]]
    first_wrong = int(at[wrong[0]]) if len(wrong) else len(text)
    unusual = [
        row
        for begin in odd[odd < first_wrong].tolist()
        if (row := _unusual_row(path, text, begin, skip_empty))
    ]
    if len(wrong):
        raise _not_an_interval(path, text, first_wrong, int(starts[wrong[0]]), int(ends[wrong[0]]))
    kept = starts < ends
    at, names, starts, ends = at[kept], names[kept], starts[kept], ends[kept]
    found: dict[bytes, tuple[Positions, Positions]] = {}
    _, firsts, which = np.unique(names, return_index=True, return_inverse=True)
    parts = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    for number in np.argsort(firsts):
        begin = int(at[firsts[number]])
        raw = text[begin : text.index(b"\t", begin)]
        found[raw] = (starts[parts[number]], ends[parts[number]])
    by_chrom: dict[bytes, list[tuple[int, int]]] = {}
    for raw, start, end in unusual:
        by_chrom.setdefault(raw, []).append((start, end))
    for raw, rows in by_chrom.items():
        nothing = np.zeros(0, np.int64)
        columns = zip(found.get(raw, (nothing, nothing)), zip(*rows, strict=True), strict=True)
        starts, ends = (np.append(before, np.array(more, np.int64)) for before, more in columns)
        found[raw] = (starts, ends)
    return found


def _unusual_row(
    path: Path, text: bytes, begin: int, skip_empty: bool
) -> tuple[bytes, int, int] | None:
    """A line that is not plain tab-separated BED; None for a header line."""
    end_of_line = text.find(b"\n", begin)
    line = text[begin : len(text) if end_of_line < 0 else end_of_line]
    if not line.strip() or line.strip().startswith(_HEADERS):
        return None
    fields = line.split(b"\t", 3)
    if len(fields) < 3:
        fields = line.split(None, 3)
    if len(fields) < 3:
        problem = f"expected at least chrom, start and end, got {_show(line)}"
        raise InputError(path, problem, _line_number(text, begin))
    try:
        start, end = int(fields[1]), int(fields[2])
    except ValueError:
        problem = f"expected numbers as start and end, got {_show(line)}"
        raise InputError(path, problem, _line_number(text, begin)) from None
    if skip_empty and start == end:
        return None
    if not 0 <= start < end <= _LONGEST:
        raise _not_an_interval(path, text, begin, start, end)
    return fields[0], start, end


def _not_an_interval(path: Path, text: bytes, begin: int, start: int, end: int) -> InputError:
    problem = f"expected 0 <= start < end, got {start} {end}"
    return InputError(path, problem, _line_number(text, begin))


def _line_number(text: bytes, begin: int) -> int:
    """Number, from 1, of the line that begins at a place."""
    return text.count(b"\n", 0, begin) + 1


def _whose(
    rows: Mapping[bytes, tuple[Positions, Positions]], chrom_sizes: Mapping[str, int]
) -> str:
    """Of which assembly the genome is and the file may be, where their lengths tell."""
    genome = recognise(chrom_sizes)
    if genome is None:
        return "is it of another assembly?"
    last = {raw.decode("utf-8", "replace"): int(ends.max()) for raw, (_, ends) in rows.items()}
    fitting = assemblies_that_hold(last, genome)
    if not fitting:
        return f"is it of another assembly? The genome is {genome}"
    return f"the genome is {genome}, the file fits {' or '.join(fitting)}"


def _past_the_end(
    path: Path, text: bytes, raw: bytes, chrom: str, size: int, whose: str
) -> InputError:
    """Find the first interval that ends past its chromosome's end, for the message."""
    for number, line in enumerate(text.split(b"\n"), start=1):
        fields = line.split(None, 3)
        if len(fields) >= 3 and fields[0] == raw and int(fields[2]) > size:
            return InputError(
                path,
                f"ends at {int(fields[2]):,}, past the end of {chrom} ({size:,} bases); {whose}",
                number,
            )
    raise AssertionError("no interval ends past the chromosome's end")


def _show(line: bytes) -> str:
    """The beginning of a line, printable."""
    return repr(line[:60].decode("utf-8", "replace"))
