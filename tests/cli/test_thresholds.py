"""`regtrack thresholds`: a copy of a checkpoint with thresholds chosen by measured peaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from builders import TINY_THRESHOLD, TinyDatasets, TinyWorld

from regtrack.models.checkpoint import load_network, read_checkpoint, save_checkpoint
from regtrack.models.validated import Validated
from regtrack.observer import Unwatched
from regtrack.prediction.score_job import make_score_job
from regtrack.prediction.score_model import run_scores
from regtrack.scoring.request import ScoreRequest
from regtrack.tracks.folder import TrackSet


def test_each_marker_gets_the_threshold_of_its_best_peaks(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "chosen.safetensors"
    options = ["--genome", tiny.genome, "--peaks", tiny.markers, "--region", "chr1"]
    status, said, err = regtrack("thresholds", tiny.model, *options, "--out", out)
    assert status == 0, err
    assert said.splitlines()[-1] == f"wrote {out}"

    job = make_score_job(
        *(tiny.model, ScoreRequest(tiny.markers, ("chr1",)), None, "test"),
        genome=tiny.genome,
        device="cpu",
        any_genome=False,
    )
    evaluation = run_scores(job, 1, Unwatched())
    scores = dict(zip((one.name for one in evaluation.markers), evaluation.scores, strict=True))
    before, chosen = read_checkpoint(tiny.model), read_checkpoint(out)
    assert chosen.thresholds_from == "peaks"
    assert any(one.best_peaks for one in scores.values()), "nothing to test"
    for row, marker in enumerate(chosen.markers):
        found = scores.get(marker.name)
        validated = chosen.validation_of(row)
        if found is None or not found.overall.scored:
            assert chosen.thresholds[row] == before.thresholds[row]
            assert validated is None
            continue
        assert validated is not None
        assert validated.average_precision == found.overall.average_precision
        if found.best_peaks is None:
            assert chosen.thresholds[row] == 0.5
            assert validated.peak_precision is None
        else:
            threshold, peaks = found.best_peaks
            assert chosen.thresholds[row] == threshold
            assert (validated.peak_precision, validated.peak_recall) == (
                peaks.precision,
                peaks.recall,
            )
            others = [one.f1 for _, one in found.peak_curve if one.paired and not one.is_too_wide]
            assert peaks.f1 == max(others)
    # All else is as it was.
    device = torch.device("cpu")
    weights = load_network(tiny.model, device).weights()
    for name, part in load_network(out, device).weights().items():
        assert torch.equal(part, weights[name])
    assert (chosen.markers, chosen.chrom_sizes) == (before.markers, before.chrom_sizes)

    status, _, err = regtrack(
        *("predict", "chr2", "--model", out, "--genome", tiny.genome, "--out", tmp_path / "t")
    )
    assert status == 0, err
    for track in TrackSet.read(tmp_path / "t").tracks:
        assert track.threshold_from == "peaks in validation"


def test_a_marker_that_is_not_scored_keeps_its_threshold(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "chosen.safetensors"
    options = ["--genome", tiny.genome, "--peaks", tiny.markers, "--markers", "DNase"]
    status, said, err = regtrack("thresholds", tiny.model, *options, "--out", out)
    assert status == 0, err
    assert "kept, without measured peaks there: K562|CTCF|None, K562|H3K4me3|None" in said
    chosen = read_checkpoint(out)
    assert [chosen.thresholds[row] for row in (0, 2)] == [TINY_THRESHOLD] * 2


def test_markers_no_better_than_chance_are_said_to_get_no_peaks_whatever_their_threshold(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    model = tmp_path / "by_chance.safetensors"
    by_chance = Validated(base_rate=0.1, average_precision=0.1, low=0.05, high=0.2)
    given = replace(read_checkpoint(tiny.model), validated=(by_chance, None, None))
    save_checkpoint(model, given, load_network(tiny.model, torch.device("cpu")))
    options = ["--genome", tiny.genome, "--peaks", tiny.markers, "--markers", "K562|H3K4me3|None"]
    status, said, err = regtrack("thresholds", model, *options, "--out", tmp_path / "c.safetensors")
    assert status == 0, err
    assert said.splitlines()[-2] == (
        "not clearly better than chance, so that predict calls no peaks of them, whatever their "
        "threshold: K562|CTCF|None"
    )


def test_tracks_say_of_each_marker_where_its_threshold_is_from(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    device = torch.device("cpu")
    old, out, again = (tmp_path / f"{name}.safetensors" for name in ("old", "chosen", "again"))
    given = replace(read_checkpoint(tiny.model), thresholds_from="scores")
    save_checkpoint(old, given, load_network(tiny.model, device))
    of_all = ["--genome", tiny.genome, "--peaks", tiny.markers]
    assert regtrack("thresholds", old, *of_all, "--markers", "DNase", "--out", out)[0] == 0
    # What was kept is what it was, also when others are chosen after it.
    more = ["--markers", "Histone", "--out", again]
    assert regtrack("thresholds", out, *of_all, *more)[0] == 0
    for model, expected in (
        (old, ["published scores"] * 3),
        (out, ["published scores", "peaks in validation", "published scores"]),
        (again, ["published scores", "peaks in validation", "peaks in validation"]),
    ):
        tracks = tmp_path / model.stem
        options = ["--model", model, "--genome", tiny.genome, "--out", tracks]
        status, _, err = regtrack("predict", "chr2", *options)
        assert status == 0, err
        assert [one.threshold_from for one in TrackSet.read(tracks).tracks] == expected


def test_markers_of_whose_peaks_no_threshold_finds_one_are_called_from_a_half_and_named(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "chosen.safetensors"
    options = ["--genome", tiny.genome, "--peaks", tiny.markers, "--markers", "K562*"]
    # Half of a measured peak lies here, and no called one: the shortest have 200 bases.
    status, said, err = regtrack(
        "thresholds", tiny.model, *options, "--region", "chr2:351-450", "--out", out
    )
    assert status == 0, err
    names = "K562|CTCF|None, K562|H3K4me3|None"
    assert said.splitlines()[:3] == [
        "thresholds of none of 3 markers: no measured peak is found",
        f"from 0.5, as no threshold finds a measured peak: {names}",
        "kept, without measured peaks there: HepG2|DNase|None",
    ]
    assert read_checkpoint(out).thresholds == (0.5, TINY_THRESHOLD, 0.5)


def test_a_split_of_a_dataset_serves_too(
    datasets: TinyDatasets, tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "chosen.safetensors"
    status, _, err = regtrack("thresholds", tiny.model, "--dataset", datasets.dense, "--out", out)
    assert status == 0, err
    assert read_checkpoint(out).thresholds_from == "peaks"


@pytest.mark.parametrize(
    ("options", "status", "problem"),
    [
        (["--split", "valid"], 2, "--split: is of a --dataset, and there is none"),
        (["--dataset", "d", "--region", "chr1"], 2, "--region: does not go with --dataset"),
        ([], 1, "exists already; --force replaces it"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    options: list[str], status: int, problem: str, tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "there.safetensors"
    if status == 1:
        out.write_text("precious")
    given = ["thresholds", tiny.model, "--genome", tiny.genome, "--out", out, *options]
    found, _, err = regtrack(*given)
    assert found == status
    assert problem in err
