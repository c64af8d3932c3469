"""What a dataset of 919 genome-wide markers costs to prepare, to open and to spread.

    python benchmarks/prepare_919.py GENOME PEAKS [CHROM_SIZES]

Names the files of the markers table PEAKS again and again, under new names, until there
are 919 markers, and runs `regtrack prepare` on them in a process of its own. With
CHROM_SIZES (name and length per line) the genome is as long as that file says, made of
random letters, so that every peak of a genome-wide file counts; GENOME is then not read.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.genome.markers import COLUMNS, read_markers

MARKERS = 919
SPREADS = 200


def write_table(source: Path, target: Path) -> None:
    """A table of 919 markers whose files are those of another table, in turn."""
    found = read_markers(source)
    rows = ["\t".join(COLUMNS)]
    for index in range(MARKERS):
        one = found[index % len(found)]
        fields = (one.category, one.cell, one.target, one.treatment, Path(one.file).resolve())
        rows.append("\t".join([str(index), f"{one.name}#{index}", *map(str, fields)]))
    target.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_genome(sizes: Path, target: Path) -> None:
    """Random letters, a chromosome on one line."""
    random = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", np.uint8)
    with target.open("wb") as file:
        for line in sizes.read_text().splitlines():
            chrom, size = line.split()[:2]
            file.write(f">{chrom}\n".encode())
            file.write(letters[random.integers(0, 4, int(size), dtype=np.uint8)].tobytes())
            file.write(b"\n")


def main() -> None:
    """Read the command line, run, and print the figures."""
    genome, peaks, *sizes = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as scratch:
        table, out = Path(scratch) / "markers.tsv", Path(scratch) / "dataset"
        write_table(peaks, table)
        if sizes:
            genome = Path(scratch) / "genome.fa"
            write_genome(sizes[0], genome)
        command = [sys.executable, "-m", "regtrack", "prepare"]
        options = {"--genome": genome, "--peaks": table, "--out": out}
        words = [str(word) for pair in options.items() for word in pair]
        began = time.monotonic()
        # Waited for by its id: the peak memory of this child and of no other.
        process = subprocess.Popen([*command, *words], stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        if status:
            sys.exit(f"regtrack prepare failed with status {status}")
        unit = 1 if sys.platform == "darwin" else 1024
        print(f"\nprepared in {took:.0f} s, peak memory {usage.ru_maxrss * unit / 1e9:.2f} GB")

        began = time.monotonic()
        dataset = open_dataset(out)
        print(f"opened in {time.monotonic() - began:.2f} s")
        if not isinstance(dataset, DenseDataset):
            sys.exit("not a dense dataset")
        windows = dataset.windows("train")
        chosen = np.random.default_rng(0).integers(0, len(windows), SPREADS + 1)
        for number, index in enumerate(chosen):
            if number == 1:  # the first one compiles the kernel
                began = time.monotonic()
            one = windows[int(index)]
            dataset.labels.spread(one.chrom, one.start, one.end)
        took = (time.monotonic() - began) / SPREADS
        print(f"spread {MARKERS} x {dataset.window:,} in {1000 * took:.1f} ms")
        began = time.monotonic()
        dataset.labels.base_rates(dataset.known("train"))
        print(f"base rates of train in {time.monotonic() - began:.1f} s")
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
        print(f"peak memory of the process that opened it {own:.2f} GB")


if __name__ == "__main__":
    main()
