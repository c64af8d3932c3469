"""What a file or folder is: by its name, by what lies in it, or by how it begins."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from regtrack.errors import InputError
from regtrack.listing import counted
from regtrack.paths import as_text, shell_word
from regtrack.run_summary import RunSummary
from regtrack.text_columns import named_lines, named_values


@dataclass(frozen=True)
class Kind:
    """A kind of files or folders.

    Parameters
    ----------
    name
        In some words.
    next
        What to do with one. `{path}`, `{folder}` and `{stem}`, the name without its endings, stand
        for its own.
    describe
        Dotted name of the function that says more, which is loaded when it is needed; instead of
        `next`.
    count
        That of the function that counts what programs ask for.
    listing
        That of the function that lists shards for them, of a job that is cut in some.
    """

    name: str
    next: str = ""
    describe: str = ""
    count: str = ""
    listing: str = ""

    def described(self, path: Path) -> str:
        """One of them, for people."""
        if not self.describe:
            return named_lines({"path": f"{path}: {self.name}", "next": self._next(path)})
        return str(_loaded(self.describe)(path))

    def summarised(self, path: Path, before: str = "", *, counted: bool) -> RunSummary:
        """One of them, for people and programs.

        Parameters
        ----------
        before
            What people read first.
        counted
            Also what only programs ask for.
        """
        said = self.described(path)
        facts = {"kind": self.name, "path": as_text(path), **named_values(said)}
        counts = _loaded(self.count)(path) if self.count and counted else {}
        more = {"shards": _loaded(self.listing)(path)} if self.listing and counted else {}
        return RunSummary(before + said, counts=counts, facts=facts, more=more)

    def _next(self, path: Path) -> str:
        stem = path.with_name(path.name.partition(".")[0])
        return self.next.format(
            path=shell_word(path), folder=shell_word(path.parent), stem=shell_word(stem)
        )


def _loaded(name: str) -> Callable[[Path], Any]:
    """The function of a dotted name."""
    module, _, function = name.rpartition(".")
    loaded: Callable[[Path], Any] = getattr(import_module(module), function)
    return loaded


_IN_BROWSER = "open {path} in a web browser"

# Folders, by a file that only those of one kind have.
FOLDERS: Mapping[str, Kind] = {
    "dataset.json": Kind("dataset", describe="regtrack.datasets.describe.describe_dataset"),
    "crossval.plan.json": Kind(
        "cross-validation",
        describe="regtrack.crossval.describe.describe_crossval",
        count="regtrack.crossval.describe.count_crossval",
    ),
    "crossval.measuring.json": Kind(
        "cross-validation", describe="regtrack.crossval.describe.describe_measuring"
    ),
    "plan.json": Kind(
        "job in shards",
        describe="regtrack.prediction.shard_progress.describe_partial",
        count="regtrack.prediction.shard_progress.count_partial",
        listing="regtrack.prediction.shard_progress.list_partial",
    ),
    "run.json": Kind(
        "unfinished run",
        describe="regtrack.training.describe.describe_run",
        count="regtrack.unfinished.count_unfinished",
    ),
    "tracks.json": Kind(
        "tracks",
        describe="regtrack.tracks.describe.describe_tracks",
        count="regtrack.tracks.describe.count_tracks",
    ),
    "report.json": Kind("report", describe="regtrack.report.describe.describe_report"),
    "hub/runs.tsv": Kind("hub of several runs", describe="regtrack.browsers.hub.describe_hub"),
    "study.db": Kind("search over settings", describe="regtrack.search.describe.describe_search"),
    "comparison.json": Kind(
        "networks side by side", describe="regtrack.report.describe.describe_comparison"
    ),
    "context.tsv": Kind(
        "contexts of markers, by regtrack explain",
        "look at {path}/context.png; context.tsv has a row per marker and network",
    ),
    "explain.tsv": Kind(
        "what networks looked at, by regtrack explain",
        "look at {path}/explain.png; explain.tsv says the numbers, *.bw are for IGV",
    ),
    "site.json": Kind(
        "page of regtrack browse --export",
        "copy it to a web server that answers byte ranges, and open its index.html there",
    ),
    "igv.xml": Kind("session for IGV", "in IGV: File > Open Session... > {path}/igv.xml"),
    "hub.txt": Kind("track hub", "regtrack hub {path} --check"),
    "fetched.json": Kind("what regtrack fetch brought", "regtrack doctor, then regtrack init"),
    "events.out.tfevents.*": Kind("log of a training", "tensorboard --logdir {path}"),
}
# By such a file, what else belongs to the folder.
_PARTS = {
    "dataset.json": ("windows.bed", "dropped.bed", "known.bed", "*.npy"),
    "plan.json": ("asked.bed", "targets.bed", "lock", "leases*", "work-*"),
    "run.json": ("*",),
    "tracks.json": (
        *("predicted.bed", "trained.bed", "validated.bed", "repeats.bed"),
        *("bigwig*", "peaks*"),
    ),
    "report.json": ("report.tsv", "report.html"),
    "study.db": ("trials.tsv", "trials.png", "lock"),
    "comparison.json": ("comparison.tsv", "comparison.md", "comparison.png"),
    "context.tsv": ("context.png",),
    "explain.tsv": ("explain.png", "*.bw"),
    "site.json": ("*",),
}
_DEPTH = 3  # of parts

_REGIONS = Kind("regions", describe="regtrack.genome.describe.describe_regions")
_GENOME = Kind("FASTA file", describe="regtrack.genome.describe.describe_genome")
_TABLE = Kind("markers table", describe="regtrack.genome.describe.describe_table")
_CHECKPOINT = Kind("network", describe="regtrack.models.describe.describe_checkpoint")
_PEAKS = Kind("peak files", describe="regtrack.genome.describe.describe_peaks")
_GENES = Kind("genes", "--genes {path}, where genes are to be regions")
_VARIANTS = Kind("variants (VCF)", "nothing: regtrack reads sequence and regions, no variants")
_PICKLE = Kind(
    "a pickle, as PyTorch's weights are",
    "regtrack import network MY.py:CLASS --weights {path}, beside other options",
)
_BIGWIG = Kind("BigWig file", "open it in IGV")

# Files by their names, in small letters.
_BY_NAME: Mapping[str, Kind] = {
    "*.safetensors": _CHECKPOINT,
    "*.fai": Kind("index of a FASTA file", "nothing: where it is missing, it is made anew"),
    "*.gzi": Kind("index of a FASTA file", "nothing: where it is missing, it is made anew"),
    "*.tbi": Kind("index of a file of peaks", "keep it beside that file: IGV reads it"),
    "*.csi": Kind("index of a file of peaks", "keep it beside that file: IGV reads it"),
    "regtrack.toml": Kind("settings", describe="regtrack.cli.config.describe_config"),
    "*.toml": Kind("settings to try", "regtrack search DATASET --space {path} --out search/"),
    "*.log.tsv": Kind("log of a training", "regtrack info {stem}.safetensors"),
    "*.log.png": Kind("plot of a training", "look at it; {stem}.log.tsv has the numbers"),
    "*.scores.tsv": Kind("scores of a network of regtrack compare", "regtrack info {folder}"),
    "*.scores.json": Kind("scores of a network of regtrack compare", "regtrack info {folder}"),
    "igv.xml": Kind("session for IGV", "in IGV: File > Open Session... > {path}"),
    "igv.json": Kind("session for igv.js", 'in a page: browser.loadSession({{url: "igv.json"}})'),
    "hub.txt": Kind("track hub", "regtrack hub {folder} --check"),
    "*.chrom.sizes": Kind("lengths of chromosomes", "nothing: sessions and pages read it"),
    "events.out.tfevents.*": Kind("log of a training", "tensorboard --logdir {folder}"),
    "*.py": Kind(
        "Python file", "a torch.nn.Module in it: regtrack train DATASET --model {path}:CLASS"
    ),
    "*.vcf": _VARIANTS,
    "*.vcf.gz": _VARIANTS,
    "*.bcf": _VARIANTS,
    "*.bb": Kind("bigBed file", "open it in IGV or at UCSC; regtrack reads BED"),
    **dict.fromkeys(("*.gtf", "*.gtf.gz", "*.gff", "*.gff.gz", "*.gff3", "*.gff3.gz"), _GENES),
    **dict.fromkeys(("*.pt", "*.pth", "*.ckpt"), _PICKLE),
    **dict.fromkeys(
        (f"*.{ending}{packed}" for ending in ("fa", "fasta", "fna") for packed in ("", ".gz")),
        _GENOME,
    ),
}
# Files by their first bytes.
_BY_HEAD: Mapping[bytes, Kind] = {
    b">": _GENOME,
    b"##fileformat=VCF": _VARIANTS,
    b"\x26\xfc\x8f\x88": _BIGWIG,
    b"\x88\x8f\xfc\x26": _BIGWIG,
    b"\xeb\xf2\x89\x87": Kind("bigBed file", "open it in IGV or at UCSC; regtrack reads BED"),
    b"\x80": _PICKLE,
    b"PK\x03\x04": _PICKLE,
    b"\x89PNG": Kind("picture", "look at it"),
    b"BAM\x01": Kind("alignments (BAM)", "nothing: call peaks first, and give these"),
    b"<!DOCTYPE html": Kind("page", _IN_BROWSER),
    b"#bin\t": _GENES,
}
_LOG = Kind("log", describe=f"{__name__}.describe_log")
_OF_LOG = re.compile(rb"\S+T\S+[+-]\d\d:\d\d regtrack \S+, process \d+: ")
_GZIP = b"\x1f\x8b"
_HEAD = 400
_LISTED = 40


def kind_of(path: Path) -> Kind:
    """What a file or folder is.

    Raises
    ------
    InputError
        When regtrack neither made it nor reads it.
    OSError
        When it is not there, or cannot be read.
    """
    if path.suffix == ".safetensors":
        from regtrack.models.header import check_there

        check_there(path)
    kind = _of_folder(path) if path.is_dir() else _of_file(path)
    if kind is not None:
        return kind
    kinds = "tracks, a report, a dataset, peaks, a search, a comparison, or an unfinished run"
    if not path.is_dir():
        kinds = "a checkpoint, FASTA, BED, a markers table, or what lies in folders of regtrack"
    raise InputError(path, f"nothing that regtrack made or reads; expected {kinds}")


def whole_of(path: Path) -> Path | None:
    """The folder of which something is a part, and says little alone; None where it is none."""
    for folder in list(path.parents)[:_DEPTH]:
        name = path.relative_to(folder).as_posix()
        for own in FOLDERS:
            patterns = (own, *_PARTS.get(own, ()))
            if any(fnmatchcase(name, one) for one in patterns) and any(folder.glob(own)):
                return folder
    return None


def describe_folder(folder: Path) -> str:
    """A folder of several things: what they are."""
    parts = list(_parts(folder))
    shown = {f"  {path.name}{'/' * path.is_dir()}": kind.name for path, kind in parts[:_LISTED]}
    more = {"  ...": f"{len(parts) - _LISTED:,} more"} if len(parts) > _LISTED else {}
    first = next((path for path, _ in parts if path.is_dir()), parts[0][0])
    return named_lines(
        {
            "folder": f"{folder}, with {counted(len(parts), 'thing')} that regtrack knows",
            **shown,
            **more,
            "next": f"regtrack info {shell_word(first)} says more of it",
        }
    )


def describe_log(path: Path) -> str:
    """A log of `--log`: the last run in it."""
    from regtrack.genome.textfile import read_lines

    begun, last = [], ""
    for _, line in read_lines(path):
        last = line.partition(" ")[2]
        if _OF_LOG.match(line.encode()):
            begun.append(last.partition(": ")[2])
    has_ended = last.startswith("ended after ")
    return named_lines(
        {
            "log": f"{path}, of {counted(len(begun), 'run')}",
            "last": begun[-1],
            "so far": last,
            "next": "look at what it made" if has_ended else "it runs, or was killed",
        }
    )


def _parts(folder: Path) -> Iterator[tuple[Path, Kind]]:
    """What is known in a folder; not what lies deeper."""
    for path in sorted(folder.iterdir()):
        kind = None
        if path.is_dir():
            kind = _own_kind(path) or (_PEAKS if _has_peaks(path) else None)
        elif path.is_file():
            kind = _of_file(path)
        if kind is not None and not path.name.startswith("."):
            yield path, kind


def _of_folder(folder: Path) -> Kind | None:
    own = _own_kind(folder)
    if own is not None:
        return own
    if _has_peaks(folder):
        return _PEAKS
    if next(_parts(folder), None) is not None:
        return Kind("folder", describe=f"{__name__}.describe_folder")
    return None


def _own_kind(folder: Path) -> Kind | None:
    return next((kind for name, kind in FOLDERS.items() if any(folder.glob(name))), None)


def _has_peaks(folder: Path) -> bool:
    """Whether it holds files of peaks, and hardly anything else."""
    from regtrack.genome.measured import is_peak_file

    files = [path for path in islice(folder.iterdir(), 1000) if path.is_file()]
    return sum(map(is_peak_file, files)) > len(files) / 2


def _of_file(path: Path) -> Kind | None:
    from regtrack.genome.measured import is_peak_file

    head = _beginning(path)
    name = path.name.lower()
    for known in (
        next((kind for pattern, kind in _BY_NAME.items() if fnmatchcase(name, pattern)), None),
        next((kind for begins, kind in _BY_HEAD.items() if head.startswith(begins)), None),
        _REGIONS if is_peak_file(path) else None,
    ):
        if known is not None:
            return known
    return _CHECKPOINT if head[8:9] == b"{" else _of_text(path, head)


def _of_text(path: Path, head: bytes) -> Kind | None:
    """By the first line of a text: the log of a command, regions, genes, or a table."""
    if b"\0" in head:
        return None
    if _OF_LOG.match(head):
        return _LOG
    words = head.partition(b"\n")[0].split(b"\t")
    if len(words) > 2 and words[1].isdigit() and words[2].strip().isdigit():
        return _REGIONS
    if len(words) > 8 and {b"+", b"-"}.intersection(words[2:4]):
        return _GENES
    return _TABLE if len(words) > 1 or path.suffix == ".csv" else None


def _beginning(path: Path) -> bytes:
    """The first bytes, unpacked where they are packed."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    except zlib.error:
        return b""
