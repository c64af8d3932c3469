"""What a tracks folder is, as text for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regtrack.genome.markers import describe_markers
from regtrack.genome.seen import NOT_STORED
from regtrack.genome.textfile import read_text
from regtrack.listing import counted, names_and_rest
from regtrack.paths import shell_word
from regtrack.run_summary import LeftOut, RunSummary
from regtrack.text_columns import named_lines
from regtrack.tracks.folder import CHANCE, FLAT, SEEN_FILES, TrackSet
from regtrack.tracks.repeats import FEWEST_MARKERS, REPEATS, RepeatCounts

# A genome may have 100,000 chromosomes.
_LISTED = 30
_STRETCHES = ("stretch", "stretches")


def describe_tracks(folder: Path) -> str:
    """A tracks folder in a screenful.

    Raises
    ------
    InputError
        As `TrackSet.read`.
    """
    trackset = TrackSet.read(folder)
    predicted = trackset.predicted(folder)
    size = sum(
        (folder / name).stat().st_size
        for track in trackset.tracks
        for name in (track.bigwig, track.peaks)
    )
    listed = list(predicted.items())[:_LISTED]
    more = len(predicted) - len(listed)
    lines = {
        "tracks": folder,
        "markers": describe_markers([track.marker for track in trackset.tracks]),
        "model": f"{trackset.model['architecture']}, trained on {trackset.model['assembly']}, "
        f"sha256 {trackset.model['sha256'][:16]}...",
        **trackset.credits,
        "genome": trackset.assembly,
        **(
            {"values": "a signal; max_error and floor are shares of each marker's range"}
            if trackset.is_signal
            else {}
        ),
        "settings": _settings(trackset.settings),
        "without peaks": "; ".join(peakless(trackset)) or "none",
        "predicted": f"{counted(sum(bases.bases for bases in predicted.values()), 'base')}",
        **{
            f"  {chrom}": f"{bases.bases:,} bases in {counted(len(bases), *_STRETCHES)} from "
            f"{bases.starts[0] + 1:,} to {bases.ends[-1]:,}"
            for chrom, bases in listed
        },
        **({"  ...": f"{more:,} more chromosomes"} if more else {}),
        "trained": _seen(trackset.seen_bases),
        "repeats": _repeats(trackset.repeats),
        "files": f"{2 * len(trackset.tracks)}, {size / 1e6:,.1f} MB "
        f"(e.g. {trackset.tracks[0].bigwig})",
        "next": f"regtrack browse {shell_word(folder)}, or eval, session, hub",
    }
    return named_lines(lines)


def summarise_written(
    trackset: TrackSet, folder: Path, *, genes: Path | None, is_scored: bool, can_score: bool
) -> RunSummary:
    """What a prediction wrote, and the commands that show or score it.

    Parameters
    ----------
    folder
        Where the tracks lie.
    genes
        Table of genes that the page needs to be told of; None for none.
    is_scored
        Whether a report lies beside the tracks.
    can_score
        Whether there are measured peaks to score them by.

    Raises
    ------
    InputError, OSError
        When a file of the folder cannot be read.
    """
    tracks, page = trackset.tracks, folder / "report.html"
    lines = [
        f"{folder}: {counted(len(tracks), 'BigWig file')} in bigwig/, peaks in peaks/",
        *(f"without peaks: {line}" for line in peakless(trackset)),
        *([f"{page}: how good they are, beside report.tsv and report.json"] if is_scored else []),
    ]
    return RunSummary(
        "\n".join(lines),
        written=(folder,),
        counts=_counts(trackset, folder),
        left_out=[
            LeftOut.named(
                "peaks of markers",
                reason,
                [track.marker.name for track in tracks if track.no_peaks == reason],
            )
            for reason in (CHANCE, FLAT)
        ],
        following=_following(folder, genes, can_score and not is_scored),
    )


def count_tracks(folder: Path) -> dict[str, int]:
    """Predicted bases, markers, called peaks, and bytes of their files.

    Raises
    ------
    InputError, OSError
        When a file of the folder cannot be read.
    """
    return _counts(TrackSet.read(folder), folder)


def _counts(trackset: TrackSet, folder: Path) -> dict[str, int]:
    tracks = trackset.tracks
    return {
        "bases": sum(bases.bases for bases in trackset.predicted(folder).values()),
        "markers": len(tracks),
        "peaks": sum(read_text(folder / track.peaks).count("\n") for track in tracks),
        "bytes": sum((folder / name).stat().st_size for one in tracks for name in one.files),
    }


def _following(folder: Path, genes: Path | None, can_score: bool) -> list[str]:
    word = shell_word(folder)
    by_name = f" --genes {shell_word(genes)}" if genes else ""
    return [
        f"look at them:  regtrack browse {word}{by_name}",
        f"  in IGV:      regtrack session {word}",
        f"  at UCSC:     regtrack hub {word} --url https://... --email ...",
        *([f"score them:    regtrack eval {word}"] if can_score else []),
    ]


def _settings(settings: Mapping[str, Any]) -> str:
    """Those that were given, and of thresholds also that none was; others went by themselves."""
    options = {key: value for key, value in settings.items() if value is not None}
    if "peak_threshold" in settings:
        options.setdefault("peak_threshold", "each marker's own")
    return ", ".join(f"{key} {value}" for key, value in options.items())


def _seen(bases: Mapping[str, int] | None) -> str:
    """How many of the predicted bases the training has seen, and where it stands which."""
    if bases is None:
        return NOT_STORED
    return (
        f"{bases['train']:,} of these bases ({SEEN_FILES['train']}); "
        f"validated on {bases['valid']:,} ({SEEN_FILES['valid']})"
    )


def _repeats(counts: RepeatCounts | None) -> str:
    """What was found of tandem repeats in which most markers have peaks, and where it stands."""
    if counts is None:
        return f"not looked at (fewer than {FEWEST_MARKERS} markers with peaks, or an older folder)"
    return f"{counts.describe()} ({REPEATS})"


def peakless(trackset: TrackSet) -> list[str]:
    """Which tracks have no peaks, by reason, and which nothing but one value; a line each."""
    tracks, lines = trackset.tracks, []
    for reason in CHANCE, FLAT:
        names = [track.marker.name for track in tracks if track.no_peaks == reason]
        if names:
            lines.append(f"{len(names):,}, {reason}: {names_and_rest(names)}")
    empty = [
        track.marker.name
        for track in tracks
        if track.summary
        and track.summary.covered <= 1
        and track.summary.highest <= trackset.least_meaning(track)
    ]
    if empty:
        lines.append(
            f"{len(empty):,} under the floor everywhere (each has one value, so that browsers open "
            f"its file): {names_and_rest(empty)}"
        )
    return lines
