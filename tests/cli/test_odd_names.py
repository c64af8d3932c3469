"""Names that are not UTF-8, which Linux takes: work, or one line before the work begins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from browsing import ask
from builders import TinyWorld, make_tiny_world, write_mats
from cli_helpers import files_of, predict_arguments
from fetching_server import alone, miniature, serving

from regtrack.cli.main import run
from regtrack.models.checkpoint import read_checkpoint
from regtrack.paths import shell_word, utf8_path

ODD = os.fsdecode(b"caf\xe9")  # as Latin-1 had it
TEXTS = {".json", ".tsv", ".html", ".xml", ".txt", ".md", ".toml", ".bed", ".sizes", ".fai"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="its file systems want UTF-8")


@dataclass(frozen=True)
class OddWorld:
    """The tiny world under odd names in an odd folder, and what commands made of it."""

    world: TinyWorld
    region: Path
    data: Path
    model: Path
    tracks: Path
    report: Path

    @property
    def given(self) -> list[object]:
        """Genome and peaks, as options."""
        return ["--genome", self.world.genome, "--peaks", self.world.markers]


SHORT = ["--steps", 2, "--batch-size", 1, "--device", "cpu"]
CPU = ["--device", "cpu"]
SHOWN = ["--url", "https://example.org/t", "--email", "a@example.org", "--assembly", "canFam3"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> OddWorld:
    made = make_tiny_world(tmp_path_factory.mktemp("names") / ODD)
    folder = made.folder

    def renamed(path: Path) -> Path:
        return path.rename(folder / f"{ODD}-{path.name}")

    world = replace(
        made,
        genome=renamed(made.genome),
        markers=renamed(made.markers),
        model=renamed(made.model),
    )
    region = folder / f"{ODD}.bed"
    region.write_text("chr2\t0\t7003\n")
    found = OddWorld(
        world,
        region,
        folder / f"{ODD}-set",
        folder / f"{ODD}-trained.safetensors",
        folder / f"{ODD}-tracks",
        folder / f"{ODD}-report",
    )
    for command in (
        ["prepare", "--out", found.data, *found.given, "--window", 2000, "--valid", region],
        ["train", found.data, "--out", found.model, "--model", "cnn3", "--hidden", 8, *SHORT],
        predict_arguments(world, found.tracks),
        ["eval", found.tracks, "--peaks", world.markers, "--out", found.report],
    ):
        assert run([str(one) for one in command]) == 0
    return found


@pytest.fixture(autouse=True)
def here(odd: OddWorld, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder has an odd name, too."""
    monkeypatch.chdir(odd.world.folder)
    return odd.world.folder


@pytest.fixture
def out(odd: OddWorld) -> Iterator[Path]:
    """An odd name for what is made, which is removed afterwards."""
    path = odd.world.folder / f"{ODD}-out"
    yield path
    for left in odd.world.folder.glob(f"{ODD}-out*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def assert_all_is_text(folder: Path) -> None:
    """No text is anything but UTF-8, no JSON has half a character."""
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
        if path.suffix in TEXTS and path.is_file():
            text = path.read_bytes().decode()
            if path.suffix == ".json":
                json.dumps(json.loads(text), ensure_ascii=False).encode()


COMMANDS = {
    "prepare": lambda odd, out: [
        *("prepare", "--out", out, *odd.given, "--window", 2000, "--valid", odd.region.name),
        *("--markers", "[K\udce9]562*"),
    ],
    "prepare --task short": lambda odd, out: [
        *("prepare", "--out", out, *odd.given, "--task", "short", "--window", 2000),
    ],
    "train": lambda odd, out: [
        *("train", odd.data.name, "--out", f"{out.name}.safetensors", "--model", "cnn3"),
        *("--hidden", 8, *SHORT),
    ],
    "search": lambda odd, out: [
        *("search", odd.data, "--out", out, "--model", "cnn3", "--space", space_of(odd), *SHORT),
    ],
    "compare": lambda odd, out: ["compare", odd.data, odd.model, "--out", out, *SHORT],
    "predict": lambda odd, out: predict_arguments(odd.world, out),
    "predict a BED file": lambda odd, out: predict_arguments(
        odd.world, out.name, regions=[odd.region.name]
    ),
    "predict --peaks": lambda odd, out: predict_arguments(
        odd.world, out, "--peaks", odd.world.markers, regions=["chr2"]
    ),
    "eval TRACKS": lambda odd, out: [
        *("eval", odd.tracks, "--peaks", odd.world.markers, "--region", odd.region.name),
        *("--exclude", excluded_of(odd), "--out", out),
    ],
    "eval MODEL": lambda odd, out: [
        *("eval", odd.model.name, *odd.given, *CPU, "--region", odd.region, "--out", out),
    ],
    "eval MODEL --dataset": lambda odd, out: [
        *("eval", odd.model, "--dataset", odd.data, "--split", "valid", *CPU, "--out", out),
    ],
    "explain --marker": lambda odd, out: [
        *("explain", odd.world.model, "chr2:1-3,000", "--marker", "CTCF", *odd.given, *CPU),
        *("--out", out),
    ],
    "explain --all": lambda odd, out: [
        *("explain", odd.world.model, odd.region, "--all", *odd.given, *CPU, "--out", out),
    ],
    "init": lambda _, out: ["init", out],
}


def space_of(odd: OddWorld) -> Path:
    space = odd.world.folder / f"{ODD}.toml"
    space.write_text("learning_rate = [0.01]\nhidden = 8\n")
    return space


def excluded_of(odd: OddWorld) -> Path:
    excluded = odd.world.folder / f"{ODD}-excluded.bed"
    excluded.write_text("chr2\t0\t100\n")
    return excluded


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_made_is_named_in_text(name: str, odd: OddWorld, out: Path, regtrack) -> None:
    status, _, err = regtrack(*COMMANDS[name](odd, out))
    assert status == 0, err
    made = sorted(out.parent.glob(f"{out.name}*"))
    assert made
    for path in made:
        assert path.suffix not in {".partial", ".tmp"}
        assert_all_is_text(path)


def test_tracks_are_those_of_other_names(odd: OddWorld, tmp_path: Path, regtrack) -> None:
    status, _, _ = regtrack(*predict_arguments(make_tiny_world(tmp_path / "w"), tmp_path / "t"))
    assert status == 0
    assert files_of(odd.tracks) == files_of(tmp_path / "t")


def test_what_is_to_be_typed_next_can_be(odd: OddWorld, out: Path, regtrack) -> None:
    command = predict_arguments(odd.world, out, regions=["chrM"])
    assert f"regtrack browse {shell_word(out)}\n" in regtrack(*command)[1]
    assert shell_word(out).endswith(r"caf\xe9/caf\xe9-out'")


def test_a_dataset_finds_its_genome_again(odd: OddWorld, regtrack) -> None:
    assert json.loads((odd.data / "dataset.json").read_text())["genome"] == (
        r"../caf\xe9-genome.fa"
    )
    status, printed, _ = regtrack("info", odd.data)
    assert status == 0
    assert r"caf\xe9-genome" in printed


def test_a_checkpoint_names_its_genome_in_text(odd: OddWorld, regtrack) -> None:
    assert read_checkpoint(odd.model).assembly == r"caf\xe9-genome"
    status, printed, _ = regtrack("info", odd.model)
    assert status == 0
    assert r"caf\xe9-genome: 3 chromosomes" in printed


def test_session_and_hub_are_made_in_an_odd_folder(odd: OddWorld, regtrack) -> None:
    plain = odd.world.folder / "plain.fa"
    shutil.copy(odd.world.genome, plain)
    shown = ["--peaks", odd.world.markers, "--report", odd.report]
    status, _, err = regtrack("session", odd.tracks, *shown, "--reference", plain)
    assert status == 0, err
    assert 'genome="../plain.fa"' in (odd.tracks / "igv.xml").read_text(encoding="utf-8")
    status, _, err = regtrack("hub", odd.tracks, *SHOWN, "--report", odd.report)
    assert status == 0, err
    assert_all_is_text(odd.tracks)
    status, printed, err = regtrack("hub", odd.tracks, "--check")
    assert status == 0, err
    assert "no rule broken" in printed


def test_a_session_refuses_a_genome_that_xml_cannot_name(odd: OddWorld, regtrack) -> None:
    shown = ["--peaks", odd.world.markers, "--reference", odd.world.genome, "--force"]
    before = files_of(odd.tracks)
    status, printed, err = regtrack("session", odd.tracks, *shown)
    assert (status, printed) == (1, "")
    assert err == (
        "regtrack: ../caf\\udce9-genome.fa: no name that igv.xml can hold; expected one in UTF-8\n"
    )
    assert files_of(odd.tracks) == before


def test_a_page_shows_an_odd_folder_and_its_genome(
    odd: OddWorld, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps: list[Any] = []
    monkeypatch.setattr("regtrack.browsers.server.serve", lambda app, _: apps.append(app))
    genes = odd.world.folder / f"{ODD}-genes.bed"
    genes.write_text("chr1\t1000\t3000\tCRKL\t0\t+\n")
    shown = [*odd.given, "--report", odd.report, "--genes", genes, "--no-open"]
    status, _, err = regtrack("browse", odd.tracks, *shown)
    assert status == 0, err
    status, body = ask(apps[0], "/site.json")
    assert status == 200
    site = json.loads(body.decode())
    assert site["folder"] == r"caf\xe9-tracks"
    status, sequence = ask(apps[0], f"/{site['reference']['fastaURL']}")
    assert (status, sequence) == (200, odd.world.genome.read_bytes())
    assert ask(apps[0], f"/{site['reference']['indexURL']}")[0] == 200
    assert ask(apps[0], "/measured/0", "chrom=chr1&start=0&end=45000")[0] == 200
    odd.world.folder.joinpath("peaks").rename(odd.world.folder / "away")
    try:
        status, body = ask(apps[0], "/measured/1", "chrom=chr1&start=0&end=45000")
    finally:
        odd.world.folder.joinpath("away").rename(odd.world.folder / "peaks")
    assert (status, body.count(b"\n")) == (500, 0)
    assert rb"caf\udce9/peaks/1.narrowPeak: No such file" in body


def test_a_log_for_tensorboard_is_refused_before_the_training(
    odd: OddWorld, out: Path, regtrack
) -> None:
    command = ["train", odd.data, "--out", f"{out}.safetensors", *SHORT]
    status, _, err = regtrack(*command, "--tensorboard", out)
    assert status == 2
    assert err.splitlines()[-1].startswith("regtrack: --tensorboard: TensorBoard takes no name")
    assert not list(out.parent.glob(f"{out.name}*"))


def test_a_configuration_lies_in_an_odd_folder(
    odd: OddWorld, here: Path, out: Path, regtrack
) -> None:
    config = here / "regtrack.toml"
    shutil.copy(odd.world.genome, here / "plain.fa")
    shutil.copy(odd.world.markers, here / "plain.tsv")
    config.write_text(
        '[defaults]\ngenome = "plain.fa"\npeaks = "plain.tsv"\n[prepare]\nwindow = 2000\n'
    )
    try:
        status, _, err = regtrack("prepare", "--out", out, "--valid", "chr2")
        assert status == 0, err
        status, printed, _ = regtrack("doctor")
        assert status == 0  # without a model, the one that comes along is taken
        assert "/plain.fa: 3 chromosomes" in printed
    finally:
        config.unlink()


def test_a_configuration_refuses_what_it_cannot_name(odd: OddWorld, out: Path, regtrack) -> None:
    out.mkdir()
    shutil.copy(odd.world.genome, out / f"{ODD}.fa")
    status, printed, err = regtrack("init", out)
    assert (status, printed) == (1, "")
    assert err.endswith(
        "caf\\udce9.fa: no name that a configuration can hold; expected one in UTF-8\n"
    )
    assert err.count("\n") == 1
    assert not (out / "regtrack.toml").exists()


def test_what_is_published_is_kept_in_an_odd_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    alone(tmp_path, monkeypatch)
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / ODD))
    with serving(miniature([0, 918])) as sources:
        for what in (["genome"], ["exclude"], ["peaks", "--markers", "8988T*"]):
            status, _, err = regtrack("fetch", *what, "--mirror", sources.url)
            assert status == 0, err
    assert regtrack("fetch", "genome", "--offline")[0] == 0
    assert_all_is_text(tmp_path / ODD)
    assert "fetched          hg19: sequence, 1 peak files" in regtrack("doctor")[1]
    status, _, err = regtrack("init", tmp_path / "project")
    assert status == 1
    assert err.endswith("no name that a configuration can hold; expected one in UTF-8\n")
    assert not (tmp_path / "project").exists()


def test_inputs_of_matlab_lie_in_an_odd_folder(odd: OddWorld, out: Path, regtrack) -> None:
    mats = odd.world.folder / f"{ODD}-mats"
    write_mats(mats)
    command = ["prepare", "--out", out, "--peaks", odd.world.markers, "--task", "short"]
    status, _, err = regtrack(*command, "--deepsea", mats)
    assert status == 0, err
    assert_all_is_text(out)


def test_a_stopped_prediction_goes_on(
    odd: OddWorld, out: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    command = predict_arguments(odd.world, out, regions=["chr2"])
    with monkeypatch.context() as patched:
        patched.setattr("regtrack.prediction.run.write_markers", stops)
        assert regtrack(*command)[0] == 130
    assert out.with_name(f"{out.name}.partial").is_dir()
    assert regtrack(*command)[0] == 0
    assert (out / "tracks.json").is_file()
    assert not out.with_name(f"{out.name}.partial").exists()


def test_a_file_has_another_name_that_is_text(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    for path in (folder / "a", folder / ODD, tmp_path / "a"):
        path.write_text(ascii(path))
        with utf8_path(path) as place:
            str(place).encode()
            assert place.read_text() == ascii(path)


@pytest.mark.parametrize("name", ["a b", ODD, "it's", f"it's\\{ODD}\n", "é"])
def test_a_shell_reads_a_name_as_it_is(name: str, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    script = f"printf %s {shell_word(Path(name))}"
    done = subprocess.run([bash, "-c", script], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout == os.fsencode(name)
