"""What a run of `fetch` found and did, and the text that reports it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from regtrack.errors import RegtrackError
from regtrack.fetching.sources import (
    EXCLUDE_FOLDER,
    KINDS,
    MARKERS_TABLE,
    PEAKS_FOLDER,
    Kind,
    Source,
)
from regtrack.listing import counted, names_and_rest
from regtrack.run_summary import RunSummary

_SHOWN = 5
# Whoever wants one gene can do without the table of all.
_INSTEAD_OF_GENES = (
    "; or do without: a place such as chr22:21,330,001-21,361,000 is a region, too, and --genes "
    "takes a BED file of a few genes of your own"
)


@dataclass(frozen=True)
class Planned:
    """A file of the run, and why it has to be fetched; None where it is there already."""

    source: Source
    problem: str | None


@dataclass(frozen=True)
class Report:
    """Where each file is, and what became of it.

    Parameters
    ----------
    folder
        The folder of the assembly, or of the models.
    planned
        Every requested file, as it was found.
    failed
        Why a file is not there, by its path.
    mended
        Indexes that were made again.
    sizes
        Bytes, by path; None where nobody told.
    unreachable
        Hosts that told nothing as they cannot be reached, or the addresses there, by path.
    refused
        Paths of files that the server does not have or give, and will not the next time.
    """

    folder: Path
    planned: Sequence[Planned]
    failed: Mapping[str, str] = field(default_factory=dict)
    mended: Sequence[str] = ()
    sizes: Mapping[str, int | None] = field(default_factory=dict)
    unreachable: Mapping[str, str] = field(default_factory=dict)
    refused: Collection[str] = ()

    def of(self, kind: Kind) -> list[Planned]:
        """The files of one kind."""
        return [file for file in self.planned if file.source.kind == kind]

    def where(self, kind: Kind) -> Path:
        """The path to name to a user."""
        names = {"exclude": EXCLUDE_FOLDER, "peaks": MARKERS_TABLE}
        return self.folder / names.get(kind, self.of(kind)[0].source.path)

    def check(self) -> None:
        """Raise `RegtrackError`, in one line, when a file is not there."""
        if self.failed:
            others = len(self.failed) < len(self.planned)
            may_come = not self.failed.keys() <= set(self.refused)
            raise RegtrackError(
                f"{len(self.failed):,} of {counted(len(self.planned), 'file')} not fetched"
                f"{'; the others are in place' if others else ''}"
                f"{': run it again' if may_come else ''}"
                f"{' for the rest' if may_come and others else ''}{self._without_internet()}"
            )

    def _without_internet(self) -> str:
        """How to continue where a host cannot be reached; empty where all can be."""
        lost = [file.source for file in self.planned if file.source.path in self.unreachable]
        if not lost:
            return ""
        first = lost[0]
        option = {
            "genome": "gunzip it and name it with --genome FILE",
            "genes": f"name it with --genes FILE or put it at {self.folder / first.path}",
            "exclude": "name it with --exclude FILE",
            "peaks": "name their folder with --peaks FOLDER",
            "model": "regtrack import deepsea FILE --out deepsea.safetensors",
        }[first.kind]
        instead = _INSTEAD_OF_GENES if first.kind == "genes" else ""
        return f"; without internet here, download {first.url} elsewhere, and {option}{instead}"


def check_offline(planned: Sequence[Planned], folder: Path) -> None:
    """Raise `RegtrackError` when something would have to be fetched, naming it."""
    wrong = [file for file in planned if file.problem is not None]
    if wrong:
        names = [
            file.source.path + ("" if file.problem == "missing" else f" ({file.problem})")
            for file in wrong
        ]
        raise RegtrackError(
            f"{folder}: {len(wrong):,} of {counted(len(planned), 'file')} not there: "
            f"{names_and_rest(names)}; without --offline they are fetched"
        )


def check_made(wrong: Sequence[str], folder: Path) -> None:
    """Raise `RegtrackError` when a file made from fetched ones is missing or changed."""
    if wrong:
        raise RegtrackError(
            f"{folder}: missing or changed: {names_and_rest(wrong)}; without --offline made again, "
            "of what is there"
        )


def describe_plan(report: Report) -> str:
    """What would be fetched, how much it is, and where it would lie."""
    lines = []
    for kind in _kinds(report):
        files = report.of(kind)
        wanted = [file.source for file in files if file.problem is not None]
        there = f", {len(files) - len(wanted):,} there already" if len(wanted) < len(files) else ""
        lines.append(
            f"{kind}: {counted(len(wanted), 'file')} to fetch ({_total(report, wanted)}"
            f"{_why_unknown(report, wanted)}){there}: "
            f"{report.folder / PEAKS_FOLDER if kind == 'peaks' else report.where(kind)}"
        )
        if len(wanted) <= _SHOWN:
            lines += [f"  {source.url} ({_total(report, [source])})" for source in wanted]
    return "\n".join(lines)


def describe_report(report: Report) -> str:
    """What is where now."""
    lines = []
    again = [
        f"{file.source.path} ({file.problem})"
        for file in report.planned
        if file.problem not in (None, "missing") and file.source.path not in report.failed
    ]
    if again:
        lines.append(f"fetched again: {names_and_rest(again)}")
    if report.mended:
        lines.append(f"indexed again: {', '.join(report.mended)}")
    for kind in _kinds(report):
        files = report.of(kind)
        good = [file for file in files if file.source.path not in report.failed]
        if not good:
            continue
        new = sum(file.problem is not None for file in good)
        lines.append(
            f"{kind}: {counted(len(good), 'file')} ({new:,} new, "
            f"{_total(report, [file.source for file in good])}): {report.where(kind)}"
        )
    return "\n".join(lines)


def summarise_report(
    report: Report, text: str, made: Sequence[Path] = (), following: Sequence[str] = ()
) -> RunSummary:
    """What is where now, or would be, with the text that says so.

    Parameters
    ----------
    made
        What was made of the files, in their stead.
    following
        What comes next.
    """
    new = [file.source for file in report.planned if file.problem is not None]
    return RunSummary(
        text,
        written=made or [report.where(kind) for kind in _kinds(report)],
        counts={
            "files": len(report.planned),
            "new": len(new),
            "bytes": sum(report.sizes.get(source.path) or 0 for source in new),
        },
        following=following,
    )


def describe_failures(report: Report) -> str:
    """The first few files that are not there, a line each."""
    lines = [f"{path}: {why}" for path, why in sorted(report.failed.items())]
    more = [f"and {len(lines) - _SHOWN:,} more"] if len(lines) > _SHOWN else []
    return "\n".join([*lines[:_SHOWN], *more])


def _kinds(report: Report) -> list[Kind]:
    return [kind for kind in KINDS if report.of(kind)]


def _total(report: Report, sources: Sequence[Source]) -> str:
    """Bytes of some files, and of how many they are not known."""
    sizes = [report.sizes.get(source.path) for source in sources]
    known = [size for size in sizes if size is not None]
    unknown = len(sizes) - len(known)
    if unknown and not known:
        return "size unknown"
    return f"{_bytes(sum(known))}{f', {unknown:,} of unknown size' if unknown else ''}"


def _why_unknown(report: Report, sources: Sequence[Source]) -> str:
    """Which hosts did not tell sizes, if it is because of that."""
    hosts = {report.unreachable.get(source.path) for source in sources} - {None}
    return f", as {', '.join(sorted(map(str, hosts)))} cannot be reached" if hosts else ""


def _bytes(number: int) -> str:
    """`948.7 MB`."""
    size = float(number)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{number} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
