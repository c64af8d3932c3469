"""`predict` names tandem repeats in which more than half of all markers have peaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from builders import a_marker, random_sequence, write_checkpoint, write_fasta
from cli_helpers import files_of

from regtrack.cli.main import run
from regtrack.prediction import job as jobs

SAID = "1 tandem repeat (2,500 bases) with peaks of more than half of all markers"


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """Of a network that calls all 12 markers everywhere; chr1 is a repeat, chr2 is not."""
    random = np.random.default_rng(4)
    sequences = {
        "chr1": (random_sequence(random, 27) * 100)[:2_500],
        "chr2": random_sequence(random, 2_500),
    }
    genome = write_fasta(tmp_path / "genome.fa", sequences)
    markers = [a_marker(index, f"K562|TF{index}|None") for index in range(12)]
    sizes = {chrom: len(sequence) for chrom, sequence in sequences.items()}
    model = write_checkpoint(tmp_path / "model.safetensors", markers, sizes)
    always = ["--peak-threshold", "0", "--floor", "0", "--max-error", "0.1"]
    return [*("--model", str(model), "--genome", str(genome), "--device", "cpu"), *always]


def predict(out: Path, options: list[str], *more: str) -> None:
    assert run(["predict", "all", "--out", str(out), *options, *more]) == 0


def test_they_are_in_a_bed_file_in_the_contents_in_a_note_and_in_info(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tracks"
    predict(out, options)
    assert f"note: {SAID}: see tracks/repeats.bed\n" in capsys.readouterr().err
    assert (out / "repeats.bed").read_text() == "chr1\t0\t2500\t27bp\n"
    assert json.loads((out / "tracks.json").read_text())["repeats"] == {
        "stretches": 1,
        "bases": 2_500,
    }
    assert run(["info", str(out)]) == 0
    assert f"{SAID} (repeats.bed)\n" in capsys.readouterr().out


def test_json_has_the_note(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    predict(tmp_path / "tracks", options, "--json")
    (told,) = (one for one in json.loads(capsys.readouterr().out)["notes"] if "repeat" in one)
    assert told == f"{SAID}: see tracks/repeats.bed"


def test_where_there_are_none_the_file_is_empty_and_nothing_is_said(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tracks"
    assert run(["predict", "chr2", "--out", str(out), *options]) == 0
    assert "repeat" not in capsys.readouterr().err
    assert (out / "repeats.bed").read_text() == ""
    assert run(["info", str(out)]) == 0
    assert "0 tandem repeats (0 bases)" in capsys.readouterr().out


def test_of_few_markers_nobody_looks(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tracks"
    predict(out, options, "--markers", "TF1*")
    assert "tandem" not in capsys.readouterr().err
    assert not (out / "repeats.bed").exists()
    assert "repeats" not in json.loads((out / "tracks.json").read_text())
    assert run(["info", str(out)]) == 0
    assert "not looked at (fewer than 10 markers with peaks" in capsys.readouterr().out


@pytest.mark.usefixtures("in_processes")
def test_workers_and_shards_make_the_same_bytes_and_finish_says_the_same(
    tmp_path: Path,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(jobs, "_MOST_TOGETHER", 1)
    alone, together, shared = (tmp_path / name for name in ("alone", "together", "shared"))
    predict(alone, options, "--workers", "1")
    predict(together, options, "--workers", "2")
    assert files_of(together) == files_of(alone)
    predict(shared, options, "--shards", "2")
    for share in "2/2", "1/2":
        assert run(["predict", "--shard", share, "--out", str(shared)]) == 0
    capsys.readouterr()
    assert run(["finish", str(shared)]) == 0
    assert f"note: {SAID}: see shared/repeats.bed\n" in capsys.readouterr().err
    assert files_of(shared) == files_of(alone)
