"""The published network from the web to tracks: `fetch model`, `import`, `--model deepsea`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import TINY_SIZES, TinyWorld
from fetching_server import Act, Sources, alone, path_of, serving
from published_weights import chance_weights, published_probabilities, save_weights
from pyBigWig import open as open_bigwig

from regtrack.fetching import sources as published
from regtrack.genome.catalogue import catalogue
from regtrack.genome.fasta import BASES, Genome
from regtrack.models.checkpoint import read_checkpoint
from regtrack.workspace import fetched_network
from regtrack.workspace.network_names import FETCHED

NAME = "deepsea_predict.pth"
FILE = path_of(published.MODELS["deepsea"].url)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return save_weights(tmp_path_factory.mktemp("weights") / NAME, chance_weights()).read_bytes()


@pytest.fixture
def server(
    weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Sources, Path]]:
    """A server with such weights, whose MD5 counts as the published one; and the cache."""
    cache = alone(tmp_path, monkeypatch).parent
    found = published.Source(
        *(NAME, published.MODELS["deepsea"].url, "model", "weights"),
        hashlib.md5(weights).hexdigest(),
    )
    monkeypatch.setitem(published.MODELS, "deepsea", found)
    served = Sources()
    served.files[FILE] = weights
    with serving(served):
        yield served, cache / "models"


def test_it_is_fetched_once_and_named_from_then_on(
    server: tuple[Sources, Path], tiny: TinyWorld, regtrack
) -> None:
    served, models = server
    status, _, err = regtrack("predict", "chr2", *_options(tiny), "--model", "deepsea")
    assert (status, err.splitlines()[-1]) == (
        2,
        "regtrack: --model: deepsea is not there yet: regtrack fetch model deepsea",
    )
    status, out, err = regtrack("fetch", "model", "deepsea", "--mirror", served.url)
    assert status == 0, err
    size = f"{len(served.files[FILE]) / 1e6:.1f} MB"
    assert out.splitlines() == [
        f"model: 1 file (1 new, {size}): {models / NAME}",
        f"{models / 'deepsea.safetensors'}: predict with --model deepsea",
    ]
    state = (models / "deepsea.safetensors").stat()
    status, out, _ = regtrack("fetch", "model", "deepsea", "--mirror", served.url)
    assert (status, out.splitlines()[0]) == (0, f"model: 1 file (0 new, {size}): {models / NAME}")
    assert (models / "deepsea.safetensors").stat().st_mtime_ns == state.st_mtime_ns
    assert len(served.of(FILE)) == 1
    assert regtrack("info", "deepsea")[1].splitlines()[0].endswith("deepsea.safetensors")
    assert f"deepsea  there: {models / 'deepsea.safetensors'}" in regtrack("fetch", "model")[1]

    # Every 48 bases a value, which is that of the input around its middle.
    status, _, err = regtrack(
        *("predict", "chr2", *_options(tiny), "--model", "deepsea"),
        *("--step", 48, "--markers", "K562|CTCF|None"),
    )
    assert status == 0, err
    row = next(one.index for one in catalogue() if one.name == "K562|CTCF|None")
    size_ = TINY_SIZES["chr2"]
    codes = np.pad(Genome(tiny.genome).codes("chr2", 0, size_), 1_000)
    letters = "".join(BASES[code] for code in codes)
    with open_bigwig(str(next(Path("t/bigwig").iterdir()))) as file:
        values = file.values("chr2", 0, size_, numpy=True)
    for start in (0, 480, 6_960):
        first = 1_000 + start - 476
        expected = published_probabilities(chance_weights(), letters[first : first + 1_000])[row]
        known = codes[1_000 + start : 1_000 + min(start + 48, size_)] > 0
        here = values[start : start + 48]
        assert np.abs(here[known] - expected).max() <= 0.003
        assert np.isnan(here[~known]).all()

    for command in (
        ("info", "t"),
        ("eval", "t", "--peaks", tiny.markers, "--out", "report"),
        (
            "hub",
            "t",
            "--url",
            "https://a.example",
            "--email",
            "a@a.example",
            "--assembly",
            "canFam3",
        ),
    ):
        status, out, err = regtrack(*command)
        assert (command[0], status) == (command[0], 0), err
    assert "CC BY 3.0" in regtrack("info", "t")[1]
    assert "CC BY 3.0" in Path("report/report.html").read_text()
    assert "CC BY 3.0" in Path("t/hub/description.html").read_text()


def _options(world: TinyWorld) -> tuple[object, ...]:
    return "--genome", world.genome, "--out", "t", "--any-genome"


def test_what_is_not_the_published_file_is_not_kept(server: tuple[Sources, Path], regtrack) -> None:
    served, models = server
    served.acts[FILE] = [Act(body=served.files[FILE][:-1] + b"x", forever=True)]
    status, _, err = regtrack("fetch", "model", "deepsea", "--mirror", served.url)
    assert status == 1
    assert "its MD5 is " in err
    assert not list(models.glob("*.pth"))
    assert not list(models.glob("*.safetensors"))


def test_weights_that_are_none_become_no_checkpoint(
    server: tuple[Sources, Path], monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    served, models = server
    body = b"\x80\x02not tensors"
    served.files[FILE] = body
    odd = published.Source(
        NAME, published.MODELS["deepsea"].url, "model", "weights", hashlib.md5(body).hexdigest()
    )
    monkeypatch.setitem(published.MODELS, "deepsea", odd)
    status, _, err = regtrack("fetch", "model", "deepsea", "--mirror", served.url)
    assert status == 1
    assert f"{models / NAME}: not a file of weights alone, or damaged" in err
    assert not list(models.glob("*.safetensors"))


def test_a_damaged_checkpoint_is_made_again(server: tuple[Sources, Path], regtrack) -> None:
    served, models = server
    assert regtrack("fetch", "model", "deepsea", "--mirror", served.url)[0] == 0
    checkpoint = models / "deepsea.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1_000])
    assert regtrack("fetch", "model", "deepsea", "--mirror", served.url)[0] == 0
    assert read_checkpoint(checkpoint).architecture == "deepsea"
    assert len(served.of(FILE)) == 1


def test_a_dry_run_makes_nothing(server: tuple[Sources, Path], regtrack) -> None:
    served, models = server
    status, out, _ = regtrack("fetch", "model", "deepsea", "--dry-run", "--mirror", served.url)
    assert status == 0
    assert out.startswith("model: 1 file to fetch (")
    assert not models.exists()


@pytest.mark.usefixtures("server")
def test_what_there_is_is_listed(regtrack) -> None:
    status, out, _ = regtrack("fetch", "model")
    assert status == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert names == ["deepsea", "danq", "beluga", "sei"]
    assert out.splitlines()[0] == "deepsea  to fetch"


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("sei", "sei cannot be fetched: Sei (Chen et al. 2022), 21,907 markers, non-commercial"),
        ("enformer", "no network 'enformer'; expected deepsea"),
    ],
)
def test_what_cannot_be_fetched_is_said(name: str, problem: str, regtrack) -> None:
    status, _, err = regtrack("fetch", "model", name)
    assert status == 2
    assert problem in err


@pytest.mark.usefixtures("server")
def test_a_file_of_that_name_goes_before_the_network(tiny: TinyWorld, regtrack) -> None:
    Path("deepsea").write_bytes(tiny.model.read_bytes())
    status, out, err = regtrack("info", "deepsea")
    assert status == 0, err
    assert "dilated (dense task)" in out


def test_a_file_that_one_has_is_imported(weights: bytes, tmp_path: Path, regtrack) -> None:
    (tmp_path / "mine.pth").write_bytes(weights)
    out = tmp_path / "mine.safetensors"
    status, said, err = regtrack("import", "deepsea", tmp_path / "mine.pth", "--out", out)
    assert status == 0, err
    assert said == f"{out}: DeepSEA of 919 markers; predict with --model {out}\n"
    assert fetched_network.read_checkpoint(out).architecture == "deepsea"
    status, _, err = regtrack("import", "deepsea", tmp_path / "mine.pth", "--out", out)
    assert status == 1
    assert "exists already; --force replaces it" in err


def test_every_network_that_is_fetched_by_name_has_an_address() -> None:
    assert tuple(published.MODELS) == FETCHED


def test_offline_nothing_is_made(server: tuple[Sources, Path], regtrack) -> None:
    served, models = server
    assert regtrack("fetch", "model", "deepsea", "--mirror", served.url)[0] == 0
    assert regtrack("fetch", "model", "deepsea", "--offline")[0] == 0
    (models / "deepsea.safetensors").unlink()
    status, _, err = regtrack("fetch", "model", "deepsea", "--offline")
    assert status == 1
    assert "missing or changed: deepsea.safetensors; without --offline made again" in err
    assert not (models / "deepsea.safetensors").exists()


@pytest.mark.usefixtures("server")
def test_a_network_that_cannot_be_had_is_no_model(tiny: TinyWorld, regtrack) -> None:
    status, _, err = regtrack("predict", "chr2", *_options(tiny), "--model", "sei")
    assert status == 2
    assert "--model: sei cannot be fetched: Sei (Chen et al. 2022)" in err


def test_a_network_of_every_base_takes_no_step(tiny: TinyWorld, regtrack) -> None:
    status, _, err = regtrack(
        *("predict", "chr2", "--genome", tiny.genome, "--out", tiny.folder / "t"),
        *("--model", tiny.model, "--step", 48),
    )
    assert status == 2
    assert "--step: dilated: it gives every base a value of its own" in err
