"""The job behind `regtrack hub`: a tracks folder in, a UCSC track hub of it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.atomic import replacing, write_text
from regtrack.browsers.hub_page import page_text
from regtrack.browsers.hub_plan import COLOURS_FILE, FOLDER, HUB, METADATA, PAGE, Hub, HubOptions
from regtrack.browsers.hub_stanzas import colours_text, hub_text, metadata_text
from regtrack.errors import InputError
from regtrack.folders import check_file, check_folder, replacing_folder
from regtrack.observer import Observer, staged
from regtrack.paths import shell_word
from regtrack.tracks.bigbed import write_narrow_peaks
from regtrack.tracks.peaks.files import read_peaks
from regtrack.workers import in_processes

# Compressed peaks that are converted in about the time that a process takes to start.
_BYTES_PER_PROCESS = 2_000_000


@dataclass(frozen=True)
class PeaksTask:
    """Called peaks of one marker, none above `most`, and the bigBed file that they go to."""

    peaks: Path
    most: float
    bigbed: Path
    chrom_sizes: dict[str, int]


def write_hub(
    folder: Path, options: HubOptions, workers: int, force: bool, observer: Observer
) -> Hub:
    """Make a track hub of a tracks folder, in it: `hub/`, and `hub.txt` last.

    Both are made aside, then renamed, the folder first. A process that is killed before that
    leaves what was there. Killed between the renames, it leaves the earlier `hub.txt`, if there
    was one, beside the new `hub/`, or, where the earlier folder had just been moved to `.hub.*`,
    beside none: `check_hub` finds the files that are missing, and `force` makes both anew.

    Parameters
    ----------
    workers
        Processes at most; a small job is done in this one.
    force
        Replace an earlier hub.
    observer
        Is told of each marker whose peaks are converted.

    Raises
    ------
    InputError
        When the folder holds no tracks, or a hub already; when a peak file is damaged.
    ArgumentError
        When an option does not go with the tracks.
    OSError
        When a file cannot be written; what was there before is as it was.
    """
    hub = Hub.read(folder, options)
    _check_free(folder, force)
    # The text is put in place after the folder, so that it never names missing files.
    with (
        replacing(folder / HUB) as text,
        replacing_folder(folder / FOLDER, Path(PAGE).name) as made,
    ):
        hub = hub.without_peaks(_write_bigbeds(hub, folder, made, workers, observer))
        if options.style == "faceted":
            write_text(made / Path(METADATA).name, metadata_text(hub))
            write_text(made / Path(COLOURS_FILE).name, colours_text(hub))
        write_text(made / Path(PAGE).name, page_text(hub))
        text.write_text(hub_text(hub), encoding="ascii")
    return hub


def instructions(folder: Path, hub: Hub) -> str:
    """What to do with a finished hub."""
    peaks = sum(track.bigbed is not None for track in hub.tracks)
    return (
        f"wrote {folder / HUB} and {folder / FOLDER}: {len(hub.tracks):,} markers, "
        f"{peaks:,} of them with called peaks\n"
        f"test it:  regtrack hub {shell_word(folder)} --check\n"
        f"copy the folder {folder} to {hub.options.base} (the server must answer byte ranges)\n"
        f"open it:  {hub.address}"
    )


def write_bigbed(task: PeaksTask) -> bool:
    """Convert the peaks of one marker; False, and no file, where there are none.

    Raises
    ------
    InputError
        When the peaks are not what the format can hold.
    """
    peaks = sorted(
        read_peaks(task.peaks, task.most), key=lambda peak: (peak.chrom, peak.start, peak.end)
    )
    if not peaks:
        return False
    try:
        write_narrow_peaks(task.bigbed, peaks, task.chrom_sizes)
    except ValueError as error:
        raise InputError(task.peaks, str(error)) from error
    return True


def _check_free(folder: Path, force: bool) -> None:
    """Refuse to replace an earlier hub without `force`, and anything else that is no hub."""
    check_folder(folder / FOLDER, force, Path(PAGE).name, "a track hub's")
    text = folder / HUB
    check_file(text, force, "a track hub")
    if text.exists() and not text.read_bytes().lstrip().startswith(b"hub"):
        raise InputError(text, "not replaced: it is not a track hub's")


def _write_bigbeds(
    hub: Hub, folder: Path, made: Path, workers: int, observer: Observer
) -> Sequence[str]:
    """Convert the peaks of all markers; the keys of those that have none."""
    sizes = dict(hub.viewable.trackset.chrom_sizes)
    tasks = {
        track.key: PeaksTask(
            folder / listed.peaks, listed.most, made / f"{track.marker.slug}.bb", sizes
        )
        for track, listed in zip(hub.tracks, hub.viewable.trackset.tracks, strict=True)
    }
    size = sum(task.peaks.stat().st_size for task in tasks.values())
    processes = min(workers, 1 + size // _BYTES_PER_PROCESS)
    keys = {task.bigbed: key for key, task in tasks.items()}
    without = []
    with staged(observer, "converting peaks", "markers", len(tasks)) as advance:
        for task, has_peaks in in_processes(write_bigbed, list(tasks.values()), processes):
            if not has_peaks:
                without.append(keys[task.bigbed])
            advance(1)
    return without
