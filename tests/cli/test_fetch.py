"""`regtrack fetch` as a user meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fetching_server import SIZES, Act, Sources, alone, miniature, path_of, serving

from regtrack.fetching.sources import exclude_sources
from regtrack.fetching.web import Web
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions

EXCLUDE = exclude_sources("hg19")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of hg19, which is not there yet."""
    return alone(tmp_path, monkeypatch)


@pytest.fixture
def sources() -> Iterator[Sources]:
    """A server with the genome, the regions to exclude, and the peaks of two markers."""
    with serving(miniature([0, 918])) as served:
        yield served


def test_it_says_what_is_where_and_what_is_next(cache: Path, sources: Sources, regtrack) -> None:
    status, out, err = regtrack("fetch", "genome", "hg19", "--mirror", sources.url)
    assert status == 0
    assert out.splitlines() == [
        f"genome: 2 files (2 new, 21.3 kB): {cache / 'hg19.fa.gz'}",
        "next: regtrack init",
    ]
    assert "genome: " in err
    assert "hg19.fa.gz to bgzip" in err
    assert regtrack("fetch", "genome", "--offline")[0] == 0


def test_a_dry_run_says_how_much(cache: Path, sources: Sources, regtrack) -> None:
    status, out, _ = regtrack("fetch", "all", "--dry-run", "--mirror", sources.url)
    assert status == 0
    assert out.splitlines() == [
        f"genome: 2 files to fetch (19.9 kB): {cache / 'hg19.fa.gz'}",
        "  https://hgdownload.soe.ucsc.edu/goldenPath/hg19/bigZips/hg19.fa.gz (19.9 kB)",
        "  https://hgdownload.soe.ucsc.edu/goldenPath/hg19/bigZips/hg19.chrom.sizes (29 B)",
        f"genes: 1 file to fetch (71 B): {cache / 'refGene.txt.gz'}",
        "  https://hgdownload.soe.ucsc.edu/goldenPath/hg19/database/refGene.txt.gz (71 B)",
        f"exclude: 2 files to fetch (62 B): {cache / 'exclude'}",
        *(f"  {source.url} (31 B)" for source in EXCLUDE),
        f"peaks: 919 files to fetch (86 B, 917 of unknown size): {cache / 'peaks'}",
    ]
    assert not cache.exists()
    status, out, _ = regtrack("fetch", "exclude", "--dry-run", "--offline")
    assert out.splitlines()[0] == (f"exclude: 2 files to fetch (size unknown): {cache / 'exclude'}")


def test_offline_names_what_is_missing(cache: Path, regtrack) -> None:
    status, out, err = regtrack("fetch", "exclude", "--offline")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        f"regtrack: {cache}: 2 of 2 files not there: {EXCLUDE[0].path}, {EXCLUDE[1].path}; "
        "without --offline they are fetched"
    )


def test_the_next_fetch_removes_what_a_killed_one_left(
    cache: Path, sources: Sources, regtrack
) -> None:
    assert regtrack("fetch", "exclude", "--mirror", sources.url)[0] == 0
    lock = cache / f"{EXCLUDE[0].path}.lock"
    lock.touch()
    assert regtrack("fetch", "exclude", "--offline")[0] == 0
    assert lock.exists()
    assert regtrack("fetch", "exclude", "--mirror", sources.url)[0] == 0
    assert not lock.exists()


def test_a_link_in_place_of_a_download_is_refused_in_one_line(
    cache: Path, sources: Sources, regtrack
) -> None:
    target = cache.parent / "target"
    target.parent.mkdir()
    target.write_text("somebody's")
    part = cache / f"{EXCLUDE[0].path}.part"
    part.parent.mkdir(parents=True)
    part.symlink_to(target)
    status, _, err = regtrack("fetch", "exclude", "--mirror", sources.url)
    assert status == 1
    assert err.splitlines()[-1] == (
        f"regtrack: {part}: is a link; expected a download of regtrack's, or nothing"
    )
    assert target.read_text() == "somebody's"


def test_some_fail_and_the_others_stay(cache: Path, sources: Sources, regtrack) -> None:
    path = path_of(EXCLUDE[1].url)
    sources.acts[path] = [Act(404)]
    status, out, err = regtrack("fetch", "exclude", "--mirror", sources.url)
    assert status == 1
    assert out == f"exclude: 1 file (1 new, 31 B): {cache / 'exclude'}\n"
    assert err.splitlines()[-2:] == [
        f"{EXCLUDE[1].path}: {sources.url}{path}: the server answers 404 Not Found",
        "regtrack: 1 of 2 files not fetched; the others are in place",  # 404 is for good
    ]
    status, out, err = regtrack("fetch", "exclude", "--mirror", sources.url)
    assert status == 0
    assert out.startswith("exclude: 2 files (1 new, 62 B)")


def test_what_was_changed_is_named(cache: Path, sources: Sources, regtrack) -> None:
    assert regtrack("fetch", "exclude", "--mirror", sources.url)[0] == 0
    (cache / EXCLUDE[0].path).write_bytes(b"")
    _, out, _ = regtrack("fetch", "exclude", "--mirror", sources.url)
    assert out.splitlines()[0] == (
        f"fetched again: {EXCLUDE[0].path} (changed: 0 bytes, 31 were fetched)"
    )


def test_markers_are_chosen_by_pattern(cache: Path, sources: Sources, regtrack) -> None:
    status, out, _ = regtrack("fetch", "peaks", "--markers", "8988T", "--mirror", sources.url)
    assert status == 0
    assert out.startswith("peaks: 1 file (1 new, ")
    assert len((cache / "markers.tsv").read_text().splitlines()) == 2


@pytest.mark.parametrize("where", ["file", "variable"])
def test_the_mirror_may_stand_in_the_configuration(
    cache: Path, sources: Sources, regtrack, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "file":
        text = f'[fetch]\nmirror = "{sources.url}"\njobs = 2\nmarkers = "8988T"\n'
        Path("regtrack.toml").write_text(text)
    else:
        monkeypatch.setenv("REGTRACK_FETCH_MIRROR", sources.url)
        monkeypatch.setenv("REGTRACK_FETCH_MARKERS", "8988T")
    assert regtrack("fetch", "exclude")[0] == 0
    assert regtrack("fetch", "peaks")[1].startswith("peaks: 1 file (1 new, ")
    assert cache.is_dir()
    # What is typed wins.
    status, _, err = regtrack("fetch", "genome", "--mirror", "nowhere")
    assert (status, err) == (
        2,
        "regtrack: --mirror: expected http://... or https://..., got nowhere\n",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fetch]\nmirrors = 1\n", "unknown key 'mirrors' in [fetch]; is mirror meant? Known are "),
        ("[fetch]\njobs = 'x'\n", "expected a whole number as jobs in [fetch], got 'x'"),
        ("[fetch.genome]\njobs = 2\n", "unknown key 'genome' in [fetch]"),
        ("[fetch]\njobs = 0\n", "Invalid value for '--jobs'"),
    ],
)
def test_the_table_is_checked(cache: Path, regtrack, text: str, message: str) -> None:
    Path("regtrack.toml").write_text(text)
    status, _, err = regtrack("fetch", "genome", "--offline")
    assert status in (1, 2)
    assert message in err
    assert not cache.exists()


@pytest.mark.parametrize(
    ("arguments", "path", "name"),
    [
        ([], "hg19/refGene.txt.gz", "COMT"),
        (["hg19", "--table", "ncbiRefSeq"], "hg19/ncbiRefSeq.txt.gz", "LOC1"),
        (["hg38"], "hg38/refGene.txt.gz", "ARVCF"),
    ],
)
def test_genes_are_of_any_assembly(
    cache: Path, sources: Sources, regtrack, arguments: list[str], path: str, name: str
) -> None:
    table = cache.parent / path
    status, out, _ = regtrack("fetch", "genes", *arguments, "--mirror", sources.url)
    assert (status, out.splitlines()) == (
        0,
        [f"genes: 1 file (1 new, {table.stat().st_size} B): {table}", "next: regtrack init"],
    )
    sizes = {"chr1": 249_250_621} if "hg19" in path else {"chr1": 248_956_422}
    genes = GeneRegions(None, sizes)
    assert [gene.name for gene in genes.genes] == [name]
    assert regtrack("fetch", "genes", *arguments, "--offline")[0] == 0


def test_genes_that_ucsc_does_not_have_are_named(cache: Path, sources: Sources, regtrack) -> None:
    status, _, err = regtrack("fetch", "genes", "hs1", "--mirror", sources.url)
    assert status == 1
    assert "goldenPath/hs1/database/refGene.txt.gz: the server answers 404 Not Found" in err
    assert not (cache.parent / "hs1" / "refGene.txt.gz").exists()


@pytest.mark.parametrize("kind", ["genome", "genes", "all"])
@pytest.mark.parametrize("assembly", ["GRCh38", "../hg19", "hg19/x", ""])
def test_what_is_no_assembly_of_ucsc_is_not_asked_for(
    cache: Path, regtrack, assembly: str, kind: str
) -> None:
    status, _, err = regtrack("fetch", kind, assembly, "--offline")
    assert (status, err) == (
        2,
        "regtrack: ASSEMBLY: expected an assembly as UCSC names it (hg38, mm10), got "
        f"{assembly!r}\n",
    )
    assert not cache.parent.exists()


def test_genome_and_regions_of_another_assembly_lie_in_its_own_folder(
    cache: Path, sources: Sources, regtrack
) -> None:
    folder = cache.parent / "hg38"
    status, out, _ = regtrack("fetch", "genome", "hg38", "--mirror", sources.url)
    assert (status, out.splitlines()[-1]) == (0, "next: regtrack init")
    assert dict(Genome(folder / "hg38.fa.gz").chrom_sizes) == SIZES
    assert (folder / "hg38.chrom.sizes").read_text().startswith("chr1\t60000\n")
    assert regtrack("fetch", "exclude", "hg38", "--mirror", sources.url)[0] == 0
    assert regtrack("fetch", "exclude", "mm10", "--mirror", sources.url)[0] == 0
    assert [path.name for path in sorted(folder.glob("exclude/*"))] == ["ENCFF356LFX.bed.gz"]
    assert (cache.parent / "mm10" / "exclude" / "ENCFF547MET.bed.gz").is_file()
    records = json.loads((folder / "fetched.json").read_text())["files"]
    assert records["hg38.fa.gz"]["published"] is True
    assert records["exclude/ENCFF356LFX.bed.gz"]["published"] is False
    assert records["exclude/ENCFF356LFX.bed.gz"]["url"] == (
        "https://www.encodeproject.org/files/ENCFF356LFX/@@download/ENCFF356LFX.bed.gz"
    )
    for kind in "genome", "exclude":
        assert regtrack("fetch", kind, "hg38", "--offline")[0] == 0
    assert not cache.exists()


def test_all_of_another_assembly_is_all_but_peaks_and_that_is_said(
    cache: Path, sources: Sources, regtrack
) -> None:
    assert not cache.exists()
    status, out, err = regtrack("fetch", "all", "hg38", "--mirror", sources.url)
    assert status == 0
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "genome",
        "genes",
        "exclude",
        "next",
    ]
    peaks = "peaks: those of the 919 markers are of hg19; name your own with --peaks\n"
    assert err.endswith(f"\n{peaks}")
    assert "exclude: no regions" not in err
    status, out, err = regtrack("fetch", "all", "mm39", "--mirror", sources.url, "--dry-run")
    assert (status, [line[:5] for line in out.splitlines() if line[0] != " "]) == (
        0,
        ["genom", "genes"],
    )
    assert err.endswith(f"exclude: no regions are known of mm39\n{peaks}")


def test_regions_to_exclude_are_known_of_some_assemblies(cache: Path, regtrack) -> None:
    status, _, err = regtrack("fetch", "exclude", "mm39", "--offline")
    assert (status, err) == (
        2,
        "regtrack: ASSEMBLY: no regions to exclude are known of 'mm39'; of hg19, hg38, mm10 there "
        "are\n",
    )
    assert not cache.parent.exists()


def test_a_dry_run_without_network_asks_each_host_a_few_times(
    cache: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    first = Web.ask

    def ask(self: Web, url: str, method: str = "GET") -> AbstractContextManager[object]:
        asked.append(url)
        return first(self, url, method)

    monkeypatch.setattr(Web, "ask", ask)
    nowhere = ("--mirror", "http://127.0.0.1:9", "--jobs", "1")
    status, out, _ = regtrack("fetch", "all", "--dry-run", *nowhere)
    assert status == 0
    assert len(asked) == 3
    why = "size unknown, as 127.0.0.1:9 cannot be reached"
    lines = out.splitlines()
    assert lines[0] == f"genome: 2 files to fetch ({why}): {cache / 'hg19.fa.gz'}"
    assert lines[-1] == f"peaks: 919 files to fetch ({why}): {cache / 'peaks'}"
    # One file alone is enough to say it.
    out = regtrack("fetch", "peaks", "--markers", "8988T", "--dry-run", *nowhere)[1]
    assert out.startswith(f"peaks: 1 file to fetch ({why}): ")


def test_when_all_fail_no_others_are_in_place(cache: Path, sources: Sources, regtrack) -> None:
    for source in EXCLUDE:
        sources.acts[path_of(source.url)] = [Act(404)]
    status, out, err = regtrack("fetch", "exclude", "--mirror", sources.url)
    assert status == 1
    assert out == ""
    assert err.splitlines()[-1] == "regtrack: 2 of 2 files not fetched"
    assert cache.is_dir()


def test_a_retry_is_told(cache: Path, sources: Sources, regtrack) -> None:
    sources.acts[path_of(EXCLUDE[0].url)] = [Act(503)]
    status, _, err = regtrack("fetch", "exclude", "--mirror", sources.url)
    assert status == 0
    assert f"waiting for {sources.url.partition('://')[2]} (try 2 of 6)" in err
    assert cache.is_dir()


@pytest.mark.parametrize("inside", ["", "/deeper"])
def test_a_file_as_cache_is_one_line(
    tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    file = tmp_path / "afile"
    file.write_text("")
    monkeypatch.setenv("REGTRACK_CACHE", f"{file}{inside}")
    assert regtrack("fetch", "genome", "--offline") == (
        1,
        "",
        f"regtrack: REGTRACK_CACHE: expected a folder; {file} is a file\n",
    )


def test_nobodys_home_as_cache_is_one_line(regtrack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTRACK_CACHE", "~no-such-user/x")
    assert regtrack("fetch", "genome", "--offline") == (
        1,
        "",
        "regtrack: REGTRACK_CACHE: no such user's home folder: ~no-such-user/x\n",
    )
