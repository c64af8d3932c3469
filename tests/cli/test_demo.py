"""`regtrack demo` on real data, and the network that comes along, by its name."""

from __future__ import annotations

import csv
import shlex
from importlib import resources
from pathlib import Path
from statistics import fmean

import pytest
from page_blocks import TOP, blocks_of

from regtrack.report.scores_table import read_scores
from regtrack.tracks.folder import TrackSet
from regtrack.workspace.network_names import BUNDLED
from regtrack.workspace.networks import find_model

DATA = Path(str(resources.files("regtrack.demo") / "data"))


def _tutorial() -> list[list[str]]:
    """Words of each command of the tutorial, but for blocks that say why no test runs them."""
    blocks = blocks_of(TOP / "docs" / "tutorial.md")
    lines = [line for block in blocks if not block.said("not run") for line in block.lines()]
    return [shlex.split(line) for line in lines]


def test_it_predicts_scores_and_the_tutorial_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    folder = tmp_path / "demo"
    first, entering, *others = _tutorial()
    assert (first, entering) == (["regtrack", "demo"], ["cd", "demo"])
    monkeypatch.chdir(tmp_path)
    status, out, _ = regtrack(*first[1:], "--device", "cpu")
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

    monkeypatch.chdir(folder)
    assert {words[0] for words in others} == {"regtrack"}
    for _, *words in others:
        status, _, err = regtrack(*words)
        assert status == 0, err
    assert {words[1] for words in others} == {"predict", "info", "eval", "session", "explain"}
    assert (folder / "tracks" / "igv.xml").is_file()
    assert (folder / "looked" / "explain.png").is_file()
    with (folder / "looked" / "explain.tsv").open() as file:
        widths = next(csv.DictReader(file, delimiter="\t"))
    assert 1_800 < (int(widths["width_90"]) - 1) / 2 < 2_000  # as the tutorial says
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
    assert TrackSet.read(tmp_path / "t").model["architecture"] == "u-net"
    named = regtrack("predict", region, "--genome", genome, "--out", "u", "--model", "demo")
    assert named[0] == 0
    first = next((tmp_path / "t" / "bigwig").iterdir())
    assert first.read_bytes() == (tmp_path / "u" / "bigwig" / first.name).read_bytes()


def test_a_folder_of_a_networks_name_does_not_stand_in_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    assert find_model("demo").name == "model.safetensors"
    # Tracks, or what `regtrack info` is asked for, may be a folder.
    assert find_model("demo", or_folder=True) == Path("demo")
    (tmp_path / "demo").rmdir()
    (tmp_path / "demo").write_text("a checkpoint")
    assert find_model("demo") == Path("demo")
