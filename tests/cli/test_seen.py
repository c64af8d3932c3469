"""What a model was trained on is left out of scores, and said; `--include-training` scores it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import (
    TINY_SIZES,
    TinyDatasets,
    TinyWorld,
    make_tiny_world,
    random_sequence,
    write_checkpoint,
    write_fasta,
)
from cli_helpers import rows_of

from regtrack.cli.main import run
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet, Regions, total_bases
from regtrack.genome.markers import read_markers
from regtrack.genome.seen import Seen

TRAIN = {"chr1": IntervalSet.of([2_000, 36_000], [30_000, 44_000])}
VALID = {"chr1": IntervalSet.of([30_000], [36_000]), "chr2": IntervalSet.of([0], [4_000])}


def has_seen(world: TinyWorld, seen: Seen, sizes: dict[str, int] = TINY_SIZES) -> TinyWorld:
    """Give a world a model that says where it was trained."""
    write_checkpoint(world.model, read_markers(world.markers), sizes, seen=seen)
    return world


def known(world: TinyWorld, regions: Regions) -> int:
    """Bases that are not N."""
    return total_bases(Genome(world.genome).known(regions))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyWorld, Path]:
    """A world with such a model, and tracks of its genome, scored in the same pass."""
    world = make_tiny_world(tmp_path_factory.mktemp("trained") / "world")
    has_seen(world, Seen(TRAIN, VALID))
    tracks = world.folder / "tracks"
    arguments = [*predict(world), "--peaks", world.markers, "--out", tracks]
    assert run([str(one) for one in arguments]) == 0
    return world, tracks


def predict(world: TinyWorld) -> list[object]:
    return ["predict", "all", "--model", world.model, "--genome", world.genome]


def of_model(world: TinyWorld) -> list[object]:
    return ["eval", world.model, "--genome", world.genome, "--peaks", world.markers]


def of_tracks(world: TinyWorld, tracks: Path) -> list[object]:
    return ["eval", tracks, "--peaks", world.markers]


def bed(path: Path, regions: Regions) -> Path:
    rows = (f"{chrom}\t{start}\t{end}\n" for chrom, one in regions.items() for start, end in one)
    path.write_text("".join(rows))
    return path


def record(report: Path) -> dict[str, Any]:
    return json.loads((report / "report.json").read_text())


@pytest.mark.parametrize("what", ["model", "tracks"])
def test_scores_are_those_without_the_training_windows(
    trained: tuple[TinyWorld, Path], tmp_path: Path, regtrack, what: str
) -> None:
    world, tracks = trained
    command = of_model(world) if what == "model" else of_tracks(world, tracks)
    status, printed, err = regtrack(*command, "--out", tmp_path / "usual")
    assert status == 0
    everywhere = known(world, {chrom: IntervalSet.of([0], [n]) for chrom, n in TINY_SIZES.items()})
    left = everywhere - known(world, TRAIN)
    assert (
        f"regtrack: note: {world.model if what == 'model' else tracks} was trained on "
        f"{1 - left / everywhere:.0%} of what was asked for: only the other {left:,} bases are "
        "scored"
    ) in err.splitlines()
    excluded = bed(tmp_path / "trained.bed", TRAIN)
    by_hand = [*command, "--include-training", "--exclude", excluded, "--out", tmp_path / "by_hand"]
    assert regtrack(*by_hand)[0] == 0
    assert rows_of(tmp_path / "usual") == rows_of(tmp_path / "by_hand")

    left_out = known(world, TRAIN)
    assert record(tmp_path / "usual")["left_out"]["seen in training"] == left_out
    hint = "(--include-training scores them)"
    assert f"left out, seen in training: {left_out:,} bases {hint}" in printed
    words = (
        f"no: none of the scored bases; {known(world, VALID):,} scored bases were not trained on, "
        "but the best step and the thresholds were chosen by them"
    )
    assert f"\nseen in training: {words}" in printed
    assert record(tmp_path / "usual")["about"]["seen in training"] == words
    page = (tmp_path / "usual" / "report.html").read_text()
    assert f"<dt>Bases left out: seen in training</dt><dd>{left_out:,}</dd>" in page
    assert f"<dt>Bases seen in training</dt><dd>{words}</dd>" in page


@pytest.mark.parametrize("what", ["model", "tracks"])
def test_they_are_scored_when_asked_for(
    trained: tuple[TinyWorld, Path], tmp_path: Path, regtrack, what: str
) -> None:
    world, tracks = trained
    command = of_model(world) if what == "model" else of_tracks(world, tracks)
    status, printed, _ = regtrack(*command, "--include-training", "--out", tmp_path)
    assert status == 0
    assert "left out, seen in training" not in printed
    assert (
        f"seen in training: yes: {known(world, TRAIN):,} of the scored bases, whose scores"
        in printed
    )
    everything = {chrom: IntervalSet.of([0], [size]) for chrom, size in TINY_SIZES.items()}
    assert {int(row["bases"]) for row in rows_of(tmp_path)} == {known(world, everything)}


@pytest.mark.parametrize("more", [[], ["--include-training"]])
def test_predict_scores_as_eval_of_the_model_does(
    trained: tuple[TinyWorld, Path], tmp_path: Path, regtrack, more: list[str]
) -> None:
    world, tracks = trained
    if more:
        tracks = tmp_path / "tracks"
        command = [*predict(world), "--peaks", world.markers, "--out", tracks]
        assert regtrack(*command, *more)[0] == 0
    assert regtrack(*of_model(world), *more, "--out", tmp_path / "model")[0] == 0
    compare(tracks, tmp_path / "model")


def compare(one: Path, other: Path) -> None:
    """All that does not depend on how peaks are called."""
    same = ("bases", "positives", "average_precision", "average_precision_low", "auroc", "recall")
    for first, second in zip(record(one)["markers"], record(other)["markers"], strict=True):
        assert [first[name] for name in same] == [second[name] for name in same]
        assert first["chromosomes"] == second["chromosomes"]
    assert record(one)["left_out"] == record(other)["left_out"]


def test_of_many_scaffolds_those_not_trained_on_have_scores_of_their_own(
    tmp_path: Path, regtrack
) -> None:
    # The longest were trained on, wholly or but for ten bases.
    world = make_tiny_world(tmp_path / "world")
    random = np.random.default_rng(1)
    sizes = {f"scaffold_{number}": 200 if number < 100 else 90 for number in range(160)}
    write_fasta(world.genome, {name: random_sequence(random, size) for name, size in sizes.items()})
    for path in (world.folder / "peaks").iterdir():
        path.write_text("".join(f"{name}\t10\t40\n" for name in list(sizes)[::3]))
    seen = {
        name: IntervalSet.of([0], [size - 10 * (number % 2)])
        for number, (name, size) in enumerate(sizes.items())
        if number < 100
    }
    has_seen(world, Seen(seen, {}), sizes)
    out = tmp_path / "tracks"
    assert regtrack(*predict(world), "--peaks", world.markers, "--out", out)[0] == 0
    assert regtrack(*of_model(world), "--out", tmp_path / "model")[0] == 0
    compare(out, tmp_path / "model")
    chroms = record(out)["markers"][0]["chromosomes"]
    bases = {name: one["bases"] for name, one in chroms.items()}
    assert len(bases) == 100
    assert all(bases[f"scaffold_{number}"] == 90 for number in range(100, 160))


def test_the_tracks_say_what_of_them_was_trained_on(
    trained: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, _ = trained
    out = tmp_path / "tracks"
    region = "chr1:28,001-37,000"
    command = ["predict", region, "--model", world.model, "--genome", world.genome, "--out", out]
    assert regtrack(*command)[0] == 0
    rows = "chr1\t28000\t30000\nchr1\t36000\t37000\n"
    assert (out / "trained.bed").read_text() == rows
    # Where it is N, nothing was predicted.
    assert (out / "validated.bed").read_text() == "chr1\t30000\t30001\nchr1\t30002\t36000\n"
    assert json.loads((out / "tracks.json").read_text())["seen"] == {"train": 3_000, "valid": 5_999}
    _, printed, _ = regtrack("info", out)
    assert "3,000 of these bases (trained.bed); validated on 5,999 (validated.bed)" in printed


def test_on_another_genome_nothing_is_known_of_it(tmp_path: Path, regtrack) -> None:
    world = has_seen(make_tiny_world(tmp_path / "world"), Seen(TRAIN, VALID))
    sequence = random_sequence(np.random.default_rng(2), 44_999)
    write_fasta(world.genome, {"chr1": sequence, "chr2": sequence})
    out = tmp_path / "tracks"
    assert regtrack(*predict(world), "--any-genome", "--out", out)[0] == 0
    assert not (out / "trained.bed").exists()
    _, printed, _ = regtrack(*of_tracks(world, out))
    assert (
        "seen in training: not known: the network's file does not store which bases of this "
        "genome it was trained on; ask who trained it\n" in printed
    )
    assert "too good" not in printed
    assert "left out, seen" not in printed


@pytest.mark.parametrize("what", ["model", "tracks", "predict"])
def test_nothing_left_is_one_line_that_names_the_option(
    trained: tuple[TinyWorld, Path], tmp_path: Path, regtrack, what: str
) -> None:
    world, tracks = trained
    region = "chr1:5,001-6,000"
    command = {
        "model": [*of_model(world), "--region", region],
        "tracks": [*of_tracks(world, tracks), "--region", region],
        "predict": [
            *("predict", region, "--model", world.model, "--genome", world.genome),
            *("--peaks", world.markers, "--out", tmp_path / "tracks"),
        ],
    }[what]
    status, out, err = regtrack(*command)
    subject = tracks if what == "tracks" else world.model
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].endswith(
        f"{subject}: all that was asked for was seen in training; --include-training scores it"
    )
    assert not (tmp_path / "tracks").exists()
    assert regtrack(*command, "--include-training")[0] == 0


def test_a_split_is_scored_whole_also_where_it_was_trained_on(
    datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    world = datasets.world
    model = tmp_path / "model.safetensors"
    markers = read_markers(world.markers)
    write_checkpoint(model, markers, TINY_SIZES, seen=Seen(TRAIN, VALID))
    command = ("eval", model, "--dataset", datasets.dense, "--split", "train")
    status, printed, _ = regtrack(*command, "--out", tmp_path / "report")
    assert status == 0
    windows = {"chr1": IntervalSet.of([16_000], [44_000]), "chr2": IntervalSet.of([4_000], [6_000])}
    assert f"{known(world, windows):,} bases scored" in printed
    seen = {"chr1": IntervalSet.of([16_000, 36_000], [30_000, 44_000])}
    assert f"\nseen in training: yes: {known(world, seen):,} of the scored bases" in printed
    status, _, err = regtrack(*command, "--include-training")
    assert (status, "--include-training: does not go with --dataset" in err) == (2, True)


def test_predict_has_nothing_to_include_where_nothing_is_scored(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    command = ("predict", "chr1", "--model", tiny.model, "--genome", tiny.genome)
    out = tmp_path / "t"
    status, _, err = regtrack(*command, "--out", out, "--include-training")
    assert status == 2
    assert "--include-training: does nothing without --peaks" in err
    assert not out.exists()
