"""Genes as regions of `predict`, `eval`, `explain` and `session`, as a user meets them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builders import TinyWorld
from cli_helpers import files_of, predict_arguments

TOLD = "COMT+-1kb: chr1:21,001-27,000, by genes.bed\n"


@pytest.fixture
def genes(tmp_path: Path) -> Path:
    path = tmp_path / "genes.bed"
    path.write_text("chr1\t22000\t26000\tCOMT\t0\t+\nchr2\t100\t400\tCRKL\t0\t-\n")
    return path


def test_a_gene_is_predicted_as_the_region_that_it_is(
    tiny: TinyWorld, genes: Path, tmp_path: Path, regtrack
) -> None:
    by_name, typed = tmp_path / "comt", tmp_path / "typed"
    arguments = predict_arguments(tiny, by_name, "--genes", genes, regions=["comt+-1kb"])
    status, _, err = regtrack(*arguments)
    assert status == 0
    assert "device: cpu" in err
    assert "comt+-1kb: chr1:21,001-27,000, by genes.bed\n" in err
    assert regtrack(*predict_arguments(tiny, typed, regions=["chr1:21,001-27,000"]))[0] == 0
    assert files_of(by_name) == files_of(typed)


def test_tracks_and_models_are_scored_where_a_gene_is(
    predicted: tuple[TinyWorld, Path], genes: Path, regtrack
) -> None:
    world, tracks = predicted
    shared = ["--peaks", world.markers, "--genes", genes]
    for subject in ([tracks], [world.model, "--genome", world.genome, "--device", "cpu"]):
        status, by_name, err = regtrack("eval", *subject, *shared, "--region", "COMT+-1kb")
        assert status == 0
        assert TOLD in err
        typed = regtrack("eval", *subject, *shared, "--region", "chr1:21,001-27,000")[1]
        assert by_name.replace("COMT+-1kb", "chr1:21,001-27,000") == typed


def test_a_prediction_at_a_gene_is_explained(
    tiny: TinyWorld, genes: Path, tmp_path: Path, regtrack
) -> None:
    options = ["--marker", "K562|CTCF|None", "--peaks", tiny.markers, "--genes", genes]
    shared = ["--genome", tiny.genome, "--device", "cpu", *options]
    status, out, err = regtrack("explain", tiny.model, "COMT", *shared, "--out", tmp_path / "out")
    assert (status, out.splitlines()[0]) == (0, "K562|CTCF|None in chr1:20,001-28,000"), err


def test_a_session_opens_at_a_gene(
    predicted: tuple[TinyWorld, Path], genes: Path, tmp_path: Path, regtrack
) -> None:
    tracks = shutil.copytree(predicted[1], tmp_path / "tracks")
    status, out, _ = regtrack("session", tracks, "--region", "crkl", "--genes", genes)
    assert status == 0
    assert "at chr2:1-2,400\n" in out  # and 2,000 bases on each side


@pytest.mark.parametrize("where", ["file", "variable"])
def test_the_table_may_stand_in_the_configuration(
    predicted: tuple[TinyWorld, Path],
    genes: Path,
    tmp_path: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    world, tracks = predicted
    monkeypatch.chdir(tmp_path)
    if where == "file":
        text = f'[defaults]\npeaks = "{world.markers}"\ngenes = "genes.bed"\n'
        Path("regtrack.toml").write_text(text)
    else:
        monkeypatch.setenv("REGTRACK_PEAKS", str(world.markers))
        monkeypatch.setenv("REGTRACK_GENES", str(genes))
    status, _, err = regtrack("eval", tracks, "--region", "COMT+-1kb")
    assert (status, TOLD in err) == (0, True)


@pytest.mark.parametrize(
    ("region", "more", "problem"),
    [
        (
            "COMTT",
            ["--genes", "genes.bed"],
            "region 'COMTT': no gene of genes.bed is called so, the nearest is COMT; it is no "
            "chromosome of the genome, which has chr1, chr2, chrM",
        ),
        (
            "COMT",
            [],
            "region 'COMT': no chromosome of the genome, which has chr1, chr2, chrM; for a gene, "
            "first: --genes FILE (GTF, GFF3, BED or UCSC table); its place, such as "
            "chr22:21,330,001-21,361,000, needs no table",
        ),
        (
            "rs4680",
            ["--genes", "genes.bed"],
            "region 'rs4680': no chromosome of the genome, which has chr1, chr2, chrM; numbers of "
            "variants (rs) are not known: type a region or a gene",
        ),
        ("COMT", ["--genes", "none.bed"], "none.bed: No such file or directory"),
    ],
)
def test_a_name_that_cannot_be_used_is_one_line(
    tiny: TinyWorld,
    genes: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    region: str,
    more: list[str],
    problem: str,
) -> None:
    monkeypatch.chdir(genes.parent)
    out = genes.parent / "out"
    status, _, err = regtrack(*predict_arguments(tiny, out, *more, regions=[region]))
    assert (status, err.splitlines()[-1]) == (1, f"regtrack: {problem}")
    assert not out.exists()


def test_genes_do_not_go_with_a_dataset(tiny: TinyWorld, genes: Path, regtrack) -> None:
    status, _, err = regtrack("eval", tiny.model, "--dataset", "set", "--genes", genes)
    assert (status, err) == (2, "regtrack: --genes: does not go with --dataset\n")


def test_what_to_type_next_names_the_genes_and_scores_only_where_peaks_are_known(
    tiny: TinyWorld, genes: Path, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(name: str) -> list[str]:
        shared = predict_arguments(tiny, tmp_path / name, "--genes", genes, regions=["CRKL"])
        status, out, _ = regtrack(*shared)
        assert status == 0
        lines = [line for line in out.splitlines() if ":  " in line or line.startswith("score")]
        assert lines[0] == f"look at them:  regtrack browse {tmp_path / name} --genes {genes}"
        return [line.strip().partition(":")[0] for line in lines]

    assert told("a") == ["look at them", "in IGV", "at UCSC"]
    monkeypatch.setenv("REGTRACK_PEAKS", str(tiny.markers))
    assert told("b") == ["look at them", "in IGV", "at UCSC", "score them"]
