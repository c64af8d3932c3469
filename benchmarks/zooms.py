"""Sizes of BigWig files, and what a view of them takes, beside those of other writers.

    python benchmarks/zooms.py TRACKS [--chrom NAME] [--start BASE] [--kent PATH]

Writes the segments of every BigWig in the tracks folder TRACKS again, with pyBigWig, with
pybigtools and, where PATH leads to it, with kent's bedGraphToBigWig. For each writer, and for
the densest track, the median one and others between, prints

    size        of the file, and the share of it that zoom levels take, with their indices
    bytes read  for a view of 100 kb, 1 Mb, 4 Mb and the chromosome on 1,000 pixels: what is asked
                for after the header, by igv.js (from the first section to the last, at the coarsest
                level of fewer bases than a pixel) and by kent's library, which the UCSC browser,
                pyBigWig and pybigtools follow (section by section, at the coarsest level of less
                than half a pixel)
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pybigtools
import pyBigWig

from regtrack.genome.intervals import IntervalSet
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.bigwig_trees import read_chroms

PIXELS = 1_000
VIEWS = {"100 kb": 100_000, "1 Mb": 1_000_000, "4 Mb": 4_000_000}
RANKS = {"densest": 1.0, "95%": 0.95, "90%": 0.9, "75%": 0.75, "median": 0.5, "10%": 0.1}

Writer = Callable[[Path, Mapping[str, int], str, np.ndarray], None]


def write_pybigwig(path: Path, sizes: Mapping[str, int], chrom: str, segments: np.ndarray) -> None:
    """As its documentation shows."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(sizes.items()))
        starts, ends = (segments[edge].astype(np.int64) for edge in ("start", "end"))
        chroms = np.full(len(segments), chrom)
        file.addEntries(chroms, starts, ends=ends, values=segments["value"].astype(float))


def write_pybigtools(
    path: Path, sizes: Mapping[str, int], chrom: str, segments: np.ndarray
) -> None:
    """As its documentation shows."""
    rows = ((chrom, *segment) for segment in segments.tolist())
    pybigtools.open(str(path), "w").write(dict(sizes), rows)


def kent_writer(program: Path) -> Writer:
    """Writes with `bedGraphToBigWig`."""

    def write(path: Path, sizes: Mapping[str, int], chrom: str, segments: np.ndarray) -> None:
        rows, lengths = path.with_suffix(".bedGraph"), path.with_suffix(".sizes")
        with rows.open("w") as file:
            for start, end, value in segments.tolist():
                file.write(f"{chrom}\t{start}\t{end}\t{value:.9g}\n")
        lengths.write_text("".join(f"{name}\t{size}\n" for name, size in sizes.items()))
        subprocess.run([program, rows, lengths, path], check=True)

    return write


class Reader:
    """What a reader would ask for of a file."""

    def __init__(self, path: Path, chrom: str) -> None:
        self.data = path.read_bytes()
        (count,) = struct.unpack_from("<H", self.data, 6)
        (self.index_at,) = struct.unpack_from("<Q", self.data, 24)
        headers = [struct.unpack_from("<IIQQ", self.data, 64 + 24 * at) for at in range(count)]
        self.zooms = [(reduction, index_at) for reduction, _, _, index_at in headers]
        self.zooms_at = min((data_at for _, _, data_at, _ in headers), default=len(self.data))
        (chroms_at,) = struct.unpack_from("<Q", self.data, 8)
        self.chrom = list(read_chroms(self.data, chroms_at)).index(chrom)

    @property
    def zoom_share(self) -> float:
        """Share of the file that zoom levels take."""
        return 1 - self.zooms_at / len(self.data)

    def igv(self, start: int, end: int) -> int:
        """Bytes that igv.js asks for."""
        index, found = self._find((end - start) / PIXELS, start, end, touching=True)
        if not found:
            return index
        begins, ends = zip(*((at, at + size) for at, size in found), strict=True)
        return int(index + max(ends) - min(begins))

    def kent(self, start: int, end: int) -> int:
        """Bytes that kent's library reads."""
        index, found = self._find((end - start) // PIXELS // 2, start, end, touching=False)
        return index + sum(size for _, size in found)

    def _find(
        self, finer_than: float, start: int, end: int, touching: bool
    ) -> tuple[int, list[tuple[int, int]]]:
        """Bytes of the index's nodes on the way, and place and size of the sections.

        Parameters
        ----------
        finer_than
            Bases that a zoom level's bins must be shorter than.
        touching
            Whether sections count that only touch the region.
        """
        fine = [zoom for zoom in self.zooms if zoom[0] < finer_than]
        _, index_at = max(fine, default=(0, self.index_at))
        first, last = (start - 1, end + 1) if touching else (start, end)
        bytes_read, found, nodes = 48, [], [index_at + 48]
        while nodes:
            at = nodes.pop()
            is_leaf, _, count = struct.unpack_from("<BBH", self.data, at)
            width = 32 if is_leaf else 24
            bytes_read += 4 + count * width
            for item in range(at + 4, at + 4 + count * width, width):
                *edges, place = struct.unpack_from("<4IQ", self.data, item)
                if (self.chrom, last) <= tuple(edges[:2]) or tuple(edges[2:]) <= (
                    self.chrom,
                    first,
                ):
                    continue
                if is_leaf:
                    found.append((place, *struct.unpack_from("<Q", self.data, item + 24)))
                else:
                    nodes.append(place)
        return bytes_read, found


def measure(path: Path, chrom: str, start: int, size: int) -> list[float]:
    """Size, share of zooms, and bytes per view, igv.js's and kent's."""
    reader = Reader(path, chrom)
    views = [(start, start + width) for width in VIEWS.values()] + [(0, size)]
    asked = [read(*view) for view in views for read in (reader.igv, reader.kent)]
    return [len(reader.data), reader.zoom_share, *asked]


def print_table(title: str, rows: Mapping[str, list[float]]) -> None:
    """One line per writer, in kB."""
    views = " | ".join([*VIEWS, "chromosome"])
    print(f"\n| {title} | size | zooms | {views} |")
    print("| --- |" + " --- |" * (3 + len(VIEWS)))
    for writer, (size, share, *asked) in rows.items():
        pairs = zip(asked[::2], asked[1::2], strict=True)
        cells = " | ".join(f"{igv / 1000:,.1f} / {kent / 1000:,.1f}" for igv, kent in pairs)
        print(f"| {writer} | {size / 1000:,.0f} | {100 * share:.0f}% | {cells} |")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tracks", type=Path)
    parser.add_argument("--chrom", default="chr22")
    parser.add_argument("--start", type=int, default=17_000_000)
    parser.add_argument("--kent", type=Path)
    given = parser.parse_args()
    writers: dict[str, Writer] = {"pyBigWig": write_pybigwig, "pybigtools": write_pybigtools}
    if given.kent:
        writers["bedGraphToBigWig"] = kent_writer(given.kent)
    counts: list[int] = []
    measured: dict[str, list[Any]] = {name: [] for name in ("regtrack", *writers)}
    for path in sorted((given.tracks / "bigwig").glob("*.bw")):
        with pyBigWig.open(str(path)) as file:
            sizes = file.chroms()
        size = sizes[given.chrom]
        with BigWigSections(path) as sections:
            whole = IntervalSet.of([0], [size])
            segments = np.concatenate(list(sections.records(given.chrom, whole)))
        counts.append(len(segments))
        measured["regtrack"].append(measure(path, given.chrom, given.start, size))
        with tempfile.TemporaryDirectory() as folder:
            for name, write in writers.items():
                other = Path(folder) / f"{name}.bw"
                write(other, sizes, given.chrom, segments)
                measured[name].append(measure(other, given.chrom, given.start, size))
    tables = {name: np.array(rows) for name, rows in measured.items()}
    mean = {name: rows.mean(axis=0).tolist() for name, rows in tables.items()}
    for name, rows in tables.items():  # of all bytes, and not the mean of the shares
        mean[name][1] = np.average(rows[:, 1], weights=rows[:, 0])
    print_table(f"mean of {len(counts)}", mean)
    order = np.argsort(counts, kind="stable")
    for rank, share in RANKS.items():
        one = order[round(share * (len(order) - 1))]
        title = f"{rank}: {counts[one]:,} segments"
        print_table(title, {name: rows[one].tolist() for name, rows in tables.items()})
    print("\nlargest share of zooms:")
    for name, rows in tables.items():
        print(f"  {name:18}{100 * rows[:, 1].max():.0f}%")


if __name__ == "__main__":
    main()
