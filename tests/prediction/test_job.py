"""What a prediction is cut into, and what two runs must share to go on with one work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from builders import TINY_SIZES, TINY_THRESHOLD, TinyWorld, Unwatched, write_checkpoint, write_fasta
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import read_markers
from regtrack.models.checkpoint import load_network, read_checkpoint, save_checkpoint
from regtrack.models.validated import Validated
from regtrack.notes import heard
from regtrack.prediction import job as jobs
from regtrack.prediction import run as running
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.job import Job, block_tasks, grouped, make_job
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.blocks import BLOCK_LENGTH

Change = Callable[[TinyWorld, pytest.MonkeyPatch], Job]


def a_job(world: TinyWorld, **changes: object) -> Job:
    usual = {
        "model": world.model,
        "genome": world.genome,
        "regions": ["chr2"],
        "marker_patterns": [],
        "settings": PredictionSettings(window=15_000),
        "device": "cpu",
        "any_genome": True,
    }
    return make_job(**{**usual, **changes})  # type: ignore[arg-type]


def of_another_version(world: TinyWorld, patch: pytest.MonkeyPatch) -> Job:
    patch.setattr(jobs, "__version__", "0.0.1")
    return a_job(world)


def of_another_block_format(world: TinyWorld, patch: pytest.MonkeyPatch) -> Job:
    patch.setattr(jobs, "BLOCK_FORMAT", 99)
    return a_job(world)


def of_another_model(world: TinyWorld, _: pytest.MonkeyPatch) -> Job:
    markers = read_markers(world.markers)
    other = write_checkpoint(world.folder / "other.safetensors", markers, TINY_SIZES, seed=1)
    return a_job(world, model=other)


def of_a_genome_with_one_chromosome_more(world: TinyWorld, _: pytest.MonkeyPatch) -> Job:
    genome = write_fasta(world.folder / "more.fa", {**world.sequences, "chr3": "ACGT"})
    return a_job(world, genome=genome)


def of_other_sequence(world: TinyWorld, _: pytest.MonkeyPatch) -> Job:
    turned = {**world.sequences, "chr2": world.sequences["chr2"][::-1]}
    return a_job(world, genome=write_fasta(world.folder / "other.fa", turned))


def of_fewer_markers(world: TinyWorld, _: pytest.MonkeyPatch) -> Job:
    return a_job(world, marker_patterns=["K562*"])


def on_another_device(world: TinyWorld, patch: pytest.MonkeyPatch) -> Job:
    patch.setattr(jobs, "arithmetic_of", lambda device: f"that of {device}")
    return a_job(world, device="cuda:0,1")


def on_another_processor(world: TinyWorld, patch: pytest.MonkeyPatch) -> Job:
    patch.setattr(jobs, "arithmetic_of", lambda _: "another")
    return a_job(world)


def with_another_torch(world: TinyWorld, patch: pytest.MonkeyPatch) -> Job:
    patch.setattr(jobs, "torch_version", lambda: "1.0")
    return a_job(world)


def of_other_regions(world: TinyWorld, _: pytest.MonkeyPatch) -> Job:
    return a_job(world, regions=["chr2:1-7,000"])


def with_another_bound(world: TinyWorld, _: pytest.MonkeyPatch) -> Job:
    return replace(a_job(world), settings=PredictionSettings(window=15_000, max_error=0.01))


@pytest.fixture
def unfinished(tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run was stopped when its blocks were saved, before its first track."""
    out = tmp_path / "tracks"
    with monkeypatch.context() as patch:
        patch.setattr(running, "predict_missing", _save_something)
        patch.setattr(running, "write_markers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            running.run(a_job(tiny), out, 1, False, Unwatched())
    return out


def _folder_of(works: Sequence[BlockWork]) -> Path:
    folder = works[0].recipe.blocks
    assert folder is not None
    return folder


def _save_something(works: Sequence[BlockWork], *_: object) -> None:
    (_folder_of(works) / "a.blk").write_bytes(b"something")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (of_another_version, r"regtrack \(.*, now 0\.0\.1\)"),
        (of_another_block_format, r"block format \(.*, now 99\)"),
        (of_another_model, "model"),
        (of_a_genome_with_one_chromosome_more, r"chromosomes \(3, now 4\)"),
        (of_other_sequence, "sequence and regions"),
        (of_other_regions, "sequence and regions"),
        (of_fewer_markers, r"markers \(3, now 2\)"),
        (on_another_device, r"device \(cpu, now cuda\), arithmetic \(.*, now that of cuda:0,1\)"),
        (with_another_torch, r"torch \(.*, now 1\.0\)"),
        (with_another_bound, r"max_error \(0\.003, now 0\.01\)"),
    ],
)
def test_an_unfinished_run_that_differs_in_one_thing_is_refused_and_kept(
    tiny: TinyWorld,
    unfinished: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    named: str,
) -> None:
    job = change(tiny, monkeypatch)
    with pytest.raises(InputError, match=rf"unfinished run with (another|other) {named}; --force"):
        running.run(job, unfinished, 1, False, Unwatched())
    block = unfinished.with_name("tracks.partial") / "blocks" / "a.blk"
    assert block.read_bytes() == b"something"


def test_what_another_kind_of_processor_computed_is_not_mixed_in_unless_any_will_do(
    tiny: TinyWorld, unfinished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = on_another_processor(tiny, monkeypatch)
    with pytest.raises(InputError, match=r"another arithmetic \(.*, now another\); --any-cpu goes"):
        running.run(job, unfinished, 1, False, Unwatched())
    monkeypatch.setattr(running, "write_markers", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        running.run(replace(job, any_cpu=True), unfinished, 1, False, Unwatched())


def test_where_any_will_do_gpus_of_two_models_are_mixed_and_a_cpu_and_a_gpu_are_not(
    tiny: TinyWorld, tmp_path: Path, unfinished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "write_markers", lambda *_: 1 / 0)
    on_gpus = replace(on_another_device(tiny, monkeypatch), any_cpu=True)
    with pytest.raises(InputError, match=r"unfinished run with another device \(cpu, now cuda\); "):
        running.run(on_gpus, unfinished, 1, False, Unwatched())
    monkeypatch.setattr(running, "predict_missing", _save_something)
    out = tmp_path / "of gpus"
    for model in "GPU A", "GPU B":
        monkeypatch.setattr(jobs, "arithmetic_of", lambda _, model=model: model)
        with pytest.raises(ZeroDivisionError):
            running.run(on_gpus, out, 1, False, Unwatched())


def test_an_unfinished_run_of_the_same_job_is_gone_on_with(
    tiny: TinyWorld, unfinished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    monkeypatch.setattr(
        running, "predict_missing", lambda works, *_: found.extend(_folder_of(works).iterdir())
    )
    monkeypatch.setattr(running, "write_markers", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        running.run(a_job(tiny), unfinished, 1, False, Unwatched())
    assert [path.name for path in found] == ["a.blk"]


edges = st.one_of(
    st.integers(0, 900_000),
    st.integers(0, 4).flatmap(
        lambda block: st.integers(-1, 1).map(lambda by: max(0, block * BLOCK_LENGTH + by))
    ),
)
sets = st.lists(st.tuples(edges, edges), max_size=5).map(
    lambda drawn: IntervalSet.of(
        [min(pair) for pair in drawn], [max(*pair, min(pair) + 1) for pair in drawn]
    )
)


@given(st.dictionaries(st.sampled_from(["chr2", "chr1", "chr10"]), sets))
def test_blocks_hold_every_base_once_in_the_order_of_the_genome(
    targets: dict[str, IntervalSet],
) -> None:
    tasks = block_tasks(targets)
    order = list(targets)
    places = [(order.index(task.block.chrom), task.block.index) for task in tasks]
    assert places == sorted(set(places))
    for task in tasks:
        assert task.targets.bases > 0
        assert task.targets.starts[0] >= task.block.start
        assert task.targets.ends[-1] <= task.block.end
    for chrom, intervals in targets.items():
        mine = [task.targets for task in tasks if task.block.chrom == chrom]
        assert IntervalSet.union(mine) == intervals
        assert sum(one.bases for one in mine) == intervals.bases


def test_small_scaffolds_are_predicted_together_and_long_stretches_are_not() -> None:
    ends = [BLOCK_LENGTH] + [900] * 100 + [60] * 50 + [BLOCK_LENGTH * 3 // 5] * 2
    targets = {f"scaffold_{number}": IntervalSet.of([0], [end]) for number, end in enumerate(ends)}
    groups = list(grouped(targets, 32, BLOCK_LENGTH))
    assert [task for group in groups for task in group] == block_tasks(targets)
    # A hundred have scores of their own, and a file: the three long ones, and 97 of 900 bases.
    assert [len(group) for group in groups] == [1] * 98 + [32, 21, 1, 1]


def test_a_chromosome_shares_no_file_with_another_and_blocks_fill_it() -> None:
    everything = {"chr1": IntervalSet.of([0], [2 * BLOCK_LENGTH]), "chr2": IntervalSet.of([0], [9])}
    assert [len(group) for group in grouped(everything, 32, BLOCK_LENGTH)] == [1, 1, 1]
    scattered = IntervalSet.of(
        [0, BLOCK_LENGTH + 7, 2 * BLOCK_LENGTH], [9, BLOCK_LENGTH + 9, 500_000]
    )
    assert [len(group) for group in grouped({"chr1": scattered}, 32)] == [3]
    assert [len(group) for group in grouped({"chr1": scattered}, 2)] == [2, 1]
    assert [len(group) for group in grouped({"chr1": scattered}, 32, 50_000)] == [2, 1]


@pytest.mark.parametrize(
    ("asked", "floor", "threshold"),
    [
        (None, 0.005, TINY_THRESHOLD),  # the marker's own
        (0.5, 0.005, 0.5),
        (None, 0.375, 0.378),  # values up to the floor and the error may stand for nothing
        (None, 1.0, 1.0),
    ],
)
def test_peaks_are_called_from_the_markers_threshold_but_not_under_the_floor(
    tiny: TinyWorld, asked: float | None, floor: float, threshold: float
) -> None:
    settings = PredictionSettings(peak_threshold=asked, floor=floor)
    job = make_job(tiny.model, tiny.genome, ["chrM"], [], settings, "cpu")
    assert [track.threshold for track in job.trackset.tracks] == [threshold] * 3
    assert (job.bases, job.overlap) == (16, 0)


def test_a_model_that_is_not_there_is_said_to_be_perhaps_untrained_and_demo_to_predict(
    tiny: TinyWorld,
) -> None:
    with pytest.raises(
        InputError,
        match=r"later\.safetensors: no such checkpoint; regtrack train makes one",
    ):
        a_job(tiny, model=tiny.folder / "later.safetensors")


@pytest.mark.parametrize("threshold", [None, 0.3])
def test_a_threshold_is_said_not_to_help_markers_that_get_no_peaks(
    tiny: TinyWorld, threshold: float | None
) -> None:
    checkpoint = read_checkpoint(tiny.model)
    by_chance = Validated(base_rate=0.1, average_precision=0.1, low=0.05, high=0.2)
    validated = (replace(by_chance, low=0.15), by_chance, None)
    network = load_network(tiny.model, torch.device("cpu"))
    save_checkpoint(tiny.model, replace(checkpoint, validated=validated), network)
    told: list[str] = []
    with heard(told.append):
        a_job(tiny, settings=PredictionSettings(window=15_000, peak_threshold=threshold))
    assert told == [
        "not clearly better than chance, so that no peaks are called of them whatever the "
        "threshold: HepG2|DNase|None"
    ] * (threshold is not None)
