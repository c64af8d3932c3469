"""What comes along for the demo is real, small, and nothing that its network was trained on."""

from __future__ import annotations

from collections import Counter
from importlib import resources
from pathlib import Path

import pysam

from regtrack.demo.real_demo import lay_out
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import count_categories, read_markers
from regtrack.models.checkpoint import read_checkpoint

DATA = Path(str(resources.files("regtrack.demo") / "data"))
START, END = 20_600_000, 22_000_000


def test_what_comes_along_is_five_megabytes_at_most() -> None:
    examples = Path(__file__).parents[2] / "examples"
    files = [*DATA.iterdir(), *(path for path in examples.rglob("*") if path.is_file())]
    assert sum(path.stat().st_size for path in files) <= 5_000_000
    said = (DATA / "README.md").read_text()
    for path in DATA.iterdir():
        assert path.name == "README.md" or path.suffix in {".fai", ".gzi"} or path.name in said


def test_its_sequence_and_peaks_are_the_real_ones(real_data: Path, tmp_path: Path) -> None:
    lay_out(tmp_path)
    with (
        pysam.FastaFile(str(real_data / "genome.fa.gz")) as real,
        pysam.FastaFile(str(tmp_path / "genome.fa.gz")) as ours,
    ):
        assert ours.fetch("chr22", START, END) == real.fetch("chr22", START, END)
        assert ours.lengths == [real.get_reference_length("chr22")]
        beside = Counter(ours.fetch("chr22", 0, START)) + Counter(ours.fetch("chr22", END))
        assert set(beside) == {"N"}
    there = {one.name: one for one in read_markers(real_data / "markers.tsv")}
    sizes = Genome(real_data / "genome.fa.gz").chrom_sizes
    files, own = BedFiles(sizes), BedFiles({"chr22": sizes["chr22"]})
    markers = read_markers(tmp_path / "markers.tsv")
    assert count_categories(markers) == "133 TFBS, 9 DNase, 29 Histone"
    for marker in markers[::17]:
        expected = files.peaks(real_data / there[marker.name].file).get("chr22")
        found = own.peaks(tmp_path / marker.file).get("chr22")
        assert list(found or []) == list(expected.clip(START, END) if expected else [])


def test_the_network_never_saw_what_is_shown() -> None:
    checkpoint = read_checkpoint(DATA / "model.safetensors")
    assert checkpoint.seen is not None
    for regions in vars(checkpoint.seen).values():
        seen = regions.get("chr22")
        assert seen is None or not len(seen.clip(START, END))
