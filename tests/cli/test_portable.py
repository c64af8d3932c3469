"""What is written can be published and moved: it knows other files by name, not by place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from builders import TinyWorld, make_tiny_world
from cli_helpers import predict_arguments

TELLTALE = "telltale9f3"


def telling(folder: Path) -> list[str]:
    """Files that hold the name of the folder above them, also where they are compressed."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        if TELLTALE.encode() in data:
            found.append(str(path.relative_to(folder)))
    return found


@pytest.fixture
def world(tmp_path: Path) -> TinyWorld:
    return make_tiny_world(tmp_path / TELLTALE / "world")


def test_no_file_says_where_others_lay(world: TinyWorld, regtrack) -> None:
    made = world.folder.parent / "made"
    made.mkdir()
    (made / "chr2.bed").write_text("chr2\t0\t7003\n")
    data, model, tracks = made / "set", made / "m.safetensors", made / "tracks"
    given = ["--genome", world.genome, "--peaks", world.markers]
    cpu = ["--device", "cpu"]
    short = [*cpu, "--steps", 2, "--batch-size", 1]
    shown = ["--url", "https://example.org/t", "--email", "a@example.org"]
    for command in (
        [*("prepare", "--out", data, *given), "--window", 2000, "--valid", made / "chr2.bed"],
        ["train", data, "--out", model, "--model", "cnn3", "--hidden", 8, *short],
        predict_arguments(world, tracks, "--workers", 1, "--peaks", world.markers),
        ["session", tracks, "--peaks", world.markers, "--reference", world.genome],
        ["hub", tracks, *shown, "--assembly", "canFam3", "--workers", 1],
        [*("eval", tracks, "--peaks", world.markers), "--region", made / "chr2.bed"]
        + ["--exclude", made / "chr2.bed", "--out", made / "report", "--region", "chr1"],
        ["eval", model, "--dataset", data, "--split", "valid", *cpu, "--out", made / "scored"],
        ["compare", data, model, "--out", made / "compared", *short],
        [*("explain", world.model, "chr2:1-3,000", "--marker", "CTCF", *given, *cpu)]
        + ["--out", made / "explained"],
    ):
        status, _, err = regtrack(*command)
        assert status == 0, (command, err)
    assert telling(made) == []


def test_a_dataset_is_moved_together_with_its_genome(
    world: TinyWorld, tmp_path: Path, regtrack
) -> None:
    data = world.folder / "set"
    given = ["--genome", world.genome, "--peaks", world.markers, "--valid", "chr2"]
    assert regtrack("prepare", "--out", data, *given, "--window", 2000)[0] == 0
    assert json.loads((data / "dataset.json").read_text())["genome"] == "../genome.fa"
    world.folder.rename(tmp_path / "elsewhere")
    train = ["train", tmp_path / "elsewhere" / "set", "--out", tmp_path / "m.safetensors"]
    status, _, err = regtrack(*train, "--model", "cnn3", "--hidden", 8, "--steps", 2)
    assert status == 0, err


def test_a_dataset_that_names_its_genome_as_it_was_is_read(world: TinyWorld, regtrack) -> None:
    data = world.folder / "set"
    given = ["--genome", world.genome, "--peaks", world.markers, "--valid", "chr2"]
    assert regtrack("prepare", "--out", data, *given, "--window", 2000)[0] == 0
    contents = json.loads((data / "dataset.json").read_text())
    contents["genome"] = str(world.genome)
    (data / "dataset.json").write_text(json.dumps(contents))
    train = ["train", data, "--out", world.folder / "m.safetensors"]
    status, _, err = regtrack(*train, "--model", "cnn3", "--hidden", 8, "--steps", 2)
    assert status == 0, err
