"""Make the data that `regtrack demo` carries, of real data and a trained network.

    python examples/demo_data/pack.py REAL MODEL OUT

REAL holds hg19 as `genome.fa.gz` and the peaks as `markers.tsv`; MODEL is the checkpoint that
`train.sh`, beside this file, trains; OUT is regtrack/demo/data.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

import pysam

from regtrack.genome.bed_files import BedFiles
from regtrack.genome.faidx import make_index
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers

CHROM, START, END = "chr22", 20_600_000, 22_000_000
WIDTH = 60


def main(real: Path, model: Path, out: Path) -> None:
    """Write all files of `out`."""
    out.mkdir(parents=True, exist_ok=True)
    write_genome(real / "genome.fa.gz", out / "genome.fa.gz")
    write_peaks(real, out)
    shutil.copyfile(model, out / "model.safetensors")
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>10,}  {path.name}")


def write_genome(source: Path, out: Path) -> None:
    """The chromosome at its full length, N but for the stretch, so that positions are hg19's."""
    with pysam.FastaFile(str(source)) as genome:
        length = genome.get_reference_length(CHROM)
        stretch = genome.fetch(CHROM, START, END)
    text = "N" * START + stretch + "N" * (length - END)
    plain = out.with_suffix("")
    with plain.open("w", encoding="ascii") as file:
        file.write(f">{CHROM}\n")
        file.writelines(f"{text[at : at + WIDTH]}\n" for at in range(0, length, WIDTH))
    pysam.tabix_compress(str(plain), str(out), force=True)
    plain.unlink()
    make_index(out)


def write_peaks(real: Path, out: Path) -> None:
    """The markers, and the measured peaks of all of them in the stretch: index, start, end."""
    files = BedFiles(Genome(real / "genome.fa.gz").chrom_sizes)
    markers = read_markers(real / "markers.tsv")
    header = "index\tname\tcategory\tcell\ttarget\ttreatment\tfile"
    lines, peaks = [header], []
    for marker in markers:
        name = f"peaks/{marker.slug}.bed"
        columns = (
            *(marker.index, marker.name, marker.category),
            *(marker.cell, marker.target, marker.treatment, name),
        )
        lines.append("\t".join(map(str, columns)))
        found = files.peaks(real / marker.file).get(CHROM)
        if found is not None:
            peaks += [f"{marker.index}\t{start}\t{end}" for start, end in found.clip(START, END)]
    (out / "markers.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Without a date, so that the same data are the same bytes.
    with (out / "peaks.tsv.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as file:
        file.write(("\n".join(peaks) + "\n").encode("ascii"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
