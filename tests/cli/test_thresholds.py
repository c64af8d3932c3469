"""`regtrack thresholds`: a copy of a checkpoint with thresholds chosen by measured peaks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from builders import TINY_THRESHOLD, Silent, TinyDatasets, TinyWorld

from regtrack.evaluation.evaluate import Asked
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.prediction.scored import evaluate_model
from regtrack.tracks.folder import TrackSet


def test_each_marker_gets_the_threshold_of_its_best_peaks(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "chosen.safetensors"
    options = ["--genome", tiny.genome, "--peaks", tiny.markers, "--region", "chr1"]
    status, said, err = regtrack("thresholds", tiny.model, *options, "--out", out)
    assert status == 0, err
    assert said.splitlines()[-1] == f"wrote {out}"

    evaluation = evaluate_model(
        *(tiny.model, Asked(tiny.markers, ("chr1",)), None, "test", 1, Silent()),
        genome=tiny.genome,
        device="cpu",
        any_genome=False,
    )
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
