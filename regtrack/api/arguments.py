"""Arguments as Python passes them, and errors that call them by their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import index
from pathlib import Path
from typing import TypeAlias, cast

from regtrack.errors import ArgumentError, RegtrackError
from regtrack.genome.intervals import Interval
from regtrack.listing import counted
from regtrack.paths import expanded

PathLike: TypeAlias = str | os.PathLike[str]

# As typed on the command line (`chr22:1,000-2,000`, 1-based, both ends included), or chromosome,
# start and end, 0-based and half-open.
Region: TypeAlias = str | tuple[str, int, int]

# One or several; also BED files.
Regions: TypeAlias = Region | PathLike | Iterable[Region | PathLike]

Patterns: TypeAlias = str | Iterable[str]

_FLAGS = {"any_genome", "clip", "force", "include_training"}
_OTHER_NAMES = {"region": "regions"}
# What is to be typed in a shell stays as it is, up to the next stop.
_OPTION = re.compile(r"\bregtrack [^;,)]*|(?<![\w-])--[a-z]+(?:-[a-z]+)*")

# Too long a word of bases for the name of a file.
_SEQUENCE = re.compile(r"[ACGTN\s]{50,}", re.IGNORECASE)

# Whose code is to run, Python says when it loads a model.
_NETWORKS = re.compile(r"--networks (.+)\Z")


@contextmanager
def naming_arguments() -> Iterator[None]:
    """Let messages speak of arguments where they would tell users what to type."""
    try:
        yield
    except ArgumentError as error:
        raise ArgumentError(error.argument, _in_python(error.problem)) from None
    except RegtrackError as error:
        error.args = tuple(
            _in_python(text) if isinstance(text, str) else text for text in error.args
        )
        raise


def _in_python(text: str) -> str:
    """A message with `any_genome=True` for `--any-genome`, and `max_error` for `--max-error`."""
    text = _NETWORKS.sub(r'load_model(..., networks="\1")', text)
    return _OPTION.sub(lambda match: _said(match[0]), text)


def _said(option: str) -> str:
    if not option.startswith("--"):
        return option
    name = option.removeprefix("--").replace("-", "_")
    name = _OTHER_NAMES.get(name, name)
    return f"{name}=True" if name in _FLAGS else name


def typed(region: Region, argument: str) -> str:
    """A region as users type it, which is how everything below takes it.

    Parameters
    ----------
    argument
        Its name, for the message.

    Raises
    ------
    ArgumentError
        For anything else than text or a chromosome, start and end.
    """
    if isinstance(region, str):
        return region
    expected = (
        "expected 'chr22:1,001-2,000' or ('chr22', 1000, 2000), which has 0 <= start < end, "
        f"got {region!r}"
    )
    try:
        chrom, *ends = region
        start, end = (index(end) for end in ends)
        return str(Interval(str(chrom), start, end))
    except TypeError:
        if isinstance(region, Iterable):
            expected = f"expected whole numbers as start and end, got {region!r}"
        raise ArgumentError(argument, expected) from None
    except ValueError:
        raise ArgumentError(argument, expected) from None


def typed_regions(regions: Regions) -> list[str]:
    """One region or several, as `typed`; three in a tuple are one where the second is a number."""
    is_single = isinstance(regions, str | os.PathLike) or _is_interval(regions)
    several = cast("Iterable[Region | PathLike]", [regions] if is_single else regions)
    return [_region_or_file(region) for region in several]


def _region_or_file(region: Region | PathLike) -> str:
    if isinstance(region, os.PathLike) or (isinstance(region, str) and region.startswith("~")):
        return str(path_of(region))
    return typed(region, "regions")


def _is_interval(regions: object) -> bool:
    if not isinstance(regions, tuple) or len(regions) != 3:
        return False
    return not isinstance(regions[1], str | tuple)


def patterns_of(patterns: Patterns | None) -> tuple[str, ...]:
    """Patterns of markers: none, one, or several."""
    if patterns is None:
        return ()
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)


def path_of(path: PathLike) -> Path:
    """A path that stays the same when the working folder changes; `~` is a home folder."""
    return expanded(os.fspath(path)).absolute()


def genome_path(genome: object) -> Path:
    """The same, of a FASTA file.

    Raises
    ------
    ArgumentError
        For a sequence, or anything else that is no path.
    """
    if not isinstance(genome, str | os.PathLike):
        got = type(genome).__name__
    elif isinstance(genome, str) and _SEQUENCE.fullmatch(genome):
        got = f"a sequence of {counted(len(genome), 'letter')}"
    else:
        return path_of(genome)
    raise ArgumentError(
        "genome", f"expected the path of a FASTA file, got {got}; write sequences into one"
    )


def optional_path(path: PathLike | None) -> Path | None:
    """The same, of what need not be given."""
    return None if path is None else path_of(path)


def paths_of(paths: PathLike | Iterable[PathLike]) -> tuple[Path, ...]:
    """The same, of one path or several."""
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    return tuple(path_of(path) for path in several)


def check_counts(**counts: int | None) -> None:
    """Refuse what is no number of things, by the name of its argument; None is the default.

    Raises
    ------
    ArgumentError
        For anything but a whole number of 1 or more.
    """
    for name, count in counts.items():
        if count is not None and (not isinstance(count, int) or count < 1):
            raise ArgumentError(name, f"expected a whole number of 1 or more, got {count!r}")
