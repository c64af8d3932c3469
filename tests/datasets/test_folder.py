"""A dataset folder as a training opens it, and the folders that it does not open."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import TINY_GAPS, TINY_SIZES, TinyWorld, write_fasta

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.settings import SPLITS
from regtrack.datasets.short import ShortDataset
from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import EMPTY


def painted(world: TinyWorld, marker: int, chrom: str) -> np.ndarray:
    labels = np.zeros(TINY_SIZES[chrom], dtype=np.uint8)
    peaks = read_bed(world.folder / "peaks" / f"{marker}.narrowPeak", TINY_SIZES)
    for start, end in peaks.get(chrom, EMPTY):
        labels[start:end] = 1
    return labels


def test_a_dense_dataset_holds_each_window_once_and_all_labels(tiny: TinyWorld, make) -> None:
    dataset = make()
    assert isinstance(dataset, DenseDataset)
    assert (dataset.task, dataset.window, dataset.assembly) == ("dense", 2_000, "genome")
    assert dict(dataset.chrom_sizes) == TINY_SIZES
    windows = [
        dataset.windows(split)[i] for split in SPLITS for i in range(len(dataset.windows(split)))
    ]
    assert len(windows) == len(set(windows))
    # Of chr1 the first window is half N; 137 bases of N in another one are too few.
    expected = {("chr1", start) for start in range(2_000, 44_000, 2_000)}
    expected |= {("chr2", start) for start in range(0, 6_000, 2_000)}
    assert {(one.chrom, one.start) for one in windows} == expected
    assert [len(dataset.windows(split)) for split in SPLITS] == [20, 2, 2]
    for one in windows:
        labels = dataset.labels.spread(one.chrom, one.start, one.end)
        for marker in range(3):
            truth = painted(tiny, marker, one.chrom)[one.start : one.end]
            np.testing.assert_array_equal(labels[marker], truth)


def test_regions_and_known_bases_are_those_of_the_windows(make) -> None:
    dataset = make(valid=["chr1:1-30,000"], test=["chr2"])
    assert list(dataset.regions("valid")["chr1"]) == [(2_000, 30_000)]
    assert list(dataset.regions("train")["chr1"]) == [(30_000, 44_000)]
    assert list(dataset.regions("test")) == ["chr2"]
    assert list(dataset.known("valid")["chr1"]) == [(2_000, 20_000), (20_137, 30_000)]
    assert list(dataset.known("train")["chr1"]) == [(30_000, 30_001), (30_002, 44_000)]
    assert TINY_GAPS["chr1"][1:] == [(20_000, 20_137), (30_001, 30_002)]


def test_base_rates_count_known_bases_only(tiny: TinyWorld, make) -> None:
    dataset = make(valid=["chr1:1-30,000"])
    rates = dataset.labels.base_rates(dataset.known("valid"))
    for marker in range(3):
        truth = painted(tiny, marker, "chr1")
        inside = np.concatenate([truth[2_000:20_000], truth[20_137:30_000]])
        assert rates[marker] == inside.mean()


def test_unknown_markers_are_masked_and_do_not_count(make) -> None:
    dataset = make(valid=["chr2"], unknown=["K562=2,chrM", "H3K4me3=1"])
    assert dataset.labels.known_markers("chr1").tolist() == [True, True, False]
    assert dataset.labels.known_markers("chr2").tolist() == [False, True, False]
    rates = dataset.labels.base_rates(dataset.known("valid"))
    assert rates.tolist() == [0, 300 / 6_000, 0]


def test_the_digest_names_the_content_wherever_it_lies(tiny: TinyWorld, make) -> None:
    digest = make().digest
    moved = tiny.folder / "elsewhere"
    shutil.move(tiny.folder / "dataset", moved)
    assert open_dataset(moved).digest == digest
    assert make().digest == digest
    assert make(tiny.folder / "seed", seed=1).digest != digest
    peaks = tiny.folder / "peaks" / "0.narrowPeak"
    peaks.write_text(peaks.read_text() + "chr1\t9\t10\n")
    assert make(tiny.folder / "peak").digest != digest


def test_names_that_are_not_utf8_may_be_those_of_what_a_dataset_is_made_of(
    tiny: TinyWorld, make
) -> None:
    folder = tiny.folder / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    genome, excluded = (folder / os.fsdecode(b"\xff" + end) for end in (b".fa", b".bed"))
    shutil.copy(tiny.genome, genome)
    excluded.write_text("chr1\t0\t10\n")
    dataset = make(genome=genome, exclude=[excluded])
    assert dataset.genome.path == genome
    assert dataset.assembly == r"\xff"
    assert r"\xff.bed" in (dataset.path / "dataset.json").read_text().replace(r"\\", "\\")


def test_a_genome_may_have_moved(tiny: TinyWorld, make) -> None:
    make()
    moved = tiny.folder / "moved.fa"
    tiny.genome.rename(moved)
    with pytest.raises(
        InputError, match=r"dataset: made with .*genome\.fa, which is missing; --gen"
    ):
        open_dataset(tiny.folder / "dataset")
    assert open_dataset(tiny.folder / "dataset", moved).genome.path == moved


def other_base(world: TinyWorld, at: int) -> dict[str, str]:
    text = world.sequences["chr1"]
    other = "A" if text[at] != "A" else "C"
    return {**world.sequences, "chr1": f"{text[:at]}{other}{text[at + 1 :]}"}


@pytest.mark.parametrize("task", ["dense", "short"])
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda w: {**w.sequences, "chr2": "ACGT"},
            r"is an unknown assembly \(chr2 has 4 bases\), not genome \(7,003\)",
        ),
        (lambda w: {"chr1": w.sequences["chr1"]}, r"has no chr2"),
        (lambda w: {**w.sequences, "chrX": "ACGT"}, r"has chrX, which was not there"),
        (lambda w: other_base(w, 5_000), r"has another sequence in the validation windows"),
    ],
)
def test_another_genome_is_refused(
    tiny: TinyWorld, make, task: str, change: Callable, problem: str
) -> None:
    make(valid=["chr1:1-30,000"], task=task)
    other = write_fasta(tiny.folder / "other.fa", change(tiny))
    with pytest.raises(
        InputError, match=rf"dataset: made with another genome: .*{problem}; run regt"
    ):
        open_dataset(tiny.folder / "dataset", other)


def edit_json(**values: object) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        path = folder / "dataset.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return edit


def rewrite(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (edit_json(format=7), r"dataset\.json: written in format 7; this regtrack reads up to 1: "),
        (edit_json(task="long"), r"dataset\.json: damaged .*expected one of dense, short"),
        (edit_json(markers=[]), r"dataset\.json: damaged .*at least one marker"),
        (edit_json(files=3), r"dataset\.json: damaged"),
        (rewrite("dataset.json", lambda text: text[:500]), r"dataset\.json: damaged"),
        (rewrite("dataset.json", lambda _: b"[]"), r"dataset\.json: damaged"),
        (
            lambda f: (f / "dataset.json").unlink(),
            r"not a dataset \(no dataset\.json\); regtrack",
        ),
        (lambda f: (f / "labels.npy").unlink(), r"labels\.npy: missing, though dataset\.json"),
        (rewrite("labels.npy", lambda data: data[:-6]), r"labels\.npy: has .* bytes, expected "),
        (
            rewrite("windows.bed", lambda data: data.replace(b"train", b"valid", 1)),
            r"windows\.bed: was changed after it was written; run regtrack prepare",
        ),
        (rewrite("known.bed", lambda data: data + b"chr1\t1\t2\n"), r"known\.bed: has .* bytes"),
    ],
)
def test_what_is_no_whole_dataset_is_refused(
    tiny: TinyWorld, make, edit: Callable[[Path], object], message: str
) -> None:
    make()
    edit(tiny.folder / "dataset")
    with pytest.raises(InputError, match=message) as caught:
        open_dataset(tiny.folder / "dataset")
    assert "\n" not in str(caught.value)


def test_a_file_is_no_dataset(tiny: TinyWorld) -> None:
    with pytest.raises(InputError, match=r"genome\.fa: is a file; expected a dataset folder"):
        open_dataset(tiny.genome)


def test_a_short_dataset_reads_its_inputs_from_the_genome(tiny: TinyWorld, make) -> None:
    dataset = make(task="short", valid=["chr1:1-30,000"], unknown=["HepG2=chr1"])
    assert isinstance(dataset, ShortDataset)
    assert dataset.window == 1_000
    assert dataset.size("test") == 0
    genome = Genome(tiny.genome)
    chroms = list(TINY_SIZES)
    seen = set()
    for split in ("train", "valid"):
        indices = np.arange(dataset.size(split))
        bins = dataset.splits[split].bins
        labels = dataset.labels(split, indices)
        shifts = indices % 7 - 3
        plain, moved = dataset.codes(split, indices), dataset.codes(split, indices, shifts)
        assert plain.shape == (len(indices), 1_000)
        for row, (number, start) in enumerate(bins.tolist()):
            chrom = chroms[number]
            seen.add((chrom, start))
            np.testing.assert_array_equal(plain[row], genome.codes(chrom, start - 400, start + 600))
            first = start - 400 + int(shifts[row])
            np.testing.assert_array_equal(moved[row], genome.codes(chrom, first, first + 1_000))
            for marker in range(3):
                covered = painted(tiny, marker, chrom)[start : start + 200].sum()
                assert labels[row, marker] == (covered > 100)
            assert dataset.known_markers(split, [row]).tolist() == [[True, chrom != "chr1", True]]
        known = dataset.known_markers(split, indices)
        rates = (labels * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        np.testing.assert_allclose(dataset.base_rates(split), rates)
    # Every bin with a factor, but those too near to an end and those of dropped windows.
    for chrom in ("chr1", "chr2"):
        truth = painted(tiny, 0, chrom)
        whole = TINY_SIZES[chrom] // 2_000 * 2_000
        for start in range(0, whole, 200):
            wanted = truth[start : start + 200].sum() > 100 and start >= 400
            wanted &= not (chrom == "chr1" and start < 2_000)
            assert ((chrom, start) in seen) == wanted


def test_regions_of_a_short_dataset_are_the_bases_of_its_inputs(make) -> None:
    dataset = make(task="short", valid=["chr1:1-30,000"])
    for split in ("train", "valid"):
        painted_over = {chrom: np.zeros(size, bool) for chrom, size in TINY_SIZES.items()}
        for number, start in dataset.splits[split].bins.tolist():
            painted_over[list(TINY_SIZES)[number]][start - 400 : start + 600] = True
        regions = dataset.regions(split)
        assert list(regions) == [chrom for chrom, read in painted_over.items() if read.any()]
        for chrom, intervals in regions.items():
            found = intervals.holds(np.arange(TINY_SIZES[chrom]))
            np.testing.assert_array_equal(found, painted_over[chrom])


def test_the_last_split_may_be_left_out(make) -> None:
    dataset = make(valid=["chr1:1-30,000"])
    assert len(dataset.windows("test")) == 0
    assert dataset.regions("test") == dataset.known("test") == {}
