"""The job of `regtrack prepare`: files of many kinds in, one dataset folder out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.datasets.bins import deciding, label_bins
from regtrack.datasets.contents import CONTENTS, Contents, Summary
from regtrack.datasets.deepsea import write_deepsea
from regtrack.datasets.labels import IntervalLabels
from regtrack.datasets.selection import REASONS, Selection, select_windows
from regtrack.datasets.settings import SPLITS, PrepareSettings
from regtrack.datasets.short import Samples, ShortDataset, open_samples
from regtrack.datasets.tables import write_tables
from regtrack.datasets.unknown import read_unknown
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import check_folder, replacing_folder
from regtrack.genome.assemblies import checked_name, name_of
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet, total_bases
from regtrack.genome.markers import Marker, categories_of, read_markers, select_markers
from regtrack.genome.measured import read_measured, tell_summits
from regtrack.genome.short_input import LENGTH
from regtrack.listing import counted, first_names
from regtrack.observer import Observer, staged
from regtrack.paths import as_text, shown

Rates = npt.NDArray[np.float64]


def summarize_selection(selection: Selection) -> Summary:
    """Windows and bases kept per split, and dropped per reason."""
    return {
        "windows": {split: len(selection.kept[split]) for split in SPLITS},
        "bases": {
            split: len(selection.kept[split]) * selection.kept[split].length for split in SPLITS
        },
        "known": {split: total_bases(selection.known_in(split)) for split in SPLITS},
        "dropped": {
            reason: {
                "windows": sum(why == reason for _, why in selection.dropped),
                "bases": sum(len(stretch) for stretch, why in selection.dropped if why == reason),
            }
            for reason in REASONS
        },
    }


def summarize_rates(
    markers: Sequence[Marker],
    rates: Mapping[str, Rates],
    known: Mapping[str, npt.NDArray[np.bool_]],
) -> Summary:
    """Mean base rate of each category in each split, and markers without a peak in train.

    Parameters
    ----------
    rates
        Per split that is not empty, float64 (markers,).
    known
        Per split, the markers that are known on one of its chromosomes; others do not count.
    """
    of_category = {
        category: np.array([marker.category == category for marker in markers])
        for category in categories_of(markers)
    }
    return {
        "base_rates": {
            category: {
                split: float(rates[split][chosen & known[split]].mean())
                for split in rates
                if np.any(chosen & known[split])
            }
            for category, chosen in of_category.items()
            if np.any(chosen)
        },
        "without_peak_in_train": [
            marker.name for marker, rate in zip(markers, rates["train"], strict=True) if not rate
        ],
    }


DEEPSEA_ASSEMBLY = "hg19"


def check_dataset_folder(out: Path, force: bool) -> None:
    """Refuse an output folder that is not a dataset, or is one unless `force` is set.

    Raises
    ------
    InputError
        When `out` exists and may not be replaced.
    """
    check_folder(out, force, CONTENTS, "a dataset")


def prepare(settings: PrepareSettings, out: Path, force: bool, observer: Observer) -> Contents:
    """Make a dataset folder, complete or not at all.

    Raises
    ------
    InputError
        When `out` exists, a file cannot be used, or no marker has a peak in the training or the
        validation windows.
    ArgumentError
        For a split that is empty or overlaps another, a pattern without markers, an unknown
        chromosome, or the name of another assembly.
    OSError
        When a file cannot be read or written.
    """
    check_dataset_folder(out, force)
    with replacing_folder(out, CONTENTS) as folder:
        if settings.deepsea is not None:
            contents = _from_deepsea(settings, settings.deepsea, folder, observer)
        else:
            contents = _from_genome(settings, out, folder, observer)
        contents.write(folder)
    return Contents.read(out)


def _from_genome(
    settings: PrepareSettings, out: Path, folder: Path, observer: Observer
) -> Contents:
    """Write all files but `dataset.json`; returns its contents."""
    assert settings.genome is not None  # PrepareSettings holds it
    markers = select_markers(read_measured(settings.peaks), settings.markers)
    genome = Genome(settings.genome)
    sizes = genome.chrom_sizes
    unknown = read_unknown(settings.unknown, markers, sizes)
    named = settings.assembly and checked_name(settings.assembly, settings.genome, sizes)
    selection = select_windows(settings, genome, observer)
    contents = Contents(
        task=settings.task,
        assembly=shown(named or name_of(sizes, settings.genome.name.partition(".")[0])),
        chrom_sizes=dict(sizes),
        genome=as_text(os.path.relpath(settings.genome.resolve(), out.resolve())),
        sequence=genome.digest(selection.kept["valid"].regions()),
        window=settings.window if settings.task == "dense" else LENGTH,
        markers=markers,
        unknown=unknown,
        settings=settings.to_json(),
        summary=summarize_selection(selection),
    )
    write_tables(folder, selection)
    peaks = _Peaks(markers, BedFiles(sizes, settings.clip), observer)
    write = _write_dense if settings.task == "dense" else _write_short
    rates = write(contents, selection, peaks, folder)
    tell_summits(settings.peaks, peaks.widths)
    for split in SPLITS[:2]:
        if not any(of_category.get(split) for of_category in rates["base_rates"].values()):
            raise InputError(
                settings.peaks,
                f"no marker has a peak in the windows of {split}{peaks.elsewhere()}; "
                f"{_suspicion(selection, split)}",
            )
    return replace(contents, summary={**contents.summary, **rates, "peaks": peaks.count})


def _suspicion(selection: Selection, split: str) -> str:
    """Why a split may have no peak; where training windows have some, the others are too few."""
    if split == SPLITS[0]:
        return "are peaks and genome of one assembly?"
    windows = selection.kept[split]
    return (
        f"it has {counted(len(windows), 'window')}, {len(windows) * windows.length:,} bases: give "
        f"it more (--{split})"
    )


def _write_dense(contents: Contents, selection: Selection, peaks: _Peaks, folder: Path) -> Summary:
    """Write the labels of the dense task."""
    labels = IntervalLabels.of(peaks, contents.chrom_sizes, contents.known())
    labels.save(folder)
    rates: dict[str, Rates] = {}
    known = {}
    for split in SPLITS:
        where = selection.known_in(split)
        if where:
            rates[split] = labels.base_rates(where)
            known[split] = np.any([labels.known_markers(chrom) for chrom in where], axis=0)
    return summarize_rates(contents.markers, rates, known)


def _write_short(contents: Contents, selection: Selection, peaks: _Peaks, folder: Path) -> Summary:
    """Write the samples of the short task."""
    decides = deciding(contents.markers)
    samples = label_bins(peaks, decides, selection.kept, contents.chrom_sizes)
    for split, of_split in samples.items():
        if not len(of_split.labels) and len(selection.kept[split]):
            kinds = ", ".join(categories_of(compress(contents.markers, decides)))
            raise ArgumentError(
                split, f"none of its windows has a bin that is mostly a peak of {kinds}"
            )
        of_split.save(folder, split)
    return _summarize_samples(folder, contents, samples)


def _summarize_samples(folder: Path, contents: Contents, samples: Mapping[str, Samples]) -> Summary:
    """Numbers and base rates of the samples of the short task."""
    dataset = ShortDataset(
        folder,
        contents.markers,
        contents.assembly,
        contents.chrom_sizes,
        None,
        "",
        contents.known(),
        samples,
    )
    sizes = {split: dataset.size(split) for split in SPLITS}
    some = [split for split in SPLITS if sizes[split]]
    rates = {split: dataset.base_rates(split) for split in some}
    known = {split: _known_somewhere(dataset, split) for split in some}
    return {"samples": sizes, **summarize_rates(contents.markers, rates, known)}


def _known_somewhere(dataset: ShortDataset, split: str) -> npt.NDArray[np.bool_]:
    """Markers that are known on a chromosome of the split's samples."""
    bins = dataset.splits[split].bins
    if bins is None:
        return np.ones(len(dataset.markers), dtype=bool)
    known: npt.NDArray[np.bool_] = dataset.known[np.unique(bins[:, 0])].any(axis=0)
    return known


def _from_deepsea(
    settings: PrepareSettings, source: Path, folder: Path, observer: Observer
) -> Contents:
    """Write the published samples; returns the contents of `dataset.json`."""
    table = read_markers(settings.peaks, need_files=False)
    markers = select_markers(table, settings.markers)
    rows = [table.index(marker) for marker in markers]
    write_deepsea(source, folder, len(table), rows, observer)
    contents = Contents(
        task="short",
        assembly=shown(settings.assembly or DEEPSEA_ASSEMBLY),
        chrom_sizes={},
        genome=None,
        sequence=None,
        window=LENGTH,
        markers=markers,
        unknown={},
        settings=settings.to_json(),
        summary={},
    )
    samples = open_samples(folder, len(markers), from_genome=False)
    return replace(contents, summary=_summarize_samples(folder, contents, samples))


class _Peaks:
    """Reads the peaks of each marker in turn, reports progress and counts them."""

    def __init__(self, markers: Sequence[Marker], files: BedFiles, observer: Observer) -> None:
        self._markers = markers
        self._files = files
        self._observer = observer
        self.count = 0
        self._chroms: dict[str, None] = {}
        self.widths: dict[str, float] = {}  # medians, by file

    def __iter__(self) -> Iterator[Mapping[str, IntervalSet]]:
        with staged(self._observer, "reading peaks", "markers", len(self._markers)) as advance:
            for marker in self._markers:
                peaks = self._files.peaks(Path(marker.file))
                self.count += sum(map(len, peaks.values()))
                self._chroms |= dict.fromkeys(peaks)
                if peaks:
                    bases = np.concatenate([part.ends - part.starts for part in peaks.values()])
                    self.widths[Path(marker.file).name] = float(np.median(bases))
                yield peaks
                advance(1)
        self._files.tell()

    def elsewhere(self) -> str:
        """Where the peaks are, for the message that some windows have none."""
        if not self.count:
            return ""
        verb = "is 1" if self.count == 1 else f"are {self.count:,}"
        return f": there {verb} elsewhere, on {first_names(self._chroms)}"
