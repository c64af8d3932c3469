"""The job behind `regtrack doctor`: what this machine has, what is configured, what is missing."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from regtrack import __version__
from regtrack.errors import RegtrackError
from regtrack.fetching.sources import (
    ASSEMBLY,
    EXCLUDE,
    EXCLUDE_FOLDER,
    MARKERS_TABLE,
    PEAKS_FOLDER,
    genome_file,
)
from regtrack.genome.assemblies import name_of, recognise
from regtrack.genome.bed import first_rows
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.cache import cache_folder
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import how_to_get_genes
from regtrack.genome.gene_tables import GENE_TABLES, fetched_genes, file_of
from regtrack.genome.genes import genes_elsewhere, read_genes
from regtrack.genome.markers import describe_markers
from regtrack.genome.measured import read_measured
from regtrack.listing import counted
from regtrack.models.checkpoint import read_checkpoint
from regtrack.models.device import describe_device, devices_of, has_bfloat16
from regtrack.models.trained_genome import check_assembly
from regtrack.workers import available_cores
from regtrack.workspace.assembly import assembly_of

LIBRARIES = ("torch", "numpy", "pysam", "pyBigWig", "numba", "igv-notebook")
# Fewer than this many open files, or less free disk, has been seen to stop a run.
LEAST_FILES = 256
LEAST_DISK = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Parameters
    ----------
    name, value
        What was looked at, and what was seen.
    problem
        What is wrong with it, and the command that mends it; empty where nothing is.
    """

    name: str
    value: str
    problem: str = ""


@dataclass(frozen=True)
class Configured:
    """What commands are told here by options, variables and the configuration file.

    Parameters
    ----------
    config, broken
        The configuration file, if there is one, and why it cannot be read.
    genome, peaks, genes, model, exclude, clip
        As `[defaults]` has them.
    """

    config: Path | None
    broken: str = ""
    genome: Path | None = None
    peaks: Path | None = None
    genes: Path | None = None
    model: Path | None = None
    exclude: tuple[Path, ...] = ()
    clip: bool = False


def examine(
    configured: Configured, device: str = "cpu", gpu_problem: str | None = None
) -> list[Finding]:
    """Look at the machine and at everything that is configured.

    Nothing is changed, but that a missing index of the genome is made.

    Parameters
    ----------
    device
        The machine's, as `regtrack.models.device.device_name`.
    gpu_problem
        What a GPU lacks to predict, if anything.
    """
    return [*_machine(device, gpu_problem), *_disk(), *_configured(configured)]


def report(findings: list[Finding]) -> str:
    """The findings as text, problems marked and counted."""
    width = max(len(finding.name) for finding in findings) + 2
    lines = [f"{finding.name:<{width}}{finding.value}" for finding in findings]
    problems = [finding for finding in findings if finding.problem]
    if not problems:
        return "\n".join([*lines, "", "nothing is missing"])
    texts = [f"{finding.name}: {finding.problem}" for finding in problems]
    return "\n".join([*lines, "", f"{len(problems)} to look at:", *(f"  {text}" for text in texts)])


def _machine(device: str, gpu_problem: str | None) -> Iterator[Finding]:
    yield Finding("regtrack", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    versions = {name: _version(name) for name in LIBRARIES}
    absent = [name for name, version in versions.items() if version is None]
    yield Finding(
        "libraries",
        ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items()),
        f"pip install 'regtrack[browse]': without {', '.join(absent)}, parts of it fail"
        if absent
        else "",
    )
    units = "with" if has_bfloat16(devices_of(device)[0]) else "without"
    yield Finding(
        "device",
        f"{describe_device(device)}, {units} units for bfloat16",
        f"predictions are made on the CPU: {gpu_problem}" if gpu_problem else "",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield Finding("memory", f"{memory / 1e9:,.1f} GB for {counted(available_cores(), 'core')}")
    yield _open_files(*resource.getrlimit(resource.RLIMIT_NOFILE))


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _open_files(soft: int, hard: int) -> Finding:
    """How many files a process may open; a run with few of them is slower, or ends."""
    limits = [
        "no limit" if limit == resource.RLIM_INFINITY else f"{limit:,}" for limit in (soft, hard)
    ]
    problem = ""
    if soft != resource.RLIM_INFINITY and soft < LEAST_FILES:
        enough = hard == resource.RLIM_INFINITY or hard >= LEAST_FILES
        mended = f"before a run: ulimit -n {LEAST_FILES}" if enough else "ask an administrator"
        problem = f"few; {mended}"
    return Finding("open files", f"{limits[0]} at once ({limits[1]} at most)", problem)


def _disk() -> Iterator[Finding]:
    folders = {
        "disk here": Path.cwd(),
        "disk, temporary": Path(tempfile.gettempdir()),
        "disk, cache": cache_folder(),
    }
    for name, folder in folders.items():
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not there.is_dir():
            yield Finding(name, str(folder), f"{there} is a file; expected a folder")
            continue
        free = shutil.disk_usage(there).free
        little = "little space is left" if free < LEAST_DISK else ""
        yield Finding(name, f"{free / 1e9:,.1f} GB free in {folder}", little)
    assemblies = [path.name for path in sorted(cache_folder().glob("*"))]
    has = "; ".join(filter(None, map(_fetched, assemblies))) or "nothing"
    tables = [path for table in GENE_TABLES for path in cache_folder().glob(f"*/{file_of(table)}")]
    genes = {path.parent.name for path in tables}
    if genes:
        has += f"; genes of {', '.join(sorted(genes))}"
    yield Finding("fetched", f"{has}, in {cache_folder()}")


def _fetched(assembly: str) -> str:
    """What was fetched of an assembly but its genes; empty where nothing was."""
    folder = cache_folder() / assembly
    peaks = len(list(folder.glob(f"{PEAKS_FOLDER}/*.gz")))
    excluded = len(list(folder.glob(f"{EXCLUDE_FOLDER}/*.gz")))
    there = (folder / genome_file(assembly)).exists()
    if not there and not peaks and not excluded:
        return ""
    sequence = "sequence" if there else "no sequence"
    listed = f"{peaks} peak files, " if peaks or assembly == ASSEMBLY else ""
    return f"{assembly}: {sequence}, {listed}{counted(excluded, 'file')} of regions to exclude"


def _configured(configured: Configured) -> Iterator[Finding]:
    if configured.config is None:
        yield Finding("regtrack.toml", "none from here upward", "regtrack init writes one")
    else:
        yield Finding("regtrack.toml", str(configured.config), configured.broken)
    if configured.broken:
        return  # what it would say is not known
    model = configured.model
    genome = _looked_at(
        "genome",
        configured.genome,
        _genome,
        _how_to_get(genome_file(ASSEMBLY), f"genome {ASSEMBLY}"),
    )
    yield genome
    # What depends on a genome that cannot be read is not looked at: it would fail alike.
    files = None
    sizes = None
    assembly: str | None = ASSEMBLY
    if configured.genome is not None and not genome.problem:
        sizes = Genome(configured.genome).chrom_sizes
        assembly = assembly_of(configured.genome)
        files = BedFiles(sizes, configured.clip)
    peaks = _how_to_get(MARKERS_TABLE, "peaks")
    if assembly != ASSEMBLY:
        peaks = (
            f"regtrack init --force --peaks FOLDER names yours; regtrack fetch has those of "
            f"{ASSEMBLY} only"
        )
    yield _looked_at("peaks", configured.peaks, partial(_peaks, files), peaks)
    yield _genes(configured.genes, sizes)
    for path in configured.exclude:
        exclude = _how_to_get(EXCLUDE_FOLDER, "exclude")
        yield _looked_at("exclude", path, partial(_excluded, files), exclude)
    if not configured.exclude:
        known = f" (regtrack fetch exclude {assembly} has regions)" if assembly in EXCLUDE else ""
        yield Finding("exclude", f"nothing{known}")
    if model is not None and not model.exists():
        trained = "regtrack prepare, then regtrack train"
        yield Finding("model", f"{model} (not yet)", f"{trained}; until then --model demo")
    elif model is None:
        yield Finding("model", "not configured; demo, which comes with regtrack, is used")
    else:
        look = partial(_model, configured.genome, sizes)
        yield _looked_at("model", model, look, "regtrack prepare, then regtrack train")


def _how_to_get(name: str, kind: str) -> str:
    """The command that gets something: it may have been fetched already."""
    if (cache_folder() / ASSEMBLY / name).exists():
        return "regtrack init names what was fetched"
    return f"regtrack fetch {kind}, then regtrack init"


def _looked_at(name: str, path: Path | None, look: Callable[[Path], str], missing: str) -> Finding:
    """A configured file, opened as a command would."""
    if path is None:
        return Finding(name, "not configured", missing)
    try:
        return Finding(name, f"{path}: {look(path)}")
    except FileNotFoundError:
        return Finding(name, str(path), f"there is no {path}; {missing}")
    except OSError as error:
        return Finding(name, str(path), f"{error.filename or path}: {error.strerror or error}")
    except RegtrackError as error:
        return Finding(name, str(path), f"{error}{_how_to_mend(name, path)}")


def _how_to_mend(name: str, path: Path) -> str:
    """What brings a damaged file again; empty where it was not fetched."""
    if not path.absolute().is_relative_to(cache_folder()):
        return ""
    assembly = path.absolute().relative_to(cache_folder()).parts[0]
    what = name if name in ("peaks", "model") else f"{name} {assembly}"
    return f"; regtrack fetch {what} brings it again"


def _genome(path: Path) -> str:
    path.stat()  # one that is not there is answered with how to fetch it
    sizes = Genome(path).chrom_sizes
    return (
        f"{counted(len(sizes), 'chromosome')}, {counted(sum(sizes.values()), 'base')}, "
        f"{name_of(sizes)}"
    )


def _peaks(files: BedFiles | None, path: Path) -> str:
    """All files begin as BED; whether they are of the genome, the first one tells."""
    markers = read_measured(path)
    for marker in markers:
        first_rows(Path(marker.file))
    if files is not None:
        files.peaks(Path(markers[0].file))
    return f"{describe_markers(markers)}, every file there"


def _genes(path: Path | None, sizes: Mapping[str, int] | None) -> Finding:
    """Genes are a convenience: without them nothing is missing."""
    assembly = ASSEMBLY if sizes is None else recognise(sizes)
    if path is not None:

        def look(table: Path) -> str:
            if sizes is None:
                return f"{table.stat().st_size:,} bytes"
            here, elsewhere = read_genes(table, sizes), genes_elsewhere(table, sizes)
            others = f", {len(elsewhere):,} others on chromosomes that the genome lacks"
            return f"{counted(len(here), 'gene')}{others if elsewhere else ''}"

        return _looked_at("genes", path, look, how_to_get_genes(assembly))
    fetched = fetched_genes(assembly)
    if fetched is not None:
        return Finding("genes", f"not configured; {fetched} is taken for {assembly}")
    return Finding("genes", f"none: {how_to_get_genes(assembly)}")


def _excluded(files: BedFiles | None, path: Path) -> str:
    if files is None:
        return f"{path.stat().st_size:,} bytes"
    listed = files.excluded(path)
    return f"{counted(sum(intervals.bases for intervals in listed.values()), 'base')}"


def _model(genome: Path | None, sizes: Mapping[str, int] | None, path: Path) -> str:
    checkpoint = read_checkpoint(path)
    if genome is not None and sizes is not None:
        check_assembly(path, checkpoint, genome, sizes)
    return (
        f"{checkpoint.architecture}, {counted(len(checkpoint.markers), 'marker')}, "
        f"{checkpoint.assembly}"
    )
