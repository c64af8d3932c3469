"""`regtrack init` names what is there, and says how to get what is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import a_marker, random_sequence, write_fasta, write_markers

from regtrack.cli.config import NAME, read_config
from regtrack.cli.main import cli
from regtrack.errors import InputError
from regtrack.workspace.init import initialise


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; the name must be quoted in TOML."""
    assert not cache.exists()
    folder = tmp_path / 'a "study" \N{OLD ITALIC LETTER A}\x7f'
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def a_genome(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_fasta(path, {"chr1": random_sequence(np.random.default_rng(1), 500)})


def fill(place: Path, genome: str) -> None:
    """What regtrack fetch leaves in the cache, or a user has in a folder."""
    a_genome(place / "plain.fa")
    shutil.move(place / "plain.fa", place / genome)
    write_markers(place / "markers.tsv", [a_marker()])
    (place / "exclude").mkdir()
    for name in ("b.bed.gz", "a.bed"):
        (place / "exclude" / name).write_text("chr1\t1\t5\n")


def configured(folder: Path) -> dict[str, dict[str, object]]:
    return read_config(folder / "regtrack.toml", cli.commands)


def test_in_an_empty_folder_it_says_what_to_fetch(folder: Path) -> None:
    told = initialise(folder / NAME, force=False)
    assert "none: regtrack fetch genome hg19" in told
    assert "none: regtrack fetch peaks" in told
    assert "none: regtrack fetch genes hg19" in told
    assert told.endswith("then: regtrack init --force")
    found = configured(folder)["predict"]
    assert found == {"model": str(folder / "model.safetensors")}


def test_what_lies_in_the_folder_is_named_relative_to_it(folder: Path) -> None:
    fill(folder, "own.fa")
    (folder / "old.safetensors").touch()
    (folder / "genes.gtf").touch()
    told = initialise(folder / NAME, force=False)
    assert told.endswith("next:\n  regtrack predict chr1 --out tracks/")
    text = (folder / "regtrack.toml").read_text()
    assert 'genome = "own.fa"' in text
    assert 'genes = "genes.gtf"' in text
    assert 'exclude = ["exclude/a.bed", "exclude/b.bed.gz"]' in text
    assert 'model = "old.safetensors"' in text
    found = configured(folder)
    assert found["prepare"]["peaks"] == str(folder / "markers.tsv")
    assert found["prepare"]["out"] == found["train"]["dataset"] == str(folder / "dataset")
    assert found["train"]["out"] == str(folder / "old.safetensors")


def test_what_was_fetched_is_named_where_the_folder_has_nothing(folder: Path, cache: Path) -> None:
    fill(cache / "hg19", "hg19.fa.gz")
    (cache / "hg19" / "refGene.txt.gz").touch()
    told = initialise(folder / NAME, force=False)
    assert told.endswith(
        "next:\n  regtrack prepare\n  regtrack train\n  regtrack predict chr1 --out tracks/"
    )
    found = configured(folder)["prepare"]
    assert found["genome"] == str(cache / "hg19" / "hg19.fa.gz")
    assert found["assembly"] == "hg19"
    assert configured(folder)["predict"]["genes"] == str(cache / "hg19" / "refGene.txt.gz")
    assert found["exclude"] == [
        str(cache / "hg19" / "exclude" / name) for name in ("a.bed", "b.bed.gz")
    ]


def test_what_is_of_hg19_is_not_taken_for_another_genome(folder: Path, cache: Path) -> None:
    fill(cache / "hg19", "hg19.fa.gz")
    (cache / "hg19" / "refGene.txt.gz").touch()
    a_genome(folder / "own.fa")
    told = initialise(folder / NAME, force=False)
    found = configured(folder)["prepare"]
    assert found == {"genome": str(folder / "own.fa"), "out": str(folder / "dataset")}
    assert "peaks     none (regtrack fetch has those of hg19 only)" in told
    assert "genes     none: name a gene table with --genes" in told
    assert told.endswith(
        "put a markers table with your peaks there (markers.tsv), then: regtrack init --force"
    )


def test_of_several_models_the_usual_name_is_meant(folder: Path) -> None:
    for name in ("a.safetensors", "model.safetensors"):
        (folder / name).touch()
    initialise(folder / NAME, force=False)
    assert configured(folder)["predict"]["model"] == str(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("a.fa", "b.fa.gz"), r"which of a\.fa, b\.fa\.gz is the genome"),
        (("a.gtf", "refGene.txt.gz"), r"which of a\.gtf, refGene\.txt\.gz is the gene table"),
        (("a.safetensors", "b.safetensors"), r"which of a\.safetensors, b\.safetensors is the"),
    ],
)
def test_of_several_files_it_does_not_guess(
    folder: Path, names: tuple[str, ...], problem: str
) -> None:
    for name in names:
        (folder / name).touch()
    with pytest.raises(InputError, match=problem):
        initialise(folder / NAME, force=False)
    assert not (folder / "regtrack.toml").exists()


def test_a_configuration_is_replaced_only_when_asked(folder: Path) -> None:
    (folder / "regtrack.toml").write_text("mine")
    with pytest.raises(InputError, match="exists already; --force replaces it"):
        initialise(folder / NAME, force=False)
    assert (folder / "regtrack.toml").read_text() == "mine"
    initialise(folder / NAME, force=True)
    assert configured(folder)


def test_a_missing_folder_is_made_and_a_file_is_none(folder: Path) -> None:
    told = initialise(Path("new one") / NAME, force=False)
    assert told.endswith("then: cd 'new one' && regtrack init --force")
    assert (folder / "new one" / "regtrack.toml").is_file()
    (folder / "file").touch()
    with pytest.raises(InputError, match="is a file; expected a folder"):
        initialise(folder / "file" / NAME, force=False)


def test_it_says_which_configuration_it_hides(folder: Path) -> None:
    initialise(folder / NAME, force=False)
    told = initialise(folder / "sub" / NAME, force=False)
    assert f"here it goes before {folder / NAME}\n" in told


def test_it_suggests_a_chromosome_that_is_there(folder: Path) -> None:
    write_fasta(folder / "own.fa", {"II": "ACGT"})
    write_markers(folder / "markers.tsv", [a_marker()])
    told = initialise(folder / NAME, force=False)
    assert told.endswith("  regtrack predict II --out tracks/")


def test_a_cache_that_is_a_file_is_refused(folder: Path, cache: Path) -> None:
    cache.touch()
    with pytest.raises(InputError, match="REGTRACK_CACHE: expected a folder"):
        initialise(folder / NAME, force=False)
    assert not (folder / NAME).exists()
