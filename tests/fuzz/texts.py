"""The parsers of text: sequence, intervals, tables, genes, settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

from builders import a_marker, write_fasta, write_markers

from fuzz.parser import BGZIP, GZIP, Packing, Parser, WrongError
from regtrack.cli.config import read_config
from regtrack.cli.main import cli
from regtrack.datasets.unknown import read_unknown
from regtrack.errors import RegtrackError
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.genes import read_genes
from regtrack.genome.markers import read_markers
from regtrack.genome.regions import parse_region, read_regions
from regtrack.models.catalog import ARCHITECTURES
from regtrack.search.space import read_space

SIZES = {"chr1": 50_000, "chr2": 8_000, "chrM": 16_571}
LENGTHS = {"chr1": 430, "chr2": 60, "scaffold_3": 61, "chrM": 1}


def _sequences() -> dict[str, str]:
    random = Random(1)
    return {name: "".join(random.choices("ACGTN", k=size)) for name, size in LENGTHS.items()}


def _fasta(folder: Path) -> Path:
    return write_fasta(folder / "genome.fa", _sequences())


def _bgzipped(folder: Path) -> Path:
    plain = _fasta(folder)
    path = folder / "genome.fa.gz"
    path.write_bytes(BGZIP.pack(plain.read_bytes(), b""))
    plain.unlink()
    return path


def _indexed(make: Callable[[Path], Path]) -> Callable[[Path], None]:
    return lambda folder: [None, Genome(make(folder))][0]


def _read_genome(path: Path) -> dict[str, bytes]:
    genome = Genome(path)
    found = {}
    for chrom, size in list(genome.chrom_sizes.items())[:6]:
        most = min(size, 100_000)
        codes = genome.codes(chrom, -5, most + 5)
        if len(codes) != most + 10:
            raise WrongError(f"{len(codes)} codes of {most + 10} bases")
        found[chrom] = codes[5 : most + 5].tobytes()
    return found


_CODES = {"N": 0, "A": 1, "C": 2, "T": 3, "G": 4}
_TRUE = {name: bytes(_CODES[letter] for letter in text) for name, text in _sequences().items()}


def _read_indexed(name: str) -> Callable[[Path], object]:
    """The FASTA is sound, and whatever its index says, the bases must be the true ones."""

    def read(folder: Path) -> None:
        if _read_genome(folder / name) != _TRUE:
            raise WrongError("an index that does not fit was believed")

    return read


def _text(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


def _gzipped(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(GZIP.pack(content.encode(), b""))


_BED = "".join(
    [
        "track name=a\n# a comment\nchr1\t10\t20\n",
        "chr1\t15\t300\tname\t0\t+\n\nchr2 7000 8000\nchrM\t0\t16571\n",
        "".join(f"chr1\t{start}\t{start + 150}\n" for start in range(1_000, 9_000, 400)),
    ]
)
_NARROW = "".join(
    f"chr1\t{start}\t{start + 300}\tp\t500\t.\t7.5\t-1\t3.25\t100\n"
    for start in range(0, 9_000, 900)
)
_GTF = "".join(
    f'chr1\tsource\t{kind}\t{start}\t{end}\t.\t{strand}\t.\tgene_id "G{start}"; gene_name "N";\n'
    for start, end, strand in ((101, 900, "+"), (2_001, 4_000, "-"))
    for kind in ("gene", "transcript", "exon", "CDS")
)
_GFF3 = "##gff-version 3\n" + "".join(
    f"chr1\tsource\t{kind}\t{start}\t{end}\t.\t{strand}\t.\tID=gene:{start};Name=N{start};Parent=p\n"
    for start, end, strand in ((101, 900, "+"), (2_001, 4_000, "-"))
    for kind in ("gene", "mRNA", "exon")
)
_REFFLAT = "".join(
    f"GENE{n}\tNM_{n}\tchr1\t+\t{n * 1000}\t{n * 1000 + 800}\t{n * 1000}\t{n * 1000 + 800}\t2\t"
    f"{n * 1000},{n * 1000 + 500},\t{n * 1000 + 200},{n * 1000 + 800},\n"
    for n in range(1, 5)
)
_BED12 = "".join(
    f"chr2\t{n * 1000}\t{n * 1000 + 800}\tGENE{n}\t0\t-\t{n * 1000}\t{n * 1000 + 800}\t0\t2\t"
    f"100,200,\t0,600,\n"
    for n in range(1, 5)
)
_CONFIG = """\
[defaults]
genome = "hg19.fa"
model = "model.safetensors"
peaks = "markers.tsv"
exclude = ["a.bed", "b.bed"]

[predict]
workers = 2
max-error = 0.003
window = 25000

[train]
steps = 100
learning-rate = 0.01
"""
_SPACE = """\
f1 = [64, 128]
f2 = 240
learning_rate = {low = 1e-4, high = 1e-1, log = true}
f3 = {low = 32, high = 256, step = 32}
batch_size = [4, 8]
"""
_UNKNOWN = "*CTCF*=chr1,chr2\nDNase=chrM\nK562=chr2\nHistone=chr1\n"
_REGIONS = (
    "chr1\nchr1:1-1,000\nchr2:100-200\n2:5,000-6,000\nchrM:16,000-16,571\nGENE2+-50kb\ngene3±1,000"
)


def _genes(name: str, kind: str, content: str, packing: Packing | None = None) -> Parser:
    make = _gzipped(kind, content) if packing else _text(kind, content)
    return Parser(name, make, lambda folder: read_genes(folder / kind, SIZES), {kind: packing})


def _bed(name: str, kind: str, content: str, packing: Packing | None = None) -> Parser:
    make = _gzipped(kind, content) if packing else _text(kind, content)
    return Parser(name, make, lambda folder: read_bed(folder / kind, SIZES), {kind: packing})


def _make_markers(folder: Path) -> None:
    markers = [
        a_marker(),
        a_marker(1, "HepG2|DNase|None", "DNase"),
        a_marker(2, "A549|GR|DEX_(500pM)"),
    ]
    text = write_markers(folder / "markers.tsv", markers).read_text().splitlines()
    rows = [
        f"{row.rstrip()}\tpeaks/{number}.narrowPeak\tmore" for number, row in enumerate(text[1:])
    ]
    (folder / "markers.tsv").write_text("\n".join([f"{text[0]}\tnotes", *rows]) + "\n")
    (folder / "peaks").mkdir()
    for number in range(3):
        (folder / "peaks" / f"{number}.narrowPeak").write_text(_NARROW)


def _read_peaks_of_table(folder: Path) -> None:
    for marker in read_markers(folder / "markers.tsv"):
        read_bed(Path(marker.file), SIZES)


def _each(texts: Iterable[str], read: Callable[[str], object]) -> None:
    """Every line by itself; a refused one does not hide the next."""
    for text in texts:
        try:
            read(text)
        except RegtrackError:
            continue


def _lines_of(path: Path) -> list[str]:
    """As the command line gives words: bytes that are not UTF-8 become surrogates."""
    return path.read_bytes().decode("utf-8", "surrogateescape").split("\n")


def _read_unknown(folder: Path) -> None:
    markers = [a_marker(), a_marker(1, "HepG2|DNase|None", "DNase")]
    _each(_lines_of(folder / "unknown"), lambda text: read_unknown([text], markers, SIZES))


def _make_regions(folder: Path) -> None:
    (folder / "regions").write_text(_REGIONS)
    (folder / "genes.bed").write_text(_BED12)


def _read_regions(folder: Path) -> None:
    lines = _lines_of(folder / "regions")
    genes = GeneRegions(folder / "genes.bed", SIZES)
    _each(lines, lambda text: parse_region(text, SIZES, genes))
    read_regions(lines, SIZES, genes=genes)


PARSERS = [
    Parser("fasta", _fasta, lambda folder: _read_genome(folder / "genome.fa"), {"genome.fa": None}),
    Parser(
        "fasta-bgzip",
        _bgzipped,
        lambda folder: _read_genome(folder / "genome.fa.gz"),
        {"genome.fa.gz": BGZIP},
    ),
    Parser("fai", _indexed(_fasta), _read_indexed("genome.fa"), {"genome.fa.fai": None}),
    Parser(
        "gzi",
        _indexed(_bgzipped),
        _read_indexed("genome.fa.gz"),
        {"genome.fa.gz.gzi": None, "genome.fa.gz.fai": None},
    ),
    _bed("bed", "a.bed", _BED),
    _bed("bed-gzip", "a.bed.gz", _BED, GZIP),
    _bed("narrow-peak", "a.narrowPeak", _NARROW),
    Parser("markers", _make_markers, _read_peaks_of_table, {"markers.tsv": None}),
    Parser("unknown", _text("unknown", _UNKNOWN), _read_unknown, {"unknown": None}),
    Parser("regions", _make_regions, _read_regions, {"regions": None}),
    _genes("gtf", "genes.gtf", _GTF),
    _genes("gff3", "genes.gff3", _GFF3),
    _genes("refflat", "refFlat.txt", _REFFLAT),
    _genes("bed12", "genes.bed", _BED12),
    _genes("gtf-gzip", "genes.gtf.gz", _GTF, GZIP),
    Parser(
        "config",
        _text("regtrack.toml", _CONFIG),
        lambda folder: read_config(folder / "regtrack.toml", cli.commands),
        {"regtrack.toml": None},
    ),
    Parser(
        "space",
        _text("space.toml", _SPACE),
        lambda folder: read_space(folder / "space.toml", ARCHITECTURES["dense"]["dilated"]),
        {"space.toml": None},
    ),
]
