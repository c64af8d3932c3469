"""The file `dataset.json`: what a dataset folder holds; written last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import numpy.typing as npt

from regtrack.atomic import write_text
from regtrack.datasets.arrays import REMEDY
from regtrack.datasets.settings import SPLITS, TASKS
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.folders import file_sha256
from regtrack.genome.markers import Marker

FORMAT_VERSION = 1
CONTENTS = "dataset.json"
# Positions of a chromosome fit into 32 bits, in BigWig files as in the short task's bins.
_LONGEST = (1 << 32) - 1
_OF_WINDOWS = {"windows", "bases", "known", "dropped"}
_OF_SPLITS = {"windows", "bases", "known", "samples"}


class Dropped(TypedDict):
    """What was dropped for one reason."""

    windows: int
    bases: int


class Summary(TypedDict, total=False):
    """Counts and rates of a dataset, for people.

    `windows`, `bases`, `known` and `samples` are of each split, `dropped` of each reason, and
    `base_rates` of categories, then splits. A dataset without a genome has no windows.
    """

    windows: dict[str, int]
    bases: dict[str, int]
    known: dict[str, int]
    dropped: dict[str, Dropped]
    samples: dict[str, int]
    peaks: int
    base_rates: dict[str, dict[str, float]]
    without_peak_in_train: list[str]


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
        Path of its FASTA, relative to the folder, as `regtrack.paths.as_text`; or None.
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
        For an unknown task, a folder without markers, or what contradicts itself.
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
    summary: Summary
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"expected one of {', '.join(TASKS)} as task, got {self.task!r}")
        if not self.markers:
            raise ValueError("expected at least one marker")
        if self.task == "dense" and self.genome is None:
            raise ValueError("expected a genome, which the dense task needs")
        if not 0 < self.window <= _LONGEST:
            raise ValueError(f"expected a window of 1 or more bases, got {self.window}")
        for chrom, size in self.chrom_sizes.items():
            if not 0 <= size <= _LONGEST:
                raise ValueError(f"expected 0 to {_LONGEST:,} bases of {chrom}, got {size}")
        for chroms in self.unknown.values():
            for chrom in chroms:
                if chrom not in self.chrom_sizes:
                    raise ValueError(f"unknown on {chrom}, which is no chromosome of the genome")
        self._check_summary()
        for name in self.files:
            if name in {"", ".."} or Path(name).name != name:
                raise ValueError(f"expected the name of a file in the folder, got {name!r}")

    def _check_summary(self) -> None:
        """Check that what is counted for one split is counted for all."""
        missing = _OF_WINDOWS - self.summary.keys()
        if "windows" in self.summary and missing:
            raise ValueError(f"expected {min(missing)} beside windows in the summary")
        for name, counts in self.summary.items():
            if name in _OF_SPLITS and set(SPLITS) != set(cast("dict[str, int]", counts)):
                raise ValueError(f"expected {name} of {', '.join(SPLITS)} in the summary")

    @property
    def digest(self) -> str:
        """SHA-256 that names the content, wherever the folder and the FASTA lie."""
        named = self._identity()
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()

    def known(self) -> npt.NDArray[np.bool_]:
        """Per chromosome and marker, whether absence of a peak means something; bool."""
        known = np.ones((len(self.chrom_sizes), len(self.markers)), dtype=bool)
        numbers = {chrom: number for number, chrom in enumerate(self.chrom_sizes)}
        for row, marker in enumerate(self.markers):
            for chrom in self.unknown.get(marker.index, ()):
                known[numbers[chrom], row] = False
        return known

    def write(self, folder: Path) -> None:
        """Write `dataset.json`, with a checksum of every file that lies there."""
        files = {
            path.name: [path.stat().st_size, file_sha256(path)]
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
        contents = read_json(path, cls, FORMAT_VERSION)
        for name in contents.files:
            contents._check_size(folder / name)
            if name.endswith(".bed"):
                contents.check_file(folder / name)
        return contents

    def check_file(self, path: Path) -> None:
        """Compare a file of the folder with its checksum.

        Raises
        ------
        InputError
            When `dataset.json` does not list the file, or it was changed.
        """
        if path.name not in self.files:
            raise InputError(path.parent / CONTENTS, f"damaged (no {path.name} in it); {REMEDY}")
        if file_sha256(path) != self.files[path.name][1]:
            raise InputError(path, f"was changed after it was written; {REMEDY}")

    def _check_size(self, path: Path) -> None:
        size, _ = self.files[path.name]
        if not path.is_file():
            raise InputError(path, f"missing, though {CONTENTS} names it; {REMEDY}")
        if path.stat().st_size != size:
            raise InputError(
                path, f"has {path.stat().st_size:,} bytes, expected {size:,}; {REMEDY}"
            )

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
