"""BigWig files of the same tracks as regtrack and as pyBigWig write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig
from encoded import Segments, write_bigwig

SIZES = {"chr2": 2_000_000, "chr10": 900_000, "chr1": 50_000}


def some_segments(seed: int, size: int, count: int) -> Segments:
    random = np.random.default_rng(seed)
    edges = np.sort(random.choice(size, 2 * count, replace=False)).astype(np.int64)
    return Segments(edges[::2], edges[1::2], random.random(count).astype(np.float32))


PIECES = [("chr2", some_segments(0, 2_000_000, 30_000)), ("chr1", some_segments(1, 50_000, 200))]


def by_regtrack(path: Path) -> None:
    write_bigwig(path, SIZES, PIECES)


def by_pybigwig(path: Path, zooms: int = 5) -> None:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(SIZES.items()), maxZooms=zooms)
        for chrom, segments in PIECES:
            names = [chrom] * len(segments.starts)
            values = segments.values.astype(float)
            file.addEntries(names, segments.starts, ends=segments.ends, values=values)
