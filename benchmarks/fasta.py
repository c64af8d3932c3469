"""Reading a genome: regtrack beside pyfaidx and pysam, plain and bgzip, sound and malformed.

    python benchmarks/fasta.py GENOME.fa[.gz] CHROM

Copies one chromosome into a file of its own, plain and bgzip, and prints for each reader the CPU
seconds (the least of three processes) of its import, of making an index, and of reading the whole
chromosome, of regtrack as codes, of the others as text. Then, for files that cannot be read by
position as they stand, what each reader makes of them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pysam

READERS = {
    "regtrack": (
        "from regtrack.genome.fasta import Genome",
        "genome = Genome(Path(path))",
        "genome.codes(chrom, 0, genome.chrom_sizes[chrom])",
    ),
    "pyfaidx": (
        "from pyfaidx import Faidx",
        "genome = Faidx(path, as_raw=True)",
        "genome.fetch(chrom, 1, len(genome.index[chrom]))",
    ),
    "pysam": (
        "from pysam import FastaFile",
        "genome = FastaFile(path)",
        "genome.fetch(chrom)",
    ),
}
PROGRAM = """
import sys, time
from pathlib import Path
path, chrom = sys.argv[1:]
marks = [time.process_time()]
{}
marks.append(time.process_time())
{}
marks.append(time.process_time())
{}
marks.append(time.process_time())
print(*(after - before for before, after in zip(marks, marks[1:])))
"""
MALFORMED = {
    "a blank inside a line": b">c\nAC GT\nACGTA\n",
    "blanks before lines": b">c\n ACGT\n ACGT\n",
    "numbers behind lines": b">c\nACGT 10\nACGT 20\n",
    "a digit for a base": b">c\nACG1T\n",
    "a protein": b">c\nMEEPQSDPSV\n",
    "a header inside a line": b">c\nACGT >d\nACG\n",
    "a comment inside": b">c\nACGT\n;abc\nACGT\n",
    "line ends of an old Mac": b">c\rACGT\rACGT\r",
    "CRLF, then LF": b">c\r\nACGT\r\nACGT\nACGT\n",
    "an empty line first": b">c\n\nACGT\n",
    "lines of two lengths": b">c\nACGT\nAC\nACGT\n",
    "one name twice": b">c\nACGT\n>c\nAAAA\n",
    "a last name without sequence": b">c\nACGT\n>d\n",
}


def seconds(reader: str, path: Path, chrom: str) -> list[float]:
    """CPU seconds of the import, of opening, which makes the index, and of reading."""
    runs = []
    for _ in range(3):
        for index in path.parent.glob(f"{path.name}.*i"):
            index.unlink()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(*READERS[reader]), str(path), chrom],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        runs.append([float(number) for number in done.stdout.split()])
    return [min(times) for times in zip(*runs, strict=True)]


# An index of another file, which is as new as this one.
MISLED = "an index of an earlier state", b">c d\nACGT\nACGT\n", b"c\t8\t3\t4\t5\n"


def outcome(reader: str, content: bytes, folder: Path, index: bytes | None = None) -> str:
    """`refused`, or the letters (of regtrack the codes) that are read of the first sequence."""
    path = folder / "malformed.fa"
    path.write_bytes(content)
    fai = folder / "malformed.fa.fai"
    fai.unlink(missing_ok=True)
    if index is not None:
        fai.write_bytes(index)
    program = "import sys\nfrom pathlib import Path\npath, chrom = sys.argv[1:]\n" + "\n".join(
        (*READERS[reader][:2], f"print(repr({READERS[reader][2]}))")
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), "c"], capture_output=True, text=True, check=False
    )
    return "refused" if done.returncode else done.stdout.strip()


def main() -> None:
    """Copy a chromosome, measure, print."""
    source, chrom = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        plain, packed = folder / "one.fa", folder / "one.fa.gz"
        with pysam.FastaFile(source) as genome:
            bases = genome.fetch(chrom)
        lines = (bases[start : start + 60] for start in range(0, len(bases), 60))
        plain.write_text(f">{chrom}\n" + "\n".join(lines) + "\n")
        pysam.tabix_compress(str(plain), str(packed), force=True)
        print(f"{chrom}, {len(bases):,} bases; CPU seconds\timport\tindex\tread")
        for path in plain, packed:
            for reader in READERS:
                if (reader, path) == ("pyfaidx", packed):
                    continue  # needs Biopython, which nothing else here does
                times = (f"{time:.2f}" for time in seconds(reader, path, chrom))
                print("\t".join((f"{reader}, {path.suffix}", *times)), flush=True)
        print("\t".join(("malformed", *READERS)))
        for what, content in MALFORMED.items():
            cells = (outcome(reader, content, folder) for reader in READERS)
            print("\t".join((what, *cells)), flush=True)
        what, content, index = MISLED
        cells = (outcome(reader, content, folder, index) for reader in READERS)
        print("\t".join((what, *cells)))


if __name__ == "__main__":
    main()
