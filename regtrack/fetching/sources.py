"""Where everything is published, and under what name it is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from regtrack.errors import ArgumentError
from regtrack.genome.gene_tables import GeneTable, file_of
from regtrack.genome.markers import Marker

Kind = Literal["genome", "genes", "exclude", "peaks", "model"]
Form = Literal["sizes", "gzip", "fasta", "weights"]

ASSEMBLY = "hg19"
EXCLUDE_FOLDER = "exclude"
PEAKS_FOLDER = "peaks"
MARKERS_TABLE = "markers.tsv"
KINDS: tuple[Kind, ...] = ("genome", "genes", "exclude", "peaks", "model")
MODELS_FOLDER = "models"

_GOLDEN_PATH = "https://hgdownload.soe.ucsc.edu/goldenPath"
_MAPABILITY = f"{_GOLDEN_PATH}/hg19/encodeDCC/wgEncodeMapability"
_ENCODE = "https://www.encodeproject.org/files"


@dataclass(frozen=True)
class Source:
    """A file that can be fetched.

    Parameters
    ----------
    path
        Its path in the folder of the assembly, or of the models.
    url
        Where it is published.
    kind
        `genome`, `genes`, `exclude`, `peaks` or `model`.
    form
        `gzip`; `fasta`, which is gzip and is kept as bgzip with its index; `sizes`, a text; or
        `weights`, which torch reads.
    md5
        As it was published elsewhere; None where the server itself may publish it.
    """

    path: str
    url: str
    kind: Kind
    form: Form
    md5: str | None = None


# Where reads mislead, whatever the cell; of hg19 also stretches that reads cannot be assigned to.
EXCLUDE = {
    "hg19": tuple(
        Source(f"{EXCLUDE_FOLDER}/{name}", f"{_MAPABILITY}/{name}", "exclude", "gzip")
        for name in (
            "wgEncodeDacMapabilityConsensusExcludable.bed.gz",
            "wgEncodeDukeMapabilityRegionsExcludable.bed.gz",
        )
    ),
    **{
        assembly: (
            Source(
                f"{EXCLUDE_FOLDER}/{accession}.bed.gz",
                f"{_ENCODE}/{accession}/@@download/{accession}.bed.gz",
                "exclude",
                "gzip",
            ),
        )
        for assembly, accession in (("hg38", "ENCFF356LFX"), ("mm10", "ENCFF547MET"))
    },
}

# Weights that may be passed on, by the name of the network.
MODELS = {
    "deepsea": Source(
        "deepsea_predict.pth",
        "https://zenodo.org/record/1466993/files/deepsea_predict.pth?download=1",
        "model",
        "weights",
        "89e640bf6bdbe1ff165f484d9796efc7",
    )
}


def genome_file(assembly: str) -> str:
    """The name of a genome's sequence, at UCSC and in the cache folder of its assembly."""
    return f"{assembly}.fa.gz"


def genome_sources(assembly: str) -> tuple[Source, ...]:
    """The sequence of an assembly and the lengths of its chromosomes, as UCSC publishes them.

    Raises
    ------
    ArgumentError
        When no assembly of UCSC can be called so.
    """
    folder = f"{_of_ucsc(assembly)}/bigZips"
    sequence, lengths = genome_file(assembly), f"{assembly}.chrom.sizes"
    return (
        Source(sequence, f"{folder}/{sequence}", "genome", "fasta"),
        Source(lengths, f"{folder}/{lengths}", "genome", "sizes"),
    )


def gene_source(assembly: str, table: GeneTable) -> Source:
    """A gene table of an assembly, which UCSC publishes as a dump of its database.

    Raises
    ------
    ArgumentError
        When no assembly of UCSC can be called so.
    """
    name = file_of(table)
    return Source(name, f"{_of_ucsc(assembly)}/database/{name}", "genes", "gzip")


def exclude_sources(assembly: str) -> tuple[Source, ...]:
    """The regions of an assembly where reads mislead, as ENCODE found them.

    Raises
    ------
    ArgumentError
        When none are known of it.
    """
    if assembly not in EXCLUDE:
        raise ArgumentError(
            "assembly",
            f"no regions to exclude are known of {assembly!r}; of {', '.join(EXCLUDE)} there are",
        )
    return EXCLUDE[assembly]


def _of_ucsc(assembly: str) -> str:
    """Where UCSC keeps what it has of an assembly."""
    if not re.fullmatch(r"[a-z][A-Za-z]*\d+", assembly):
        raise ArgumentError(
            "assembly", f"expected an assembly as UCSC names it (hg38, mm10), got {assembly!r}"
        )
    return f"{_GOLDEN_PATH}/{assembly}"


def kinds_of(assembly: str) -> tuple[Kind, ...]:
    """What there is of an assembly."""
    exclude: tuple[Kind, ...] = ("exclude",) if assembly in EXCLUDE else ()
    peaks: tuple[Kind, ...] = ("peaks",) if assembly == ASSEMBLY else ()
    return ("genome", "genes", *exclude, *peaks)


def absent(assembly: str) -> str:
    """What there is not, a line each; empty where there is all."""
    there = kinds_of(assembly)
    lines = {
        "exclude": f"exclude: no regions are known of {assembly}",
        "peaks": f"peaks: those of the 919 markers are of {ASSEMBLY}; name your own with --peaks",
    }
    return "\n".join(line for kind, line in lines.items() if kind not in there)


def peak_sources(markers: Sequence[Marker]) -> tuple[Source, ...]:
    """The peak file of each marker of the catalogue."""
    return tuple(
        Source(peaks_path(marker), marker.extra["url"], "peaks", "gzip") for marker in markers
    )


def peaks_path(marker: Marker) -> str:
    """Where a marker's peaks are kept, in the folder of the assembly."""
    return f"{PEAKS_FOLDER}/{marker.slug}.narrowPeak.gz"
