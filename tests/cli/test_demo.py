"""`regtrack demo` on real data, and the network that comes along, by its name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from statistics import fmean

import pytest

from regtrack.report.scores_table import read_scores
from regtrack.tracks.folder import TrackSet
from regtrack.workspace.network_names import BUNDLED

DATA = Path(str(resources.files("regtrack.demo") / "data"))


def test_it_predicts_scores_and_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    folder = tmp_path / "demo"
    status, out, _ = regtrack("demo", folder, "--device", "cpu")
    assert status == 0
    assert "Real human DNA (hg19, chr22:20,609,432-22,000,000)" in out
    assert "regtrack browse tracks/ --report report/" in out
    assert "This took " in out
    assert len(out.splitlines()) < 40  # seen at once
    assert len(list((folder / "tracks" / "bigwig").iterdir())) == 171
    # What is said of the network is what is scored.
    scores = read_scores(folder / "report")
    markers = {track.marker.name: track.marker for track in TrackSet.read(folder / "tracks").tracks}
    for category in "TFBS", "DNase", "Histone":
        found = [
            value
            for name, value in scores.average_precision.items()
            if markers[name].category == category
        ]
        assert f"{category} {fmean(found):.4f}" in BUNDLED["demo"]

    # What it says to type works as it stands.
    monkeypatch.chdir(folder)
    assert regtrack("predict", "chr22:21,330,000-21,340,000", "--out", "one/")[0] == 0
    assert regtrack("info", "one/")[0] == 0
    assert regtrack("demo", folder)[0] == 1  # not twice without --force


def test_without_a_model_the_one_that_comes_along_predicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.chdir(tmp_path)
    genome = DATA / "genome.fa.gz"
    region = "chr22:21,330,001-21,331,000"
    status, _, err = regtrack("predict", region, "--genome", genome, "--out", "t")
    assert status == 0, err
    line = f"regtrack: note: model demo comes with regtrack: {BUNDLED['demo']}"
    assert err.splitlines().count(line) == 1
    assert "regtrack fetch model deepsea" in line
    assert TrackSet.read(tmp_path / "t").model["architecture"] == "dilated"
    named = regtrack("predict", region, "--genome", genome, "--out", "u", "--model", "demo")
    assert named[0] == 0
    first = next((tmp_path / "t" / "bigwig").iterdir())
    assert first.read_bytes() == (tmp_path / "u" / "bigwig" / first.name).read_bytes()
