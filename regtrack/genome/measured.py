"""Measured peaks as users name them: a markers table, a folder, some files, or one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.marker_names import category_in, parts_in
from regtrack.genome.markers import Marker, as_known, read_markers
from regtrack.listing import names_and_rest
from regtrack.notes import note
from regtrack.paths import is_there, shown

_ENDING = re.compile(r"\.(?:narrowPeak|broadPeak|bed)(?:\.gz)?$", re.IGNORECASE)
_KINDS = ".narrowPeak, .broadPeak or .bed, plain or .gz"
# MACS writes NAME_peaks.narrowPeak and, beside it, the highest base of each peak and a table.
_MACS = re.compile(r"(?<=.)_(?:peaks|summits)$", re.IGNORECASE)
_SUMMITS = re.compile(r"_summits\.bed(?:\.gz)?$", re.IGNORECASE)
_OF_MACS = re.compile(r"(?:_peaks)?(?:\.xls|\.gappedPeak(?:\.gz)?)$", re.IGNORECASE)
_NARROW = 10  # bases, which no peak is


def read_measured(path: Path, category: str | None = None) -> tuple[Marker, ...]:
    """The markers whose measured peaks a path names.

    Of a table, its rows (`regtrack.genome.markers.read_markers`). Of a folder, or a pattern such as
    `peaks/*.narrowPeak.gz`, a marker for each peak file; of a peak file, one.

    Parameters
    ----------
    category
        Of the markers of files; without it, what their names tell.

    Raises
    ------
    InputError
        As `read_markers` and `markers_of_files`.
    OSError
        As `read_markers`.
    """
    return read_markers(path) if is_table(path) else markers_of_files([path], category)


def markers_of_files(paths: Sequence[Path], category: str | None = None) -> tuple[Marker, ...]:
    """A marker for each peak file of folders, of patterns, or that is named itself.

    Each is named after its file (`marker_name`); they stand in the order of their names.

    Parameters
    ----------
    category
        As `read_measured`.

    Raises
    ------
    InputError
        When a path has no peak file, or two files would be one marker.
    """
    files = {os.path.normpath(file): (path, file) for path in paths for file in _files(path)}
    by_name: dict[str, Path] = {}
    for path, file in sorted(files.values(), key=lambda pair: (marker_name(pair[1]), pair[1])):
        name = marker_name(file)
        if name in by_name:
            raise InputError(
                path, f"{by_name[name]} and {file} would both be the marker {name!r}; rename one"
            )
        by_name[name] = file
    return tuple(
        _marker(index, name, file, category) for index, (name, file) in enumerate(by_name.items())
    )


def tell_summits(path: Path, widths: Mapping[str, float]) -> None:
    """Say which files have peaks of a few bases: summits of peaks, where peaks are meant.

    Parameters
    ----------
    path
        What the user named the files by.
    widths
        Median bases of a peak, by name of each file that has any.
    """
    narrow = {name: width for name, width in widths.items() if width < _NARROW}
    if narrow:
        widest = max(narrow.values())
        bases = "1 base" if widest == 1 else f"{widest:g} bases"
        note(
            f"{path}: half of the peaks have {bases} or less in {names_and_rest(narrow)}: these "
            "look like summits; were *_peaks.narrowPeak meant?"
        )


def is_table(path: Path) -> bool:
    """Whether a path names a markers table, there or not; else it names peak files."""
    if is_there(path):
        return path.is_file() and not is_peak_file(path) and not _OF_MACS.search(path.name)
    return not re.search(r"[*?[]", str(path))


def marker_name(file: Path) -> str:
    """What the marker of a peak file is called: `a/K562.CTCF.bed.gz` is `K562.CTCF`.

    So is MACS's `K562.CTCF_peaks.narrowPeak`.
    """
    return shown(_MACS.sub("", _ENDING.sub("", file.name)))


def is_peak_file(path: Path) -> bool:
    """Whether a file has the name of a peak file."""
    return bool(_ENDING.search(path.name)) and not path.name.startswith(".")


def _files(path: Path) -> list[Path]:
    """The peak files of a folder, of a pattern, or the one that is named.

    Raises
    ------
    InputError
        When there is none.
    """
    if is_there(path):
        paths = list(path.iterdir()) if path.is_dir() else [path]
    else:
        paths = _matching(path)
    files = [file for file in paths if is_peak_file(file) and file.is_file()]
    peak_files = [file for file in files if not _SUMMITS.search(file.name)] or files
    if not peak_files:
        other = next((match[0] for file in paths if (match := _OF_MACS.search(file.name))), None)
        if other is not None:
            raise InputError(
                path,
                f"MACS's {other} is no peak file; expected its _peaks.narrowPeak or .broadPeak",
            )
        what = "holds" if is_there(path) else "matches"
        raise InputError(path, f"{what} no peak file; expected some that end in {_KINDS}")
    summits = sorted(file.name for file in set(files).difference(peak_files))
    if summits:
        note(f"{path}: summits are no peaks, and are left out: {names_and_rest(summits)}")
    others = sorted(file.name for file in paths if _OF_MACS.search(file.name))
    if others:
        note(f"{path}: no peak files, and left out: {names_and_rest(others)}")
    return peak_files


def _matching(pattern: Path) -> list[Path]:
    """Files that match. Only the part of the path that does not exist is read as a pattern."""
    root = next(parent for parent in pattern.parents if is_there(parent))
    inside = pattern.relative_to(root)
    # Python 3.13 takes it for `*`, older ones raise.
    if any("**" in part and part != "**" for part in inside.parts):
        raise InputError(pattern, "not a pattern of files: ** stands alone between slashes")
    return list(root.glob(str(inside)))


def _marker(index: int, name: str, file: Path, category: str | None) -> Marker:
    kind = category_in(name) if category is None else as_known(category.strip())
    try:
        return Marker(index, name, kind, *parts_in(name), str(file))
    except ValueError as error:
        raise InputError(file, str(error)) from None
