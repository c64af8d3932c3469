"""The parsers of what regtrack itself writes, of BigWigs, of MATLAB files and of hubs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import torch
from browsers_builders import SIZES, write_report_table, write_tracks_folder
from builders import (
    TINY_SIZES,
    Unwatched,
    make_tiny_world,
    tiny_settings,
    write_checkpoint,
)
from encoded import Segments, block_of, called_from, write_bigwig

from fuzz.parser import GZIP, SAFETENSORS, Packing, Parser
from regtrack.browsers.hub import write_hub
from regtrack.browsers.hub_check import check_hub
from regtrack.browsers.hub_plan import STYLES, HubOptions
from regtrack.datasets.contents import Contents
from regtrack.datasets.deepsea import write_deepsea
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.labels import IntervalLabels
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.datasets.tables import read_windows
from regtrack.fetching.download import PartNote
from regtrack.fetching.records import Record, Records
from regtrack.folders import is_of_run
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.markers import read_markers
from regtrack.genome.seen import Seen
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.models.network import Network
from regtrack.paths import Labelled
from regtrack.report.scores_table import read_scores
from regtrack.scoring.block_counts import add_counts, save_counts
from regtrack.scoring.metrics import RankingScores
from regtrack.search.trial import read_outcome
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.bigwig_view import highest_values
from regtrack.tracks.blocks import Block, BlockStore
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.folder import TrackSet
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD
from regtrack.tracks.peaks.files import read_peaks
from regtrack.training.scorecard import _read as read_scorecard
from regtrack.training.scorecard import _write as write_scorecard
from regtrack.training.state import HistoryRow, TrainingState, history_table

CPU = torch.device("cpu")
WIG = "bigwig/0_K562_CTCF_None.bw"
PEAKS = "peaks/0_K562_CTCF_None.narrowPeak.gz"
IDENTITY = {"model": "ab" * 32, "chroms": {"chr1": 100}, "window": 25_000, "markers": [0, 1]}
MARKERS, BINS = 5, 40


def _one(
    name: str,
    make: Callable[[Path], object],
    read: Callable[[Path], object],
    *files: str,
    packing: Packing | None = None,
    share: int = 1,
) -> Parser:
    return Parser(name, make, read, dict.fromkeys(files, packing), share)


def _segments() -> Segments:
    starts = np.arange(0, 8_000, 4)
    return Segments(starts, starts + 3, np.linspace(0, 1, len(starts)).astype(np.float32))


def _wig(folder: Path) -> None:
    write_bigwig(folder / "a.bw", SIZES, [("chr1", _segments()), ("chr2", _few())])


def _few() -> Segments:
    return Segments(np.array([10, 30]), np.array([20, 40]), np.array([0.5, 0.25], np.float32))


def _read_wig(folder: Path) -> None:
    with BigWigSections(folder / "a.bw") as reader:
        if "chr1" in reader.chrom_sizes:
            reader.at_least(Interval("chr1", 0, 20_000), 0.25)
        for chrom, size in list(reader.chrom_sizes.items())[:5]:
            for records in reader.records(chrom, IntervalSet.of([0], [max(size, 1)])):
                records["value"].sum()
    for length in (1_000, 5_000_000):
        highest_values(folder / "a.bw", Interval("chr1", 0, length), 100)


SEEN = Seen(
    {"chr1": IntervalSet.of([100, 2_000], [900, 5_000])}, {"chr1": IntervalSet.of([0], [9])}
)


def _trained(folder: Path) -> None:
    world = make_tiny_world(folder)
    write_checkpoint(world.model, read_markers(world.markers), TINY_SIZES, seen=SEEN)


def _tracks(folder: Path) -> None:
    write_tracks_folder(folder, seen=SEEN)
    write_report_table(folder, {"K562|CTCF|None": 0.5, "HepG2|DNase|None": None})


def _block(folder: Path) -> None:
    rows = [[(start, start + 3, 0.5) for start in range(0, 4_000, 4 * n)] for n in (1, 2, 40)]
    encoded = encode_block(block_of(rows), 0, called_from(0.25, 0.25, 0.25))
    BlockStore(folder).save([Block("chr1", 0)], [encoded])


def _read_block(folder: Path) -> None:
    for first, last in (0, 3), (1, 2):
        for found in BlockStore(folder).read([Block("chr1", 0)], first, last)[0]:
            found.peaks["end"].sum()


def _counts(folder: Path) -> None:
    random = np.random.default_rng(2)
    counts = random.integers(0, 400, (2, MARKERS, 2, BINS), dtype=np.uint32)
    runs = np.array([(0, 5, OWN_THRESHOLD), (10, 15, 3)], CALLED_PEAK)
    save_counts(folder / "chr1.cnt", [0, 3], list(counts), [runs] * MARKERS)


def _read_counts(folder: Path) -> None:
    coarse = (np.arange(BINS) // 7).astype(np.int32)
    for first, last in (0, MARKERS), (2, 3):
        totals = np.zeros((last - first, 2, BINS), np.int64)
        by_block = np.zeros((4, last - first, 2, int(coarse[-1]) + 1), np.int64)
        add_counts(folder / "chr1.cnt", first, last, totals, by_block, coarse)


def _world(folder: Path) -> None:
    world = make_tiny_world(folder)
    settings = PrepareSettings(
        world.markers, world.genome, window=2_000, valid=["chr1:1-16,000"], unknown=["DNase=chr2"]
    )
    prepare(settings, folder / "dataset", False, Unwatched())


def _read_dataset(folder: Path) -> None:
    dataset = open_dataset(folder / "dataset", folder / "genome.fa")
    assert isinstance(dataset, DenseDataset)


def _read_labels(folder: Path) -> None:
    """Without the checksums: even a file that changes in use must not be believed."""
    known = np.ones((len(TINY_SIZES), 3), bool)
    labels = IntervalLabels.open(folder / "dataset", TINY_SIZES, known)
    for chrom, size in TINY_SIZES.items():
        labels.spread(chrom, 0, size)
        labels.peaks(chrom, [0, 2])
    labels.base_rates({chrom: IntervalSet.of([0], [size]) for chrom, size in TINY_SIZES.items()})


def _read_network(folder: Path) -> None:
    read_checkpoint(folder / "model.safetensors")
    load_network(folder / "model.safetensors", CPU)


@cache
def _a_network() -> tuple[Network, torch.optim.Optimizer]:
    network = ARCHITECTURES["dense"]["cnn1"].build(2, tiny_settings("dense", "cnn1"))
    optimizer = torch.optim.Adam(network.parameters())
    network.train()(torch.ones((1, 50), dtype=torch.int32)).sum().backward()
    optimizer.step()
    return network, optimizer


def _history() -> list[HistoryRow]:
    means = {"TFBS": 0.5, "DNase": 0.25, "Histone": 0.125}
    return [
        HistoryRow(step, step / 7, 2.0 * step, 1e-3, 1 / 3, 0.3, step == 20, means, means)
        for step in (10, 20, 30)
    ]


def _state(folder: Path) -> None:
    torch.manual_seed(1)
    state = TrainingState(step=9, seconds=1 / 3, losses=[0.5, 0.25], history=_history())
    state.save(folder / "state.safetensors", *_a_network())


def _read_state(folder: Path) -> None:
    TrainingState.load(folder / "state.safetensors", *_a_network())


def _log(folder: Path) -> None:
    (folder / "a.log.tsv").write_text(history_table(_history()))


def _scorecard(folder: Path) -> None:
    scores = [
        RankingScores(100, 3, 0.5, 0.5, 0.75),
        RankingScores(100, 0),
        RankingScores(7, 7, 1.0, 1.0),
    ]
    write_scorecard(folder / "a.scores.json", "ab", "cd", {"valid": scores, "test": scores})


def _fetched(folder: Path) -> None:
    record = Record("ab" * 32, 100, "https://a.org/b", "2026-01-01", "cd" * 16, 90, True)
    files = {"hg19.fa.gz": vars(record), "peaks/a.narrowPeak.gz": vars(record)}
    (folder / "fetched.json").write_text(json.dumps({"format": 1, "files": files}))


def _note(folder: Path) -> None:
    (folder / "a.part").write_bytes(b"x" * 10)
    PartNote("https://a.org/b", '"etag"', 100).write(folder / "a.part")


def _mats(folder: Path) -> None:
    random = np.random.default_rng(5)
    for split, size in {"train": 6, "valid": 2, "test": 2}.items():
        bases = random.integers(0, 4, (size, 1_000))
        inputs = (bases[:, None, :] == np.arange(4)[:, None]).astype(np.uint8)
        labels = random.integers(0, 2, (size, 3)).astype(np.uint8)
        if split == "train":
            with h5py.File(folder / "train.mat", "w") as file:
                file["trainxdata"] = inputs.transpose(2, 1, 0)
                file["traindata"] = labels.T
        else:
            pair = {f"{split}xdata": inputs, f"{split}data": labels}
            scipy.io.savemat(folder / f"{split}.mat", pair, do_compression=split == "test")


def _read_mats(folder: Path) -> None:
    (folder / "out").mkdir()
    write_deepsea(folder, folder / "out", 3, [0, 2], Unwatched())


def _hub(style: str) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        write_tracks_folder(folder)
        options = replace(
            HubOptions("https://example.org/lab/tracks", "me@example.org"), style=style
        )
        write_hub([Labelled(folder)], options, 1, False, Unwatched())

    return make


PARSERS = [
    _one("tracks-json", _tracks, TrackSet.read, "tracks.json"),
    _one(
        "predicted-bed",
        _tracks,
        lambda folder: TrackSet.read(folder).predicted(folder),
        "predicted.bed",
    ),
    _one("trained-bed", _tracks, lambda folder: TrackSet.read(folder).seen(folder), "trained.bed"),
    _one("called-peaks", _tracks, lambda f: read_peaks(f / PEAKS), PEAKS, packing=GZIP),
    _one("report-tsv", _tracks, read_scores, "report.tsv"),
    _one("bigwig", _wig, _read_wig, "a.bw"),
    _one("block", _block, _read_block, "chr1.00000.blk"),
    _one("counts", _counts, _read_counts, "chr1.cnt"),
    _one(
        "run-json",
        lambda folder: (folder / "run.json").write_text(json.dumps(IDENTITY)),
        lambda folder: is_of_run(folder, IDENTITY),
        "run.json",
    ),
    _one(
        "dataset-json",
        _world,
        lambda folder: Contents.read(folder / "dataset").known(),
        "dataset/dataset.json",
    ),
    _one(
        "windows-bed",
        _world,
        lambda folder: read_windows(folder / "dataset", TINY_SIZES),
        "dataset/windows.bed",
    ),
    _one("labels", _world, _read_labels, "dataset/labels.npy", "dataset/labels.offsets.npy"),
    _one(
        "dataset",
        _world,
        _read_dataset,
        *(f"dataset/{name}" for name in ("labels.npy", "labels.offsets.npy", "dataset.json")),
    ),
    _one("checkpoint", _trained, _read_network, "model.safetensors", packing=SAFETENSORS),
    _one("training-state", _state, _read_state, "state.safetensors", packing=SAFETENSORS),
    _one("history", _log, lambda folder: read_outcome(folder / "a.log.tsv"), "a.log.tsv"),
    _one(
        "scorecard",
        _scorecard,
        lambda folder: read_scorecard(folder / "a.scores.json", "ab", "cd", 3),
        "a.scores.json",
    ),
    _one("fetched-json", _fetched, lambda folder: Records(folder).read(), "fetched.json"),
    _one("part-note", _note, lambda folder: PartNote.read(folder / "a.part"), "a.part.json"),
    _one("mat-5", _mats, _read_mats, "valid.mat", "test.mat", share=100),
    _one("mat-7", _mats, _read_mats, "train.mat", share=100),
    _one("hub", _hub(STYLES[1]), check_hub, "hub.txt"),
    _one(
        "hub-facets", _hub(STYLES[0]), check_hub, "hub.txt", "hub/metadata.tsv", "hub/colors.json"
    ),
]
