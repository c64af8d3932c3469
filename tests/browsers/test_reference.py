"""Which genome a browser shows, and which are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browsers_builders import SIZES, write_tracks_folder
from builders import write_fasta

from regtrack.browsers.reference import (
    Reference,
    check_sizes,
    find_reference,
    is_hosted,
    write_sizes,
)
from regtrack.errors import ArgumentError, InputError
from regtrack.tracks.folder import TrackSet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tracks_folder(tmp_path / "tracks", assembly="simulated")


def find(asked: str | Path | None, folder: Path) -> Reference:
    return find_reference(None if asked is None else str(asked), folder, TrackSet.read(folder))


def fasta(path: Path, **sizes: int) -> Path:
    return write_fasta(path, {chrom: "A" * size for chrom, size in {**SIZES, **sizes}.items()})


@pytest.mark.parametrize("name", ["hg19", "hg38_1kg", "mm10", "canFam3", "sacCer3", "dm6", "hs1"])
def test_names_of_genomes_that_igv_hosts_are_ids(name: str) -> None:
    assert is_hosted(name)


@pytest.mark.parametrize(
    "name",
    ["simulated", "GRCh38", "genome.fa", "./hg19", "", "hg19.fa", "19", "nosuch1", "hg1\u0669"],
)
def test_other_names_are_not(name: str) -> None:
    assert not is_hosted(name)


def test_an_id_of_another_assembly_is_refused(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", sizes={"chr1": 249_250_621})
    assert find("hg19", folder) == Reference("hosted", "hg19")
    assert find("canFam3", folder) == Reference("hosted", "canFam3")  # its lengths are not known
    for name, size in (("hg38", "248,956,422"), ("mm10", "195,471,971")):
        told = (
            rf"reference: .*tracks is of hg19 \(chr1 has 249,250,621 bases\), not {name} \({size}"
        )
        with pytest.raises(ArgumentError, match=told):
            find(name, folder)


def test_an_id_is_an_id_also_where_a_folder_has_its_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "canFam3").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find("canFam3", folder) == Reference("hosted", "canFam3")


def test_what_looks_like_an_id_is_one_when_it_is_asked_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("nosuch1", "GCA_009914755.4"):
        assert find(name, folder) == Reference("hosted", name)
    fasta(tmp_path / "nosuch1")
    assert find("nosuch1", folder).kind == "fasta"


def test_an_assembly_that_only_looks_like_an_id_is_shown_by_its_lengths(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", assembly="nosuch1")
    path = folder.resolve() / "nosuch1.chrom.sizes"
    assert find(None, folder) == Reference("sizes", "nosuch1", path)


def test_another_file_of_lengths_is_replaced_only_when_asked_to(folder: Path) -> None:
    reference = find(None, folder)
    check_sizes(reference, SIZES, force=False)
    write_sizes(reference, SIZES)
    check_sizes(reference, SIZES, force=False)
    path = folder / "simulated.chrom.sizes"
    path.write_bytes(b"\xff mine")
    check_sizes(reference, SIZES, force=True)
    with pytest.raises(InputError, match=r"simulated\.chrom\.sizes: exists already; --force repl"):
        check_sizes(reference, SIZES, force=False)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"simulated\.chrom\.sizes: is a folder; expected"):
        check_sizes(reference, SIZES, force=True)


@pytest.mark.parametrize(
    ("assembly", "file"),
    [("my lab/v1", "my_lab_v1"), ("", "genome"), ("..", "genome"), ("GRCh38", "GRCh38")],
)
def test_lengths_lie_in_the_folder_whatever_the_assembly_is_called(
    tmp_path: Path, assembly: str, file: str
) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", assembly=assembly)
    reference = find(None, folder)
    write_sizes(reference, {"chr1": 5, "empty": 0})
    assert (folder / f"{file}.chrom.sizes").read_text() == "chr1\t5\n"


def test_a_hosted_genome_has_no_file_to_write(folder: Path) -> None:
    before = sorted(folder.iterdir())
    write_sizes(Reference("hosted", "hg19"), SIZES)
    assert sorted(folder.iterdir()) == before


def test_a_fasta_file_may_have_more_chromosomes_and_gets_its_index(
    folder: Path, tmp_path: Path
) -> None:
    path = fasta(tmp_path / "own.fa", chrM=16)
    assert find(path, folder) == Reference("fasta", "own.fa", path.resolve())
    assert path.with_name("own.fa.fai").is_file()


def test_of_a_link_to_a_fasta_file_the_file_is_taken(folder: Path, tmp_path: Path) -> None:
    path = fasta(tmp_path / "own.fa")
    link = tmp_path / "link.fa"
    link.symlink_to(path)
    assert find(link, folder).path == path.resolve()


def test_an_index_that_lies_elsewhere_is_of_no_use_to_a_browser(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regtrack.genome import faidx

    path = fasta(tmp_path / "own.fa")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(faidx, "_beside", lambda path: (Path(os.devnull), path.name))
    with pytest.raises(InputError, match=r"own\.fa\.fai: is missing, and cannot be made there"):
        find(path, folder)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"chr1": 19_999}, r"\(chr1 has 19,999 bases\), but .* unknown assembly \(20,000\)"),
        ({"chr2": 5_001}, r"\(chr2 has 5,001 bases\), but .* is of another .* \(5,000\)"),
    ],
)
def test_another_assembly_is_refused(
    folder: Path, tmp_path: Path, sizes: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        find(fasta(tmp_path / "own.fa", **sizes), folder)


def test_of_a_genome_that_lacks_a_chromosome_the_lengths_are_looked_at_first(
    folder: Path, tmp_path: Path
) -> None:
    path = write_fasta(tmp_path / "own.fa", {"chr2": "A" * 5_001})
    with pytest.raises(InputError, match=r"is an unknown assembly \(chr2 has 5,001 bases\), but"):
        find(path, folder)


def test_a_genome_without_a_chromosome_of_the_tracks_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    path = write_fasta(tmp_path / "own.fa", {"1": "A" * 20_000, "2": "A" * 5_000})
    with pytest.raises(
        InputError, match=r"another genome than that of .*: it has 1, 2, but no chr1"
    ):
        find(path, folder)


def test_what_is_no_fasta_file_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    for asked, message in [
        (tmp_path / "no.fa", r"no\.fa: neither a file nor the id of a genome"),
        (tmp_path, r"is a folder; expected a FASTA file"),
        (tmp_path / "text", r"text:1: not a FASTA file"),
    ]:
        with pytest.raises(InputError, match=message):
            find(asked, folder)
