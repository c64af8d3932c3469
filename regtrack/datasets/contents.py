"""The file `dataset.json`: what a dataset folder holds; written last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regtrack.atomic import write_text
from regtrack.datasets.settings import TASKS
from regtrack.errors import InputError
from regtrack.genome.markers import Marker

FORMAT_VERSION = 1
CONTENTS = "dataset.json"
_ANEW = "regtrack prepare makes it anew"
_PIECE = 1 << 24


@dataclass(frozen=True)
class Contents:
    """What `dataset.json` says.

    Parameters
    ----------
    task
        `dense` or `short`.
    assembly
        Name of the genome.
    chrom_sizes
        Of the genome, in its order; empty where the inputs came without one.
    genome
        Path of its FASTA, or None.
    sequence
        SHA-256 of the sequence of the validation windows (`Genome.digest`), or None.
    window
        Bases that the network reads at once.
    markers
        In the order of the labels.
    unknown
        Chromosomes on which absence of a peak says nothing, by `Marker.index`.
    settings
        What it was prepared with.
    summary
        Counts and rates, for people.
    files
        Per file of the folder, its bytes and SHA-256.

    Raises
    ------
    ValueError
        For an unknown task, or a folder without markers.
    """

    task: str
    assembly: str
    chrom_sizes: Mapping[str, int]
    genome: str | None
    sequence: str | None
    window: int
    markers: tuple[Marker, ...]
    unknown: Mapping[int, tuple[str, ...]]
    settings: Mapping[str, Any]
    summary: Mapping[str, Any]
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"expected one of {', '.join(TASKS)} as task, got {self.task!r}")
        if not self.markers:
            raise ValueError("expected at least one marker")

    @property
    def digest(self) -> str:
        """SHA-256 that names the content, wherever the folder and the FASTA lie."""
        named = self._identity()
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()

    def known(self) -> npt.NDArray[np.bool_]:
        """Per chromosome and marker, whether absence of a peak means something; bool."""
        known = np.ones((len(self.chrom_sizes), len(self.markers)), dtype=bool)
        chroms = list(self.chrom_sizes)
        for row, marker in enumerate(self.markers):
            for chrom in self.unknown.get(marker.index, ()):
                known[chroms.index(chrom), row] = False
        return known

    def write(self, folder: Path) -> None:
        """Write `dataset.json`, with a checksum of every file that lies there."""
        files = {
            path.name: [path.stat().st_size, _sha256(path)]
            for path in sorted(folder.iterdir())
            if path.name != CONTENTS
        }
        record = {
            "format": FORMAT_VERSION,
            "task": self.task,
            "assembly": self.assembly,
            "chrom_sizes": dict(self.chrom_sizes),
            "genome": self.genome,
            "sequence": self.sequence,
            "window": self.window,
            "unknown": {str(index): list(chroms) for index, chroms in self.unknown.items()},
            "settings": dict(self.settings),
            "summary": dict(self.summary),
            "files": files,
            "markers": [marker.to_json() for marker in self.markers],
        }
        write_text(folder / CONTENTS, json.dumps(record, indent=1, allow_nan=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Contents:
        """Read `dataset.json`, and check that the files it names are there and whole.

        Raises
        ------
        InputError
            When the folder is no dataset, is of a newer format, or was damaged.
        OSError
            When it cannot be read.
        """
        path = folder / CONTENTS
        if folder.is_file():
            raise InputError(folder, "is a file; expected a dataset folder")
        if not path.is_file():
            raise InputError(folder, f"not a dataset (no {CONTENTS}); regtrack prepare makes one")
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            version = int(record["format"])
            if version > FORMAT_VERSION:
                raise InputError(
                    path,
                    f"written in format {version}; this regtrack reads up to {FORMAT_VERSION}: "
                    "please update it",
                )
            names = ("task", "assembly", "chrom_sizes", "genome", "sequence", "window")
            found = cls(
                **{name: record[name] for name in (*names, "settings", "summary")},
                markers=tuple(map(Marker.from_json, record["markers"])),
                unknown={int(key): tuple(value) for key, value in record["unknown"].items()},
                files={name: (int(size), sha) for name, (size, sha) in record["files"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(path, f"damaged ({error!r})") from error
        for name in found.files:
            found._check_file(folder / name)
        return found

    def _check_file(self, path: Path) -> None:
        """Size of every file, checksum of the tables: arrays would take long to read."""
        size, sha256 = self.files[path.name]
        if not path.is_file():
            raise InputError(path, f"missing, though {CONTENTS} names it; {_ANEW}")
        if path.stat().st_size != size:
            raise InputError(path, f"has {path.stat().st_size:,} bytes, expected {size:,}; {_ANEW}")
        if path.suffix == ".bed" and _sha256(path) != sha256:
            raise InputError(path, f"was changed after it was written; {_ANEW}")

    def _identity(self) -> dict[str, Any]:
        markers = [marker.to_json() | {"file": ""} for marker in self.markers]
        unknown = {str(index): list(chroms) for index, chroms in self.unknown.items()}
        return {
            "task": self.task,
            "assembly": self.assembly,
            "chrom_sizes": list(self.chrom_sizes.items()),
            "sequence": self.sequence,
            "window": self.window,
            "markers": markers,
            "unknown": unknown,
            "files": {name: sha256 for name, (_, sha256) in self.files.items()},
        }


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
    return total.hexdigest()
