"""The genome that a browser shows below the tracks: hosted, a FASTA file, or lengths alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from regtrack.atomic import write_text
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import check_file
from regtrack.genome.assemblies import contradiction, describe, describe_other
from regtrack.genome.faidx import check_format
from regtrack.genome.fasta import Genome, sizes_fingerprint
from regtrack.listing import first_names
from regtrack.paths import named
from regtrack.tracks.folder import TrackSet

_ADDRESS = re.compile(r"[!-~]+")
_UCSC_NAME = re.compile(r"[a-z]+[A-Z]?[A-Za-z]*[0-9]+|GC[AF]_[0-9]{9}\.[0-9]+")


def folder_address(url: str) -> str:
    """The address of a folder on the web, as `--url` gives it, without a slash at its end.

    It is of printable ASCII, without a query or a fragment: names of files can follow it.

    Raises
    ------
    ArgumentError
        When it is none.
    """
    if not _is_folder_address(url):
        raise ArgumentError(
            "url",
            "expected where the folder will be on the web, such as https://example.org/tracks "
            f"(a space as %20), got {url!r}",
        )
    return url.rstrip("/")


def is_ucsc_name(name: str) -> bool:
    """Whether UCSC could call a genome so: `hg19`, `canFam3`, `GCA_009914755.4`."""
    return _UCSC_NAME.fullmatch(name) is not None


def _is_folder_address(url: str) -> bool:
    if not _ADDRESS.fullmatch(url) or {"?", "#"} & set(url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # such as half an IPv6 address, or a port that is no number
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


# Ids of the genomes that IGV hosts (igvteam/igv-data, genomes/web/web_genomes.txt).
_HOSTED = re.compile(
    "hs1|hg18|hg19|hg38|hg38_1kg|mm9|mm10|mm39|rn6|rn7|gorGor4|gorGor6|panTro4|panTro5|panTro6|"
    "macFas5|panPan2|canFam3|canFam4|canFam5|canFam6|bosTau8|bosTau9|susScr11|galGal6|danRer10|"
    "danRer11|ce10|ce11|dm3|dm6|sacCer3|tair10|ASM294v2|ASM985889v3"
)
SIZES_SUFFIX = ".chrom.sizes"  # IGV recognises such a file by it


@dataclass(frozen=True)
class Reference:
    """A genome as browsers name one.

    Parameters
    ----------
    kind
        `hosted`: IGV fetches it by its id; `fasta`: a file with its index beside it; `sizes`:
        names and lengths of chromosomes, without a sequence.
    name
        The id, or what the genome is called.
    path
        The file, absolute; None for a hosted one. That of `sizes` lies in the tracks folder, and
        is written by `write_sizes`.
    bgzipped
        Whether a FASTA file is compressed, and so has a second index (`.gzi`).
    """

    kind: Literal["hosted", "fasta", "sizes"]
    name: str
    path: Path | None = None
    bgzipped: bool = False


def is_hosted(name: str) -> bool:
    """Whether a name is known to be the id of a genome that IGV hosts: `hg19`, `canFam3`."""
    return _HOSTED.fullmatch(name) is not None


def find_reference(wanted: str | None, folder: Path, trackset: TrackSet) -> Reference:
    """The genome to show some tracks on; of a FASTA file, a missing index is made.

    Parameters
    ----------
    wanted
        An id or the path of a FASTA file: what IGV is known to host, or could be an id
        (`is_ucsc_name`) and is no file, is taken for an id. None: the tracks' assembly where IGV
        is known to host it, the lengths of the tracks' chromosomes otherwise.
    folder, trackset
        The tracks folder, and what it says.

    Raises
    ------
    InputError
        When there is no such file, it is no FASTA, no index lies beside it or can be made there,
        or it is of another assembly than the tracks.
    ArgumentError
        When the id is that of another assembly than the tracks', by its chromosomes' lengths.
    """
    if wanted is None:
        assembly = trackset.assembly
        if is_hosted(assembly):
            return Reference("hosted", assembly)
        slug = re.sub(r"[^A-Za-z0-9.-]+", "_", assembly).strip("_.") or "genome"
        return Reference("sizes", assembly or slug, folder.resolve() / f"{slug}{SIZES_SUFFIX}")
    path = Path(wanted)
    if is_hosted(wanted) or (is_ucsc_name(wanted) and not path.is_file()):
        if other := contradiction(trackset.chrom_sizes, wanted):
            raise ArgumentError("reference", f"{folder} is of {other}")
        return Reference("hosted", wanted)
    return _fasta(path, folder, trackset)


def check_sizes(reference: Reference, chrom_sizes: Mapping[str, int], force: bool) -> None:
    """Refuse what `write_sizes` would overwrite, unless it is the same.

    Raises
    ------
    InputError
        When another file lies there and `force` is not set, or a folder.
    """
    path = reference.path
    if reference.kind == "sizes" and path is not None:
        same = path.is_file() and path.read_bytes() == _sizes_text(chrom_sizes).encode()
        check_file(path, force or same, "the lengths of chromosomes")


def write_sizes(reference: Reference, chrom_sizes: Mapping[str, int]) -> None:
    """Write the file of a reference of kind `sizes`, complete or not at all.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    if reference.kind == "sizes" and reference.path is not None:
        write_text(reference.path, _sizes_text(chrom_sizes))


def _sizes_text(chrom_sizes: Mapping[str, int]) -> str:
    return "".join(f"{chrom}\t{size}\n" for chrom, size in chrom_sizes.items() if size)


def checked_fasta(path: Path, folder: Path, trackset: TrackSet) -> Path:
    """A FASTA file of the genome of some tracks, links followed; a missing index is made.

    Raises
    ------
    InputError
        When there is no such file, it is no FASTA, or is of another assembly than the tracks.
    """
    if not path.exists():
        raise InputError(
            path,
            "neither a file nor the id of a genome; expected a FASTA file, or hg19 or the like",
        )
    if path.is_dir():
        raise InputError(path, "is a folder; expected a FASTA file")
    path = path.resolve()  # as IGV does before it looks for an index
    sizes = Genome(path).chrom_sizes
    if sizes_fingerprint(sizes) != trackset.fingerprint:
        _check_chroms(path, sizes, folder, trackset.chrom_sizes)
    return path


def _fasta(path: Path, folder: Path, trackset: TrackSet) -> Reference:
    """A FASTA file, checked; IGV looks for indexes beside it only."""
    path = checked_fasta(path, folder, trackset)
    bgzipped = check_format(path)
    for suffix in (".fai", ".gzi") if bgzipped else (".fai",):
        index = path.with_name(f"{path.name}{suffix}")
        if not index.is_file():
            raise InputError(
                index, "is missing, and cannot be made there; browsers look for it beside the FASTA"
            )
    return Reference("fasta", named(path), path, bgzipped)


def _check_chroms(
    path: Path, sizes: Mapping[str, int], folder: Path, of_tracks: Mapping[str, int]
) -> None:
    """Refuse a genome that lacks a chromosome of the tracks, or has it with another length."""
    for chrom in sizes:  # a length is surer than a name
        if sizes[chrom] != of_tracks.get(chrom, sizes[chrom]):
            raise InputError(
                path,
                f"is {describe(sizes, chrom)}, but {folder} is of "
                f"{describe_other(of_tracks, chrom, sizes)}",
            )
    missing = first_names(chrom for chrom in of_tracks if chrom not in sizes)
    if missing:
        raise InputError(
            path,
            f"another genome than that of {folder}: it has {first_names(sizes)}, but no "
            f"{missing}, which the tracks have",
        )
