"""The job behind `regtrack hub`: tracks folders in, a UCSC track hub of them out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.atomic import replacing, write_text
from regtrack.browsers.copies import check_room, link_or_copy
from regtrack.browsers.hub_page import page_text
from regtrack.browsers.hub_plan import (
    COLOURS_FILE,
    FOLDER,
    HUB,
    METADATA,
    PAGE,
    RUNS,
    Hub,
    HubOptions,
    run_folder,
)
from regtrack.browsers.hub_stanzas import colours_text, hub_text, metadata_text, runs_text
from regtrack.errors import InputError
from regtrack.folders import check_file, check_folder, replacing_folder
from regtrack.listing import counted
from regtrack.observer import Observer, staged
from regtrack.paths import Labelled, shell_word
from regtrack.run_summary import RunSummary
from regtrack.text_columns import named_lines
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
    folders: Sequence[Labelled], options: HubOptions, workers: int, force: bool, observer: Observer
) -> Hub:
    """Make a track hub of a tracks folder in it, or of several in a folder of its own.

    In a tracks folder that is `hub/`, and `hub.txt` last. Both are made aside, then renamed, the
    folder first. A process that is killed before that leaves what was there. Killed between the
    renames, it leaves the earlier `hub.txt`, if there was one, beside the new `hub/`, or, where the
    earlier folder had just been moved to `.hub.*`, beside none: `check_hub` finds the files that
    are missing, and `force` makes both anew.

    A folder of its own is complete or absent, and holds the BigWig files of each run, too.

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
        When a folder holds no tracks, or a hub already; when a peak file is damaged; as
        `Runs.read`.
    ArgumentError
        When an option does not go with the tracks.
    OSError
        When a file cannot be written; what was there before is as it was.
    """
    hub = Hub.read(folders, options)
    if options.out is not None:
        return _write_apart(hub, options.out, workers, force, observer)
    folder = hub.runs.first.folder
    _check_free(folder, force)
    # The text is put in place after the folder, so that it never names missing files.
    with (
        replacing(folder / HUB) as text,
        replacing_folder(folder / FOLDER, Path(PAGE).name) as made,
    ):

        def place(name: str) -> Path:
            return text if name == HUB else made / Path(name).relative_to(FOLDER)

        return _write_files(hub, place, workers, observer)


def _write_apart(hub: Hub, out: Path, workers: int, force: bool, observer: Observer) -> Hub:
    """Make a hub of several runs in a folder of its own."""
    check_folder(out, force, RUNS, "a track hub of several runs")
    for run in hub.runs.runs:
        tracks, here = run.viewable.folder.resolve(), out.resolve()
        if tracks.is_relative_to(here) or here.is_relative_to(tracks):
            raise InputError(out, f"lies in {run.viewable.folder}, or that in it; expected neither")
    signals = {
        f"{run_folder(entry.run)}/{entry.track.bigwig}": entry.run.viewable.file(entry.track.bigwig)
        for entry in hub.runs.entries
    }
    check_room(out, signals.values(), linked=True)
    with replacing_folder(out, RUNS) as made:

        def place(name: str) -> Path:
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            return path

        size = sum(source.stat().st_size for source in signals.values())
        with staged(observer, "linking tracks", "B", size):
            for name, source in signals.items():
                link_or_copy(source, place(name), observer)
        write_text(place(RUNS), runs_text(hub))
        return _write_files(hub, place, workers, observer)


def _write_files(hub: Hub, place: Callable[[str], Path], workers: int, observer: Observer) -> Hub:
    """Write all but the signals; `place` says where what has a path in the hub is written.

    Returns
    -------
    Hub
        With the bigBed files that there are.
    """
    hub = hub.without_peaks(_write_bigbeds(hub, place, workers, observer))
    if hub.options.style == "faceted":
        write_text(place(METADATA), metadata_text(hub))
        write_text(place(COLOURS_FILE), colours_text(hub))
    write_text(place(PAGE), page_text(hub))
    place(HUB).write_text(hub_text(hub), encoding="ascii")
    return hub


def instructions(hub: Hub) -> str:
    """What to do with a finished hub."""
    out = hub.options.out
    folder = hub.runs.first.folder if out is None else out
    where = f"{folder / HUB} and {folder / FOLDER}" if out is None else str(out)
    peaks = sum(track.bigbed is not None for track in hub.tracks)
    markers = len({track.marker.name for track in hub.tracks})
    tracks = "" if out is None else f" of {counted(len(hub.runs.runs), 'run')}"
    of_them = (
        f"{peaks:,} of them" if out is None else f"{counted(len(hub.tracks), 'signal')}, {peaks:,}"
    )
    return (
        f"wrote {where}: {counted(markers, 'marker')}{tracks}, {of_them} with called peaks\n"
        f"test it:  regtrack hub {shell_word(folder)} --check\n"
        f"copy the folder {folder} to {hub.options.base} (the server must answer byte ranges)\n"
        f"open it:  {hub.address}"
    )


def summarise_hub(hub: Hub) -> RunSummary:
    """What was written, for people as `instructions`, and for programs."""
    out = hub.options.out
    folder = hub.runs.first.folder
    return RunSummary(
        instructions(hub),
        written=(folder / HUB, folder / FOLDER) if out is None else (out,),
        counts={
            "markers": len({track.marker.name for track in hub.tracks}),
            "signals": len(hub.tracks),
            "with_peaks": sum(track.bigbed is not None for track in hub.tracks),
        },
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
    hub: Hub, place: Callable[[str], Path], workers: int, observer: Observer
) -> Sequence[str]:
    """Convert the peaks of all markers; the keys of those that have none."""
    tasks = {}
    for track in hub.tracks:
        viewable, listed = track.entry.run.viewable, track.entry.track
        assert track.bigbed is not None
        tasks[track.key] = PeaksTask(
            viewable.folder / listed.peaks,
            listed.most,
            place(track.bigbed),
            dict(viewable.trackset.chrom_sizes),
        )
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


def describe_hub(folder: Path) -> str:
    """A hub of several runs, a line for each run."""
    with (folder / RUNS).open(encoding="utf-8") as table:
        runs = list(csv.DictReader(table, delimiter="\t"))
    lines = {
        "hub": f"{folder}, of {counted(len(runs), 'run')}",
        **{f"  {run['run']}": ", ".join((run["network"], run["assembly"])) for run in runs},
        "next": f"regtrack hub {shell_word(folder)} --check",
    }
    return named_lines(lines)
