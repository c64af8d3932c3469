"""How long the heatmap of `regtrack browse` takes for 919 markers over a whole chromosome.

    python benchmarks/heatmap.py TRACKS

Lays what the folder TRACKS has of its first predicted chromosome side by side until the chromosome
is full, names the tracks again and again (as links) until there are 919, serves them, and asks
for 919 rows of 1,000 columns as the page does, over loopback. Beside it: the same from
pybigtools, with files that were opened before. Takes some 40 times the room of the tracks.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pybigtools

from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.bigwig_writer import writing_bigwig
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.folder import Track, TrackSet, write_predicted
from regtrack.tracks.segments import BlockSegments

MARKERS = 919
COLUMNS = 1_000
REGIONS = (100_000, 1_000_000, 2_000_000, 5_000_000, None)
ASKED = 9  # times; the shortest counts, for others may use the machine


def tile(source: Path, target: Path, sizes: dict[str, int], region: Interval) -> None:
    """Write what a track has in a region again and again, all over the chromosome."""
    with BigWigSections(source) as file:
        asked = IntervalSet.of([region.start], [region.end])
        records = np.concatenate(list(file.records(region.chrom, asked)))
    records = records[(records["start"] >= region.start) & (records["end"] <= region.end)]
    chrom = list(sizes).index(region.chrom)
    offsets = np.array([0, len(records)], np.int64)
    # Where a zoom bin begins: bins of one piece are none of another's.
    step = -(-len(region) // 2_000_000) * 2_000_000
    records["start"] -= region.start
    records["end"] -= region.start
    with writing_bigwig(target, sizes) as writer:
        for first in range(0, sizes[region.chrom] - step, step):
            placed = records.copy()
            placed["start"] += first
            placed["end"] += first
            block = BlockSegments(offsets, placed)
            piece = encode_block(block, chrom).of(0)
            writer.add([(region.chrom, piece)])


def make_folder(source: Path, folder: Path) -> str:
    """A folder of 919 tracks of a whole chromosome; returns its name."""
    found = TrackSet.read(source)
    chrom, predicted = next(iter(found.predicted(source).items()))
    region = Interval(chrom, int(predicted.starts[0]), int(predicted.ends[-1]))
    for name in ("bigwig", "peaks"):
        (folder / name).mkdir(parents=True)
    tracks: list[Track] = []
    for number in range(MARKERS):
        like = found.tracks[number % len(found.tracks)]
        marker = replace(like.marker, index=number, name=f"{like.marker.name}#{number}")
        track = Track.of(marker, like.threshold)
        if number < len(found.tracks):
            tile(source / like.bigwig, folder / track.bigwig, dict(found.chrom_sizes), region)
        else:
            os.link(folder / tracks[number % len(found.tracks)].bigwig, folder / track.bigwig)
        for suffix in ("", like.index_suffix):
            path = folder / f"{track.peaks}{suffix}"
            path.write_bytes((source / f"{like.peaks}{suffix}").read_bytes())
        tracks.append(track)
    write_predicted(folder, {chrom: IntervalSet.of([0], [found.chrom_sizes[chrom]])})
    replace(found, tracks=tuple(tracks)).write(folder)
    return chrom


def shortest(ask: Callable[[], object]) -> float:
    """Seconds that a question takes."""
    taken = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def ask_server(address: str, query: str) -> None:
    """Ask for all rows, and take them."""
    connection = http.client.HTTPConnection(address)
    connection.request("GET", f"/heatmap/cells?{query}&columns={COLUMNS}")
    answer = connection.getresponse()
    assert (answer.status, len(answer.read())) == (200, 2 * MARKERS * COLUMNS)
    connection.close()


def main() -> None:
    """Read the command line, run, and print the figures."""
    warnings.simplefilter("ignore", DeprecationWarning)  # of pybigtools: what it fills gaps with
    source = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "tracks"
        chrom = make_folder(source, folder)
        trackset = TrackSet.read(folder)
        size = trackset.chrom_sizes[chrom]
        files = [pybigtools.open(str(folder / track.bigwig)) for track in trackset.tracks]
        command = [sys.executable, "-m", "regtrack", "browse", str(folder), "--no-open"]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as server:
            assert server.stdout
            address = urlsplit(server.stdout.readline().split()[1]).netloc
            try:
                measure(address, chrom, size, files)
            finally:
                server.terminate()


def read_all(files: list[Any], chrom: str, start: int, end: int) -> None:
    """The highest value of each column of each track, by pybigtools."""
    for file in files:
        file.values(chrom, start, end, bins=COLUMNS, summary="max", exact=False)


def measure(address: str, chrom: str, size: int, files: list[Any]) -> None:
    """Print how long regions of several lengths take."""
    ask_server(address, f"chrom={chrom}&start=0&end={size}")  # loops are compiled
    for length in REGIONS:
        start, end = (0, size) if length is None else (size // 3, size // 3 + length)
        ours = shortest(partial(ask_server, address, f"chrom={chrom}&start={start}&end={end}"))
        theirs = shortest(partial(read_all, files, chrom, start, end))
        print(f"{end - start:>12,} bases: {ours:.2f} s; pybigtools alone {theirs:.2f} s")


if __name__ == "__main__":
    main()
