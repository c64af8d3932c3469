"""What was counted of all markers on one stretch of a genome, saved for later.

A process predicts a stretch for all markers; another one scores some markers on all
stretches. Between the two lies a file per stretch, so that no process holds the counts of all
markers on the whole genome, and a killed run loses none.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.atomic import replacing
from regtrack.compiled import compiled
from regtrack.errors import InputError
from regtrack.evaluation.histogram import Counts
from regtrack.tracks.deflate import NotDeflated, deflate, inflate
from regtrack.tracks.segments import Records

# A called peak, or a part of one, on the genome's `Line`.
RUN = np.dtype([("start", "<i8"), ("end", "<i8")])

_LARGEST_IN_A_BYTE = 254


def save_counts(
    path: Path,
    blocks: Sequence[int],
    counts: Sequence[npt.NDArray[np.uint32]],
    runs: Sequence[Records],
) -> None:
    """Write what was counted on one stretch, complete or not at all.

    Parameters
    ----------
    blocks
        Numbers of the bootstrap's blocks that the stretch lies in.
    counts
        For each of them, uint32 (markers, 2, bins): bases outside and inside of measured peaks.
    runs
        RUN of each marker: its called peaks, or parts of them; touching ones are one peak.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    markers = len(runs)
    packed = [
        deflate(_pack(np.concatenate([one[marker].reshape(-1) for one in counts])).tobytes())
        if counts
        else b""
        for marker in range(markers)
    ]
    together = np.empty(sum(map(len, runs)), RUN)
    for edge in "start", "end":
        together[edge] = np.concatenate([one[edge] for one in runs])
    header = np.array([len(blocks), markers, *blocks], np.int64)
    with replacing(path) as aside, aside.open("wb") as file:
        for part in (header, _offsets(runs), _offsets(packed), together):
            file.write(part.tobytes())
        file.writelines(packed)


def add_counts(
    path: Path,
    first: int,
    last: int,
    totals: Counts,
    by_block: Counts,
    to_coarse: npt.NDArray[np.int32],
) -> list[Records]:
    """Add what was saved of the markers [first, last); returns RUN of each.

    Parameters
    ----------
    totals
        int64 (markers, 2, bins).
    by_block
        int64 (blocks of the bootstrap, markers, 2, coarse bins).
    to_coarse
        int32 (bins,): the coarse bin of each bin.

    Raises
    ------
    InputError
        When the file is damaged.
    """
    try:
        with path.open("rb") as file:
            count, markers = np.fromfile(file, np.int64, 2).tolist()
            blocks = np.fromfile(file, np.int64, count)
            offsets, places = (np.fromfile(file, np.int64, markers + 1) for _ in range(2))
            runs_at = file.tell()
            file.seek(runs_at + int(offsets[first]) * RUN.itemsize)
            runs = np.fromfile(file, RUN, int(offsets[last] - offsets[first]))
            file.seek(runs_at + int(offsets[-1]) * RUN.itemsize + int(places[first]))
            data = file.read(int(places[last] - places[first]))
        whole = len(runs) == offsets[last] - offsets[first]
        for row in range(last - first if count else 0):
            begin, end = (places[first + row : first + row + 2] - places[first]).tolist()
            packed = np.frombuffer(inflate(data[begin:end], 2 * totals[row].size), np.uint8)
            whole &= _add(packed, blocks, totals[row], by_block[:, row], to_coarse)
    except (ValueError, IndexError, NotDeflated) as error:
        raise InputError(path, "damaged") from error
    if not whole:
        raise InputError(path, "damaged")
    return np.split(runs, offsets[first + 1 : last] - offsets[first])


def _offsets(parts: Sequence[Sized]) -> npt.NDArray[np.int64]:
    """Where each of some parts begins, and where the last one ends."""
    return np.concatenate(([0], np.cumsum([len(one) for one in parts]))).astype(np.int64)


def _pack(counts: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """A byte per count, or 255 and four bytes for a large one: most are 0."""
    packed = np.empty(5 * len(counts), np.uint8)
    return packed[: _pack_into(counts, packed)]


@compiled
def _pack_into(counts: npt.NDArray[np.uint32], packed: npt.NDArray[np.uint8]) -> int:
    at = 0
    for count in counts:
        if count <= _LARGEST_IN_A_BYTE:
            packed[at] = count
            at += 1
        else:
            packed[at] = 255
            for byte in range(4):
                packed[at + 1 + byte] = (count >> (8 * byte)) & 255
            at += 5
    return at


@compiled
def _add(
    packed: npt.NDArray[np.uint8],
    blocks: npt.NDArray[np.int64],
    totals: Counts,
    by_block: Counts,
    to_coarse: npt.NDArray[np.int32],
) -> bool:
    """Add the counts that `_pack_into` packed; False when there is another number of them."""
    at = 0
    bins = totals.shape[1]
    for block in blocks:
        if not 0 <= block < len(by_block):
            return False
        for inside in range(2):
            for place in range(bins):
                if at >= len(packed):
                    return False
                count = np.int64(packed[at])
                at += 1
                if count > _LARGEST_IN_A_BYTE:
                    if at + 4 > len(packed):
                        return False
                    count = np.int64(0)
                    for byte in range(4):
                        count |= np.int64(packed[at + byte]) << (8 * byte)
                    at += 4
                if count:
                    totals[inside, place] += count
                    by_block[block, inside, to_coarse[place]] += count
    return at == len(packed)
