"""What a dataset is prepared from, and how; checked before any file is read.

Knows no heavy library, so that a command's help can show the defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from regtrack.errors import ArgumentError
from regtrack.genome.short_input import BIN
from regtrack.paths import named, region_named

SPLITS = ("train", "valid", "test")
TASKS = ("dense", "short")
DEFAULT_SPLIT = "80,10,10"

# What does not apply to a dataset that comes with its inputs and splits.
_NOT_WITH_DEEPSEA = ("mappability", "train", "valid", "test", "split", "unknown")


@dataclass(frozen=True)
class PrepareSettings:
    """The input and the settings of `regtrack prepare`.

    Parameters
    ----------
    peaks
        Measured peaks, as `regtrack.genome.measured.read_measured`; with `deepsea` a markers table.
    genome
        FASTA, plain or bgzip; None only with `deepsea`.
    task
        `dense` (labels of every base of a window) or `short` (one label of each marker per
        1,000-base input).
    markers
        Patterns; none selects all markers.
    exclude
        BED files of regions to keep out of windows.
    mappability, min_mappability
        BigWig; bases with a lower value, or none, are excluded too.
    window
        Bases per window, and the step of the grid on which windows lie.
    max_unknown, max_excluded
        Largest share of a window that may be N, or excluded.
    train, valid, test
        Regions, BED files or lists of chromosomes; none of all three splits at random.
    split
        Shares of a random split, such as `80,10,10`; None is that, where no region is given.
    seed
        Of the random split.
    unknown
        `PATTERN=chr1,chr8`: chromosomes on which absence of a peak of these markers says
        nothing.
    assembly
        Name of the genome; None takes the FASTA's name.
    deepsea
        Folder with the published `train.mat`, `valid.mat` and `test.mat`.
    clip
        As `regtrack.genome.bed.Rules`, for all BED files.

    Raises
    ------
    ArgumentError
        For a value out of range, or options that exclude each other.
    """

    peaks: Path
    genome: Path | None = None
    task: str = "dense"
    markers: Sequence[str] = ()
    exclude: Sequence[Path] = ()
    mappability: Path | None = None
    min_mappability: float = 1.0
    window: int = 25_000
    max_unknown: float = 0.1
    max_excluded: float = 0.1
    train: Sequence[str] = ()
    valid: Sequence[str] = ()
    test: Sequence[str] = ()
    split: str | None = None
    seed: int = 0
    unknown: Sequence[str] = ()
    assembly: str | None = None
    deepsea: Path | None = None
    clip: bool = False

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ArgumentError("task", f"expected one of {', '.join(TASKS)}, got {self.task!r}")
        if self.deepsea is not None:
            self._check_deepsea()
            return
        if self.genome is None:
            raise ArgumentError("genome", "missing; only --deepsea needs no FASTA")
        if self.window < 1:
            raise ArgumentError("window", f"expected 1 or more, got {self.window}")
        if self.task == "short" and self.window % BIN:
            raise ArgumentError("window", f"expected a multiple of {BIN} with --task short")
        for name in ("max_unknown", "max_excluded"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ArgumentError(name, f"expected 0 to 1, got {share}")
        if self.by_region:
            if self.split is not None:
                raise ArgumentError("split", "splits at random; not together with regions")
            if not self.valid:
                raise ArgumentError("valid", "missing; --train and --test need it")
        else:
            self.shares()

    def _check_deepsea(self) -> None:
        if self.task != "short":
            raise ArgumentError("task", "expected short with --deepsea")
        for name in _NOT_WITH_DEEPSEA:
            if getattr(self, name):
                raise ArgumentError(name, "not with --deepsea, whose inputs and splits are given")

    @property
    def by_region(self) -> bool:
        """Whether regions split the windows, rather than chance."""
        return bool(self.train or self.valid or self.test)

    def shares(self) -> tuple[Fraction, ...]:
        """Shares of train, valid and test in a random split; they add up to 1.

        Raises
        ------
        ArgumentError
            Unless there are three, all above 0.
        """
        text = self.split or DEFAULT_SPLIT
        try:
            parts = tuple(Fraction(part.strip()) for part in text.split(","))
        except (ValueError, ZeroDivisionError):
            parts = ()
        if len(parts) != len(SPLITS) or min(parts) <= 0:
            raise ArgumentError(
                "split", f"expected three numbers above 0, such as {DEFAULT_SPLIT}, got {text!r}"
            )
        return tuple(part / sum(parts) for part in parts)

    def to_json(self) -> dict[str, Any]:
        """As `dataset.json` keeps it: what differs from the defaults; of files, their names."""
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: _plain(value) for name, value in asdict(self).items() if value != defaults[name]
        }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Path):
        return named(value)
    return region_named(value) if isinstance(value, str) else value
