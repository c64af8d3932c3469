"""`regtrack eval` of a chromosome, beside `regtrack predict` of the same.

    python benchmarks/evaluate.py MODEL GENOME [--markers N] [--length MB] [--workers N]

Makes chromosome and network as benchmarks/predict.py does, and peaks at random, 300 bases long, on
one base in 200. Measures, in one run:

    predict            FASTA to closed files
    eval TRACKS        those files
    reading            the same files, inflated by as many processes, and nothing done with it
    eval MODEL         no file written
    predict --peaks    both in one pass
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from predict import CHROM, MEGABASE, lengthen, run_predict, widen
from processes import Cost, run_command

from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import COLUMNS
from regtrack.models.checkpoint import read_checkpoint
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.workers import available_cores, in_processes

PEAK_LENGTH = 300
BASES_PER_PEAK_BASE = 200


def write_peaks(model: Path, bases: int, folder: Path) -> Path:
    """Peaks of every marker at random, and their table."""
    folder.mkdir()
    random = np.random.default_rng(0)
    lines = ["\t".join(COLUMNS)]
    for marker in read_checkpoint(model).markers:
        name = f"{marker.index}.narrowPeak"
        count = bases // (PEAK_LENGTH * BASES_PER_PEAK_BASE)
        starts = np.sort(random.integers(0, bases - PEAK_LENGTH, count))
        rows = (f"{CHROM}\t{start}\t{start + PEAK_LENGTH}\n" for start in starts.tolist())
        (folder / name).write_text("".join(rows), encoding="utf-8")
        record = marker.to_json() | {"file": name}
        lines.append("\t".join(str(record[column]) for column in COLUMNS))
    table = folder / "markers.tsv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def inflate(path: Path) -> int:
    """Read all sections of a track; returns the number of its segments."""
    with BigWigSections(path) as track:
        whole = IntervalSet.of([0], [track.chrom_sizes[CHROM]])
        return sum(len(records) for records in track.records(CHROM, whole))


def time_reading(tracks: Path, workers: int) -> tuple[float, int]:
    """Seconds, and the number of segments."""
    files = sorted(tracks.glob("bigwig/*.bw"))
    began = time.monotonic()
    segments = sum(count for _, count in in_processes(inflate, files, workers))
    return time.monotonic() - began, segments


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("genome", type=Path)
    parser.add_argument("--markers", type=int, default=919)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--workers", type=int, default=available_cores())
    given = parser.parse_args()
    workers = given.workers
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        model = widen(given.model, given.markers, scratch / "wide.safetensors")
        genome = lengthen(given.genome, given.length * MEGABASE, scratch / "long.fa")
        table = write_peaks(model, given.length * MEGABASE, scratch / "peaks")
        tracks = scratch / "tracks"
        found: dict[str, Cost] = {}
        found["predict"] = run_predict(model, genome, tracks, workers)
        scored = ("--peaks", table, "--workers", workers, "--out", scratch / "report", "--force")
        found["eval TRACKS"] = run_command("eval", tracks, *scored)
        took, segments = time_reading(tracks, workers)
        found["reading"] = Cost(took, 0, 0)
        shutil.rmtree(tracks)
        found["eval MODEL"] = run_command("eval", model, "--genome", genome, *scored)
        found["predict --peaks"] = run_predict(model, genome, tracks, workers, "--peaks", table)
    print(f"{given.length} Mb, {given.markers} markers, {workers} cores, {segments:,} segments")
    print(f"{'':<18}{'seconds':>9}{'of predict':>12}{'memory':>11}")
    for name, (spent, _, memory) in found.items():
        size = f"{memory / 1e9:.2f} GB" if memory else ""
        print(f"{name:<18}{spent:>9.1f}{spent / found['predict'][0]:>12.3f}{size:>11}")


if __name__ == "__main__":
    main()
