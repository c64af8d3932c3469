"""BED and its kin: narrowPeak, broadPeak, gappedPeak, BED3 and longer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
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
        end, or when no chromosome is the genome's. A file without any interval is
        not an error.
    """
    starts: dict[bytes, list[int]] = {}
    ends: dict[bytes, list[int]] = {}
    for number, line in enumerate(read_bytes(path).removeprefix(_BOM).split(b"\n"), start=1):
        fields = line.split(b"\t", 3)
        if len(fields) < 3 or line.startswith(_HEADERS):
            fields = _unusual_fields(path, number, line)
            if not fields:
                continue
        try:
            chrom, start, end = fields[0], int(fields[1]), int(fields[2])
        except ValueError:
            raise InputError(
                path, f"expected numbers as start and end, got {_show(line)}", number
            ) from None
        if skip_empty and start == end:
            continue
        if not 0 <= start < end <= _LONGEST:
            raise InputError(path, f"expected 0 <= start < end, got {start} {end}", number)
        starts.setdefault(chrom, []).append(start)
        ends.setdefault(chrom, []).append(end)

    found = {chrom.decode("utf-8", "replace"): chrom for chrom in starts}
    merged: dict[str, list[IntervalSet]] = {}
    for name, raw in found.items():
        known = resolve_chrom(name, chrom_sizes)
        if known is None:
            continue
        intervals = IntervalSet.of(starts[raw], ends[raw])
        if intervals.ends[-1] > chrom_sizes[known]:
            raise _past_the_end(path, raw, known, chrom_sizes[known])
        merged.setdefault(known, []).append(intervals)
    if found and not merged:
        raise nothing_in_common(path, found, chrom_sizes)
    return {
        chrom: sets[0]
        if len(sets) == 1
        else IntervalSet.of(
            [start for one in sets for start in one.starts.tolist()],
            [end for one in sets for end in one.ends.tolist()],
        )
        for chrom, sets in merged.items()
    }


def _unusual_fields(path: Path, number: int, line: bytes) -> list[bytes]:
    """Fields of a line that is not plain tab-separated BED; none for a header line."""
    text = line.strip()
    if not text or text.startswith(_HEADERS):
        return []
    fields = text.split(None, 3)
    if len(fields) < 3:
        raise InputError(path, f"expected at least chrom, start and end, got {_show(line)}", number)
    return fields


def _past_the_end(path: Path, raw: bytes, chrom: str, size: int) -> InputError:
    """Find the first interval that ends past its chromosome's end, for the message."""
    for number, line in enumerate(read_bytes(path).removeprefix(_BOM).split(b"\n"), start=1):
        fields = line.split(None, 3)
        if len(fields) >= 3 and fields[0] == raw and int(fields[2]) > size:
            return InputError(
                path,
                f"ends at {int(fields[2]):,}, past the end of {chrom} ({size:,} bases); "
                "is it of another assembly?",
                number,
            )
    raise AssertionError("no interval ends past the chromosome's end")


def _show(line: bytes) -> str:
    """The beginning of a line, printable."""
    return repr(line[:60].decode("utf-8", "replace"))
