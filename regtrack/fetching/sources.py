"""Where everything is published, and under what name it is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from regtrack.errors import OptionError
from regtrack.genome.gene_tables import GeneTable, file_of
from regtrack.genome.markers import Marker

Kind = Literal["genome", "genes", "exclude", "peaks", "model"]
Form = Literal["sizes", "gzip", "fasta", "weights"]

ASSEMBLY = "hg19"
GENOME_FILE = f"{ASSEMBLY}.fa.gz"
EXCLUDE_FOLDER = "exclude"
PEAKS_FOLDER = "peaks"
MARKERS_TABLE = "markers.tsv"
KINDS: tuple[Kind, ...] = ("genome", "genes", "exclude", "peaks", "model")
MODELS_FOLDER = "models"

_GOLDEN_PATH = "https://hgdownload.soe.ucsc.edu/goldenPath"
_UCSC = f"{_GOLDEN_PATH}/{ASSEMBLY}"
_LENGTHS = f"{ASSEMBLY}.chrom.sizes"
_MAPABILITY = f"{_UCSC}/encodeDCC/wgEncodeMapability"


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


GENOME = (
    Source(GENOME_FILE, f"{_UCSC}/bigZips/{GENOME_FILE}", "genome", "fasta"),
    Source(_LENGTHS, f"{_UCSC}/bigZips/{_LENGTHS}", "genome", "sizes"),
)
# Signal artifacts, whatever the cell, and stretches that reads cannot be assigned to.
EXCLUDE = tuple(
    Source(f"{EXCLUDE_FOLDER}/{name}", f"{_MAPABILITY}/{name}", "exclude", "gzip")
    for name in (
        "wgEncodeDacMapabilityConsensusExcludable.bed.gz",
        "wgEncodeDukeMapabilityRegionsExcludable.bed.gz",
    )
)

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


def gene_source(assembly: str, table: GeneTable) -> Source:
    """A gene table of an assembly, which UCSC publishes as a dump of its database.

    Parameters
    ----------
    assembly
        As UCSC calls it.

    Raises
    ------
    OptionError
        When no assembly of UCSC can be called so.
    """
    if not re.fullmatch(r"[a-z][A-Za-z]*\d+", assembly):
        raise OptionError(
            "ASSEMBLY", f"expected an assembly as UCSC names it (hg38, mm10), got {assembly!r}"
        )
    name = file_of(table)
    return Source(name, f"{_GOLDEN_PATH}/{assembly}/database/{name}", "genes", "gzip")


def peak_sources(markers: Sequence[Marker]) -> tuple[Source, ...]:
    """The peak file of each marker of the catalogue."""
    return tuple(
        Source(peaks_path(marker), marker.extra["url"], "peaks", "gzip") for marker in markers
    )


def peaks_path(marker: Marker) -> str:
    """Where a marker's peaks are kept, in the folder of the assembly."""
    return f"{PEAKS_FOLDER}/{marker.slug}.narrowPeak.gz"
