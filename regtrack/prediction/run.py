"""The main job: from a checkpoint and a genome to a tracks folder, block by block.

A run works in `<out>.partial`, or in a folder in `out` where that cannot be renamed: first
blocks, then each marker's files from them in a folder of their own, which takes the place of
`out` when `tracks.json`, its last file, is in it. A killed run resumes from what is complete;
a block that is damaged is predicted anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from regtrack.atomic import remove_left_aside
from regtrack.datasets.labels import LABEL_FILES
from regtrack.folders import clear, is_of_run, move_in, unfinished_run
from regtrack.genome.fasta import Genome
from regtrack.models.arithmetic import reported_device
from regtrack.models.named_code import allowed_code
from regtrack.notes import note
from regtrack.observer import Observer, staged
from regtrack.paths import named
from regtrack.prediction.blockwork import BlockRecipe, BlockWork
from regtrack.prediction.dispatch import missing, predict_missing
from regtrack.prediction.job import REMEDIES, Job
from regtrack.report.files import write_report
from regtrack.scoring.counting import gather_scores
from regtrack.scoring.provenance import Predictions
from regtrack.scoring.truth import Truth
from regtrack.tracks.blocks import BlockStore
from regtrack.tracks.folder import Track, TrackSet, write_predicted, write_seen
from regtrack.tracks.repeats import REPEATS, RepeatCounts, find_repeats, write_repeats
from regtrack.tracks.summary import Summary
from regtrack.tracks.trackless import CONTENTS
from regtrack.tracks.write import TrackWork, check_tracks_folder, group_size, write_tracks
from regtrack.work_folders import TRACKS, partial_path, remove_claimed
from regtrack.workers import in_processes

_BLOCKS, _COUNTS = "blocks", "counts"
WORK_NAMES = _BLOCKS, _COUNTS, TRACKS

# Opening and closing a marker's files takes as long as writing so many bases; and a process as long
# to start as writing so many bases of one marker.
_BASES_A_FILE = 4_000_000
_WORTH_A_PROCESS = 2_000_000_000


def run(job: Job, out: Path, workers: int, force: bool, observer: Observer) -> TrackSet:
    """Run a job and leave the finished tracks folder at `out`; returns what lies in it.

    Parameters
    ----------
    workers
        Processes at most; changes nothing but the time. With a GPU, this one predicts.
    force
        Replace `out` when it is a tracks folder, and drop an unfinished run that had
        other settings.

    Raises
    ------
    InputError
        When `out` exists, or what lies at `<out>.partial` is not an unfinished run of
        this job.
    OSError
        When a file cannot be written; the same call goes on from there.
    """
    check_tracks_folder(out, force)
    out = out.resolve()  # a link stays a link to the folder that is replaced
    with unfinished_run(
        *(out, job.identity(), WORK_NAMES, force),
        no_work=LABEL_FILES,
        may_differ=job.may_differ,
        remedies=REMEDIES,
    ) as work:
        if not is_finished(work):
            prepare(job, work)
            clear_peaks_aside(work)
            predict_missing(works_in(job, work), workers, observer)
            rows = range(len(job.rows))
            written = dict(write_markers(job, work, rows, workers, observer))
            summaries = [written[row] for row in rows]
            device = reported_device(job.device)
            finish_tracks(job, work, summaries, device, workers, observer)
        return deliver(work, out)


def is_finished(work: Path) -> bool:
    """Whether a run has left finished tracks in its work folder, which are still to be moved."""
    return (work / TRACKS / CONTENTS).exists()


def prepare(job: Job, work: Path) -> None:
    """Make what the works of a job, and its files, need in a work folder."""
    for name in (_BLOCKS, _COUNTS, f"{TRACKS}/bigwig", f"{TRACKS}/peaks"):
        (work / name).mkdir(parents=True, exist_ok=True)
    if job.truth:
        job.truth.save(work / _COUNTS)


def clear_peaks_aside(work: Path) -> None:
    """Remove what killed processes were writing aside of peaks, where nobody is at work."""
    clear((work / TRACKS / "peaks").glob(".*"))


def finish_tracks(
    job: Job,
    work: Path,
    summaries: Sequence[Summary],
    device: str,
    workers: int,
    observer: Observer,
) -> None:
    """Write all that is not of one marker, `tracks.json` last.

    Parameters
    ----------
    summaries
        Of all markers, in their order.
    device
        What was predicted on, as a report says it.
    """
    finished = work / TRACKS
    trackset = job.trackset.summarised(summaries, job.bases)
    if job.finds_repeats:
        trackset = replace(trackset, repeats=_find_repeats(job, work))
    if job.truth:
        _write_report(job, trackset.tracks, job.truth, device, work, workers, observer)
    write_predicted(finished, job.targets)
    if job.seen is not None:
        write_seen(finished, job.seen)
    trackset.write(finished)


def deliver(work: Path, out: Path) -> TrackSet:
    """Move finished tracks from their work folder to where they belong, and remove that."""
    # The blocks go first: were the run killed between the two, they would lie there for
    # good, as large as the tracks.
    clear([work / _BLOCKS, work / _COUNTS])
    finished = work / TRACKS
    trackset = TrackSet.read(finished)
    move_in(finished, out, CONTENTS)
    remove_claimed(work)
    if trackset.repeats and trackset.repeats.stretches:
        note(f"{trackset.repeats.describe()}: see {named(out)}/{REPEATS}")
    return trackset


def block_works(job: Job, folder: Path, counts: Path) -> list[BlockWork]:
    """All of a job's blocks, in the genome's order; those of a file together.

    Parameters
    ----------
    folder
        Where their segments are saved.
    counts
        Where their counts are, of a job that has a truth; it is saved there.
    """
    tracks = job.trackset.tracks
    recipe = BlockRecipe(
        model=job.model,
        genome=job.genome,
        rows=job.rows,
        marker_rules=tuple(track.marker_rules(job.settings.peak_rules) for track in tracks),
        stride=job.context.stride,
        settings=job.settings,
        device=job.device,
        blocks=folder,
        labels=job.truth.peak_labels(counts) if job.truth else None,
        allowed_code=allowed_code(),
    )
    places = {chrom: place for place, chrom in enumerate(job.trackset.chrom_sizes)}
    return [
        BlockWork(
            recipe,
            tasks,
            tuple(places[task.block.chrom] for task in tasks),
            keep_first=number == 0,
        )
        for number, tasks in enumerate(job.groups)
    ]


def left_bases(job: Job, out: Path) -> int:
    """Bases that `run` would have to predict: not those of a run that it would go on with."""
    work = partial_path(out.resolve())
    works = works_in(job, work)
    left = missing(works) if is_of_run(work, job.identity(), job.may_differ) else works
    return sum(work.bases for work in left)


def written_bytes(job: Job, out: Path) -> int:
    """Size of the track files that `run` would find finished."""
    work = partial_path(out.resolve())
    if not is_of_run(work, job.identity(), job.may_differ):
        return 0
    files = (work / TRACKS / name for track in job.trackset.tracks for name in track.files)
    return sum(path.stat().st_size for path in files if path.exists())


def works_in(job: Job, work: Path) -> list[BlockWork]:
    """All of a job's blocks, which lie in its work folder."""
    return block_works(job, work / _BLOCKS, work / _COUNTS)


def write_markers(
    job: Job, work: Path, rows: Sequence[int], workers: int, observer: Observer
) -> Iterator[tuple[int, Summary]]:
    """Write the files of some markers from the saved blocks; yields each with its values.

    Parameters
    ----------
    rows
        Which of the job's markers, in order.
    """
    for place in ("bigwig", "peaks"):
        remove_left_aside(work / TRACKS / place)
    order = tuple(tuple(task.block for task in tasks) for tasks in job.groups)
    tracks = job.trackset.tracks
    size = group_size(len(rows), job.bases, sum(map(len, order)), workers)
    groups = [
        TrackWork(
            first=group[0],
            tracks=tracks[group[0] : group[-1] + 1],
            chrom_sizes=job.trackset.chrom_sizes,
            order=order,
            blocks=work / _BLOCKS,
            folder=work / TRACKS,
            peak_rules=job.settings.peak_rules,
            bases=job.bases,
        )
        for group in _consecutive(rows, size)
    ]
    with staged(observer, "writing tracks", "markers", len(rows)) as advance:
        small = len(rows) * (job.bases + _BASES_A_FILE) < _WORTH_A_PROCESS
        for done, summaries in in_processes(write_tracks, groups, 1 if small else workers):
            yield from enumerate(summaries, done.first)
            advance(len(done.tracks))


def _find_repeats(job: Job, work: Path) -> RepeatCounts:
    """Leave a list of tandem repeats with peaks of most markers beside the tracks."""
    store = BlockStore(work / _BLOCKS)
    blocks = ([task.block for task in tasks] for tasks in job.groups)
    crowded = (
        (block.chrom, stretches)
        for together in blocks
        for block, stretches in zip(together, store.crowded(together), strict=True)
    )
    repeats = find_repeats(Genome(job.genome), crowded)
    write_repeats(work / TRACKS, repeats)
    return RepeatCounts.of(repeats)


def _consecutive(rows: Sequence[int], most: int) -> list[list[int]]:
    """Rows in groups without a gap, at most so many together."""
    groups: list[list[int]] = []
    for row in rows:
        if groups and len(groups[-1]) < most and row == groups[-1][-1] + 1:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _write_report(
    job: Job,
    tracks: Sequence[Track],
    truth: Truth,
    device: str,
    work: Path,
    workers: int,
    observer: Observer,
) -> None:
    """Score the counted blocks, and leave the report beside the tracks."""
    labels = truth.peak_labels(work / _COUNTS)
    marker_rules = [tracks[row].marker_rules(job.settings.peak_rules) for row in labels.rows]
    order = [tasks[0].block for tasks in job.groups]
    scores = gather_scores(labels, marker_rules, order, workers, observer)
    predictions = Predictions(
        job.trackset.model, named(job.genome), device, tracks=job.trackset.settings
    )
    evaluation = truth.evaluation(
        scores, job.model, "model", job.checkpoint.network.paper_auc, predictions
    )
    write_report(evaluation, work / TRACKS)
