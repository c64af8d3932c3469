"""The job behind `regtrack init`: a `regtrack.toml` that names what is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from regtrack.atomic import write_text
from regtrack.errors import ArgumentError, InputError
from regtrack.fetching.sources import ASSEMBLY, EXCLUDE, EXCLUDE_FOLDER, MARKERS_TABLE
from regtrack.folders import check_file
from regtrack.genome.alternative import without_peaks
from regtrack.genome.cache import possible_cache_folder
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import how_to_get_genes
from regtrack.genome.gene_tables import GENE_TABLES, fetched_genes, file_of
from regtrack.genome.genes import read_genes
from regtrack.genome.intervals import Interval, IntervalSet, Regions, subtract
from regtrack.genome.names import MITOCHONDRION
from regtrack.models.header import read_seen, read_table
from regtrack.paths import is_text, shell_word
from regtrack.workspace.assembly import choose
from regtrack.workspace.networks import bundled_model, network_name
from regtrack.workspace.own_peaks import table_of, what_to_check

MODEL, DATASET = "model.safetensors", "dataset"

_GENOMES = ("*.fa", "*.fasta", "*.fna", "*.fa.gz", "*.fasta.gz", "*.fna.gz")
_TABLES = (MARKERS_TABLE,)
_GENES = (*map(file_of, GENE_TABLES), "*.gtf", "*.gtf.gz", "*.gff3", "*.gff3.gz")
_EXCLUDED = (f"{EXCLUDE_FOLDER}/*.bed", f"{EXCLUDE_FOLDER}/*.bed.gz")
_MODELS = ("*.safetensors",)
# Bases that do for a first prediction; places, and bases of each, that are looked at for it.
_FIRST = 1_000_000
_PLACES, _LOOK = 10, 5_000_000


@dataclass(frozen=True)
class InitRequest:
    """What a user says instead of leaving it to be found.

    Parameters
    ----------
    genome
        FASTA.
    peaks
        Each as `regtrack.genome.measured.read_measured`; of peak files a table is written.
    category
        Of the markers of these files.
    assembly
        As UCSC names it.
    genes
        As `regtrack.genome.genes.read_genes`.
    model
        Checkpoint of a network that need not be trained any more.
    """

    genome: Path | None = None
    peaks: Sequence[Path] = ()
    category: str | None = None
    assembly: str | None = None
    genes: Path | None = None
    model: Path | None = None

    def __post_init__(self) -> None:
        if self.category is not None and not self.peaks:
            raise ArgumentError("category", "does nothing without --peaks")


@dataclass(frozen=True)
class Inputs:
    """What a configuration can name.

    Parameters
    ----------
    genome, peaks, genes
        FASTA, markers table, and genes; None where there is none.
    exclude
        BED files.
    model
        Checkpoint, which need not exist yet.
    trained
        Checkpoint that a training writes.
    assembly
        Name of the genome's assembly, where it is known.
    """

    genome: Path | None
    peaks: Path | None
    genes: Path | None
    exclude: tuple[Path, ...]
    model: Path
    trained: Path
    assembly: str | None


def initialise(config: Path, force: bool, request: InitRequest | None = None) -> str:
    """Write a configuration file, and return what to tell the user.

    What is requested goes before what lies in its folder, and that before what `regtrack fetch`
    put into the cache.

    Raises
    ------
    InputError
        When there is such a file, or a markers table to be written, and `force` is not given;
        when several files could be meant, or one has a name that is not UTF-8; as `table_of`.
    ArgumentError
        As `choose` and `table_of`.
    OSError
        When the folder cannot be made or written, or what is requested cannot be read.
    """
    folder = config.parent
    request = request or InitRequest()
    if folder.exists() and not folder.is_dir():
        raise InputError(folder, "is a file; expected a folder")
    check_file(config, force, "a configuration")
    table, rows = None, ""
    if request.peaks:
        table, rows = table_of(request.peaks, request.category, folder, force)
    inputs = look_around(folder, request, table)
    text = config_text(inputs, folder)
    folder.mkdir(parents=True, exist_ok=True)
    if table is not None and rows:
        write_text(table, rows)
    write_text(config, text)
    above = next(
        (parent for parent in folder.resolve().parents if (parent / config.name).is_file()), None
    )
    hides = f"here it goes before {above / config.name}\n" if above else ""
    check = f"{what_to_check(table, request.category is None)}\n" if table and rows else ""
    return f"{check}wrote {config}\n{hides}{summary(inputs, folder)}"


def look_around(folder: Path, request: InitRequest, table: Path | None) -> Inputs:
    """What lies in a folder or, where nothing does, in the cache.

    Parameters
    ----------
    request
        Goes before both.
    table
        Of the peaks that are requested; it need not be there yet.

    Raises
    ------
    InputError
        When several files of a folder could be the genome, the genes or the model; as `choose`,
        and as `read_genes` for genes that are requested.
    ArgumentError
        As `choose`.
    """
    own = request.genome or _only_one(folder, _GENOMES, "genome")
    assembly, genome = choose(request.assembly, own)
    peaks = table or _only_one(folder, _TABLES, "table")
    exclude = _all(folder, _EXCLUDED)
    # Where no genome is there yet, it may be the one of which most can be fetched.
    expected = assembly or (None if genome else ASSEMBLY)
    if expected is not None:
        fetched = possible_cache_folder() / expected
        exclude = exclude or _all(fetched, _EXCLUDED)
        if expected == ASSEMBLY:
            peaks = peaks or _only_one(fetched, _TABLES, "table")
    if request.genes is not None and genome is not None:
        read_genes(request.genes, Genome(genome).chrom_sizes)
    if request.model is not None:
        read_table(request.model)
    genes = request.genes or _only_one(folder, _GENES, "gene table") or fetched_genes(expected)
    model = folder / MODEL
    if not model.exists():
        model = _only_one(folder, _MODELS, "model") or model
    return Inputs(genome, peaks, genes, exclude, request.model or model, model, assembly)


def config_text(inputs: Inputs, folder: Path) -> str:
    """The text of a configuration; what is missing stands in it as a comment.

    Raises
    ------
    InputError
        When what was found has a name that is not UTF-8.
    """
    lines = [
        "# What regtrack commands in this folder, and below it, need not be told. Options and",
        "# REGTRACK_... variables go before it; paths are relative to this file.",
        "[defaults]",
        _line("genome", inputs.genome, folder, "genome.fa.gz"),
        _line("peaks", inputs.peaks, folder, "markers.tsv"),
        _line("genes", inputs.genes, folder, file_of(GENE_TABLES[0])),
    ]
    if inputs.exclude:
        paths = ", ".join(_quoted(_path(path, folder)) for path in inputs.exclude)
        lines.append(f"exclude = [{paths}]")
    lines += [
        f"model = {_quoted(network_name(inputs.model) or _path(inputs.model, folder))}",
        "",
        "[prepare]",
        f'out = "{DATASET}"',
        f"assembly = {_quoted(inputs.assembly)}" if inputs.assembly else '# assembly = "hg19"',
        "",
        "[train]",
        f'dataset = "{DATASET}"',
        f"out = {_quoted(_path(inputs.trained, folder))}",
    ]
    return "\n".join([*lines, ""])


def summary(inputs: Inputs, folder: Path) -> str:
    """What was found, and what to type next."""
    assembly = inputs.assembly or (None if inputs.genome else ASSEMBLY)
    fetchable = assembly == ASSEMBLY
    own = f"none (regtrack fetch has those of {ASSEMBLY} only)"
    of_it = "" if fetchable else f" {assembly}"
    rows = [
        (
            "genome",
            str(inputs.genome) if inputs.genome else f"none: regtrack fetch genome {assembly}",
        ),
        ("peaks", str(inputs.peaks or ("none: regtrack fetch peaks" if fetchable else own))),
        ("genes", str(inputs.genes or f"none: {how_to_get_genes(assembly)}")),
        (
            "exclude",
            ", ".join(map(str, inputs.exclude))
            or (f"none: regtrack fetch exclude{of_it}" if assembly in EXCLUDE else "none"),
        ),
        (
            "model",
            network_name(inputs.model) or str(inputs.model)
            if inputs.model.exists()
            else f"{inputs.model} (not yet; until then demo, which comes with regtrack)",
        ),
        ("assembly", inputs.assembly or "not known; see [prepare]"),
    ]
    text = [f"  {name:<10}{value}" for name, value in rows]
    there = [] if folder.resolve() == Path.cwd() else [f"cd {shell_word(folder)}"]
    again = " && ".join([*there, "regtrack init --force"])
    own_peaks = "" if fetchable or inputs.peaks else " --peaks FOLDER"
    if inputs.genome and inputs.model.exists():
        steps = [
            _predict(inputs.genome, unseen(inputs.genome, inputs.model)),
            "regtrack browse tracks/",
        ]
        if inputs.peaks:
            steps.insert(1, "regtrack eval tracks/ --out report/")
        text += ["next:", *(f"  {step}" for step in (*there, *steps))]
        if not inputs.peaks:
            text.append(f"to score it: measured peaks, and {again} --peaks FOLDER")
    elif inputs.genome and inputs.peaks:
        steps = ["regtrack prepare", "regtrack train", _predict(inputs.genome)]
        text += ["next:", *(f"  {step}" for step in (*there, *steps))]
    else:
        text.append(f"then: {again}{own_peaks}")
    if inputs.genome and not inputs.model.exists():
        # The network that comes with regtrack was trained on that assembly.
        any_genome = "" if inputs.assembly == ASSEMBLY else " --any-genome"
        region = "GENE" if inputs.genes else unseen(inputs.genome, bundled_model())
        text.append(f"only to predict: {_predict(inputs.genome, region)}{any_genome}")
    return "\n".join(text)


def _predict(genome: Path, region: str | None = None) -> str:
    """The command for a region or, without one, for a chromosome to try it on."""
    chroms = list(Genome(genome).chrom_sizes)
    region = region or ("chr1" if "chr1" in chroms else chroms[0])
    return f"regtrack predict {region} --out tracks/"


def unseen(genome: Path, model: Path) -> str | None:
    """A chromosome, or else a stretch of one, that a network was not trained on.

    Returns
    -------
    str or None
        The first chromosome of which the training saw nothing; else the longest stretch of known
        sequence between what it saw, and of that `_FIRST` bases at most. The mitochondrion, copies
        of parts of chromosomes and unplaced sequences are passed over. None where the checkpoint
        does not say, or is no sound one, which is told when it is used.
    """
    source = Genome(genome)
    sizes = source.chrom_sizes
    try:
        seen = read_seen(model, sizes)
    except (InputError, OSError):
        return None
    if seen is None or not (seen.train or seen.valid):
        return None
    others = {*without_peaks(sizes), *MITOCHONDRION}
    whole = {chrom: IntervalSet.of([0], [sizes[chrom]]) for chrom in sizes if chrom not in others}
    left = subtract(subtract(whole, seen.train), seen.valid)
    untouched = [chrom for chrom in left if chrom not in {*seen.train, *seen.valid}]
    if untouched:
        return untouched[0]
    longest_first = sorted(_intervals(left), key=len, reverse=True)
    longest = max(_known(source, longest_first[:_PLACES]), key=len, default=None)
    if longest is None:
        return None
    return str(replace(longest, end=min(longest.end, longest.start + _FIRST)))


def _known(genome: Genome, places: Iterable[Interval]) -> list[Interval]:
    """What is not N of the first bases of some places."""
    begun = (replace(one, end=min(one.end, one.start + _LOOK)) for one in places)
    return [
        stretch
        for one in begun
        for stretch in _intervals(genome.known({one.chrom: IntervalSet.of([one.start], [one.end])}))
    ]


def _intervals(regions: Regions) -> list[Interval]:
    return [Interval(chrom, *one) for chrom, intervals in regions.items() for one in intervals]


def _only_one(folder: Path, patterns: Sequence[str], kind: str) -> Path | None:
    """The one file that matches.

    Raises
    ------
    InputError
        When several do.
    """
    matches = _all(folder, patterns)
    if len(matches) > 1:
        names = ", ".join(path.name for path in matches[:3])
        raise InputError(
            folder,
            f"which of {names} is the {kind}? leave one there, or name it yourself",
        )
    return matches[0] if matches else None


def _all(folder: Path, patterns: Iterable[str]) -> tuple[Path, ...]:
    return tuple(
        sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())
    )


def _line(key: str, path: Path | None, folder: Path, example: str) -> str:
    if path is None:
        return f"# {key} = {_quoted(example)}"
    return f"{key} = {_quoted(_path(path, folder))}"


def _path(path: Path, folder: Path) -> str:
    """Relative to the folder inside of it, absolute elsewhere: the cache stays where it is."""
    absolute, base = path.absolute(), folder.absolute()
    named = absolute.relative_to(base) if absolute.is_relative_to(base) else absolute
    if not is_text(named):
        raise InputError(path, "no name that a configuration can hold; expected one in UTF-8")
    return str(named)


def _quoted(text: str) -> str:
    """A string as TOML has it: as JSON has it, but with other letters as they are."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
