"""What `fetch` brings, leaves and finds again, from servers that behave and others."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_helpers import files_of
from fetching_server import SIZES, Act, Sources, fasta, packed, path_of

from regtrack.errors import ArgumentError, InputError, RegtrackError
from regtrack.fetching import place
from regtrack.fetching.locks import file_lock
from regtrack.fetching.report import Report, describe_failures, describe_report
from regtrack.fetching.run import fetch
from regtrack.fetching.settings import FetchSettings
from regtrack.fetching.sources import exclude_sources, gene_source, genome_sources, peak_sources
from regtrack.fetching.web import Web
from regtrack.genome.catalogue import catalogue
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers

GENOME = genome_sources("hg19")
EXCLUDE = exclude_sources("hg19")
FASTA = path_of(GENOME[0].url)
LENGTHS = path_of(GENOME[1].url)
ARTIFACTS = path_of(EXCLUDE[0].url)
FIRST, LAST = catalogue()[0], catalogue()[918]
PEAKS, ROADMAP = path_of(FIRST.extra["url"]), path_of(LAST.extra["url"])
TWO = (FIRST.name, LAST.name)


class Quiet:
    """An observer that only remembers."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, str, int]] = []
        self.units = 0

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Remember what begins."""
        self.stages.append((name, unit, total))
        self.units = done

    def advanced(self, units: int) -> None:
        """Count."""
        assert units >= 0
        self.units += units

    def finished(self) -> None:
        """Nothing."""


def go(
    sources: Sources, *kinds: str, waits: list[float] | None = None, **settings: object
) -> Report:
    web = Web(sources.url, wait=([] if waits is None else waits).append)
    asked = FetchSettings(mirror=sources.url, **settings)  # type: ignore[arg-type]
    return fetch(kinds, asked, Quiet(), TWO, web)


def left_overs(cache: Path) -> list[str]:
    return sorted(path for path in files_of(cache) if path.endswith((".part", ".json", ".lock")))


def test_all_of_it_is_complete_and_known(cache: Path, sources: Sources) -> None:
    report = go(sources, "genome", "exclude", "peaks")
    assert not report.failed
    assert dict(Genome(cache / "hg19.fa.gz").chrom_sizes) == SIZES
    assert gzip.decompress((cache / "hg19.fa.gz").read_bytes()).decode() == fasta()
    lengths = "".join(f"{name}\t{size}\n" for name, size in SIZES.items())
    assert (cache / "hg19.chrom.sizes").read_text() == lengths
    markers = read_markers(cache / "markers.tsv")
    assert [marker.name for marker in markers] == list(TWO)
    assert markers[1].extra == LAST.extra
    assert Path(markers[0].file).read_bytes() == sources.files[PEAKS]
    kept = json.loads((cache / "fetched.json").read_text())
    assert kept["format"] == 1
    assert sorted(kept["files"]) == sorted(set(files_of(cache)) - {"fetched.json", "markers.tsv"})
    assert kept["files"]["hg19.fa.gz"]["source_size"] == len(sources.files[FASTA])
    assert kept["files"]["hg19.fa.gz"]["published"] is True
    assert kept["files"][f"peaks/{LAST.slug}.narrowPeak.gz"]["published"] is False
    assert left_overs(cache) == ["fetched.json"]
    assert max(sources.counts().values()) == 1


def test_what_is_there_is_not_asked_for_again(cache: Path, sources: Sources) -> None:
    go(sources, "genome", "exclude", "peaks")
    before, asked = files_of(cache), len(sources.asked)
    report = go(sources, "genome", "exclude", "peaks")
    assert all(one.problem is None for one in report.planned)
    assert (files_of(cache), len(sources.asked)) == (before, asked)


def test_peaks_add_up(cache: Path, sources: Sources) -> None:
    web = Web(sources.url)
    for name in TWO:
        fetch(["peaks"], FetchSettings(mirror=sources.url), Quiet(), [name], web)
    assert [marker.name for marker in read_markers(cache / "markers.tsv")] == list(TWO)


# What goes wrong, with which file; what is asked for in all; what is waited for.
MENDED: dict[str, tuple[str, list[Act], int]] = {
    "cut half way": (FASTA, [Act(cut=9_000)], 2),
    "cut twice": (FASTA, [Act(cut=5_000), Act(cut=3_000)], 3),
    "busy": (PEAKS, [Act(429, {"Retry-After": "7"})], 2),
    "broken twice": (PEAKS, [Act(500), Act(503)], 3),
    "no answer": (PEAKS, [Act(cut=0)], 2),
    "cut, and no ranges": (FASTA, [Act(cut=9_000), Act(ranges=False)], 2),
    "cut, then no such range": (FASTA, [Act(cut=9_000), Act(416)], 3),
    "cut, then the wrong range": (
        FASTA,
        [Act(cut=9_000), Act(206, {"Content-Range": "bytes 1-2/3"})],
        3,
    ),
    "cut, then a range of more digits than can be read": (
        FASTA,
        [Act(cut=9_000), Act(206, {"Content-Range": f"bytes 0-1/{'9' * 5_000}"})],
        3,
    ),
    "more announced than sent": (PEAKS, [Act(length=1_000)], 2),
    "called an encoding": (PEAKS, [Act(headers={"Content-Encoding": "gzip"})], 1),
    "no length": (PEAKS, [Act(length=-1)], 1),
    "no checksums": (PEAKS.rpartition("/")[0] + "/md5sum.txt", [Act(404)], 1),
    "no checksums, as some mirrors say it": (
        PEAKS.rpartition("/")[0] + "/md5sum.txt",
        [Act(403)],
        1,
    ),
    "checksums gone": (PEAKS.rpartition("/")[0] + "/md5sum.txt", [Act(410)], 1),
    "checksums late": (PEAKS.rpartition("/")[0] + "/md5sum.txt", [Act(500)], 2),
}


@pytest.mark.parametrize(
    ("path", "acts", "times"), [pytest.param(*MENDED[name], id=name) for name in MENDED]
)
def test_what_goes_wrong_for_a_while_ends_well(
    cache: Path, sources: Sources, path: str, acts: list[Act], times: int
) -> None:
    sources.acts[path] = list(acts)
    waits: list[float] = []
    report = go(sources, "genome", "exclude", "peaks", waits=waits)
    assert not report.failed
    assert len(sources.of(path)) == times
    assert len(waits) == times - 1
    if acts[0].status == 429:
        assert waits == [7.0]
    for wait, longest in zip(waits, (1, 2, 4), strict=False):
        assert longest / 2 <= wait <= max(longest, 7)
    assert (cache / f"peaks/{FIRST.slug}.narrowPeak.gz").read_bytes() == sources.files[PEAKS]
    assert gzip.decompress((cache / "hg19.fa.gz").read_bytes()).decode() == fasta()
    assert left_overs(cache) == ["fetched.json"]


def test_after_a_cut_only_the_rest_is_asked_for(cache: Path, sources: Sources) -> None:
    sources.acts[FASTA] = [Act(cut=9_000)]
    go(sources, "genome")
    first, second = sources.of(FASTA)
    assert (first.range, second.range) == (None, "bytes=8192-")
    assert second.sent == len(sources.files[FASTA]) - 8192
    assert cache.is_dir()


def test_a_file_that_changed_in_between_is_begun_anew(cache: Path, sources: Sources) -> None:
    old = packed(fasta().replace("A", "C"))
    sources.acts[FASTA] = [Act(cut=9_000, body=old)]
    assert not go(sources, "genome").failed
    assert sources.of(FASTA)[1].range == "bytes=8192-"
    assert sources.of(FASTA)[1].sent == len(sources.files[FASTA])
    assert gzip.decompress((cache / "hg19.fa.gz").read_bytes()).decode() == fasta()


def test_without_a_name_of_the_version_it_is_begun_anew(cache: Path, sources: Sources) -> None:
    sources.etags = False
    sources.acts[FASTA] = [Act(cut=9_000)]
    assert not go(sources, "genome").failed
    assert [one.range for one in sources.of(FASTA)] == [None, None]
    assert cache.is_dir()


PAGE = b"<!DOCTYPE html><html>Please log in</html>"
ALWAYS = {"forever": True}
REFUSED: dict[str, tuple[str, Act, str, int]] = {
    "not there": (PEAKS, Act(404, **ALWAYS), "the server answers 404 Not Found", 1),
    "not allowed": (PEAKS, Act(403, **ALWAYS), "the server answers 403 Forbidden", 1),
    "broken": (PEAKS, Act(502, **ALWAYS), r"answers 502 Bad Gateway \(tried 6 times\)", 6),
    "long busy": (
        PEAKS,
        Act(429, {"Retry-After": "4000"}, **ALWAYS),
        "429 Too Many Requests, and asks to wait 4,000 s",
        1,
    ),
    "never whole": (
        ROADMAP,
        Act(length=1_000, ranges=False, **ALWAYS),
        r"the connection broke after \d+ of 1,000 bytes \(tried 6 times\)",
        6,
    ),
    "a web page": (PEAKS, Act(body=PAGE, **ALWAYS), "the server sent a web page", 1),
    "text": (PEAKS, Act(body=b"chr1\t1\t2\n", **ALWAYS), "not a gzip file", 1),
    "nothing": (PEAKS, Act(body=b"", **ALWAYS), "the server sent an empty file", 1),
    "truncated": (
        ROADMAP,
        Act(body=packed("chr1\t1\t2\n" * 99)[:-9], **ALWAYS),
        "truncated or damaged gzip file",
        1,
    ),
    "damaged": (
        ROADMAP,
        Act(body=packed("chr1\t1\t2\n" * 99)[:-6] + b"\0" * 6, **ALWAYS),
        "truncated or damaged gzip file",
        1,
    ),
    "another file": (
        PEAKS,
        Act(body=packed("chr1\t1\t2\n"), **ALWAYS),
        "its MD5 is [0-9a-f]{32}, published is [0-9a-f]{32}",
        1,
    ),
    "less announced than sent": (
        ROADMAP,
        Act(length=30, **ALWAYS),
        "truncated or damaged gzip file",
        1,
    ),
    "a page for a table": (LENGTHS, Act(body=PAGE, **ALWAYS), "the server sent a web page", 1),
    "no table": (LENGTHS, Act(body=b"chr1 10\n", **ALWAYS), "line 1 is not a chromosome's", 1),
    "a truncated genome": (FASTA, Act(body=packed(fasta())[:-9], **ALWAYS), "MD5|truncated", 1),
    "no checksums": (
        PEAKS.rpartition("/")[0] + "/md5sum.txt",
        Act(401, **ALWAYS),
        "md5sum.txt: the server answers 401 Unauthorized",
        1,
    ),
}


@pytest.mark.parametrize(
    ("path", "act", "message", "times"), [pytest.param(*REFUSED[name], id=name) for name in REFUSED]
)
def test_what_stays_wrong_is_named_and_stops_nothing_else(
    cache: Path, sources: Sources, path: str, act: Act, message: str, times: int
) -> None:
    sources.acts[path] = [act]
    report = go(sources, "genome", "exclude", "peaks")
    ((failed, _),) = report.failed.items()
    assert not (cache / failed).exists()
    assert len(sources.of(path)) == times
    line = describe_failures(report)
    assert re.search(message, line), line
    assert path in line.replace("127.0.0.1", "") or "md5sum" in line or path[1:] in line
    with pytest.raises(RegtrackError, match="1 of 6 files not fetched; the others are in place"):
        report.check()
    others = {one.source.path for one in report.planned} - {failed}
    assert others <= set(files_of(cache))
    assert not list(cache.rglob("*.lock"))
    # The server having come to itself, the rest is fetched, and nothing else.
    sources.acts.clear()
    asked = len(sources.asked)
    assert not go(sources, "genome", "exclude", "peaks").failed
    assert all(one.path in (path, PEAKS) or "md5sum" in one.path for one in sources.asked[asked:])
    assert (cache / failed).exists()


def test_a_genome_that_is_none_does_not_get_its_name(cache: Path, sources: Sources) -> None:
    sources.files[FASTA] = packed("no\nfasta\n")
    del sources.files[FASTA.rpartition("/")[0] + "/md5sum.txt"]
    report = go(sources, "genome")
    assert "expected '>'" in report.failed["hg19.fa.gz"]
    assert sorted(files_of(cache)) == ["fetched.json", "hg19.chrom.sizes"]


def test_a_truncated_genome_without_checksum(cache: Path, sources: Sources) -> None:
    sources.files[FASTA] = sources.files[FASTA][:-100]
    del sources.files[FASTA.rpartition("/")[0] + "/md5sum.txt"]
    assert "truncated or damaged gzip" in go(sources, "genome").failed["hg19.fa.gz"]
    assert sorted(files_of(cache)) == ["fetched.json", "hg19.chrom.sizes"]


def test_a_host_that_is_down_is_not_asked_for_every_file(cache: Path, sources: Sources) -> None:
    for source in peak_sources(catalogue()):
        sources.acts[path_of(source.url)] = [Act(503, forever=True)]
    web = Web(sources.url, wait=lambda _: None)
    settings = FetchSettings(mirror=sources.url, jobs=1)
    report = fetch(["peaks"], settings, Quiet(), (), web)
    assert len(report.failed) == 919
    assert len(sources.asked) == 3 * 6
    lines = describe_failures(report).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "and 914 more"
    assert not (cache / "markers.tsv").exists()


def test_nobody_there(cache: Path) -> None:
    waits: list[float] = []
    web = Web("http://127.0.0.1:9", wait=waits.append)
    report = fetch(["genome"], FetchSettings(mirror="http://127.0.0.1:9"), Quiet(), (), web)
    assert "cannot be reached (Connection refused)" in report.failed["hg19.fa.gz"]
    with pytest.raises(RegtrackError) as caught:
        report.check()
    assert str(caught.value) == (
        "2 of 2 files not fetched: run it again; without internet here, download "
        "https://hgdownload.soe.ucsc.edu/goldenPath/hg19/bigZips/hg19.fa.gz elsewhere, and gunzip "
        "it and name it with --genome FILE"
    )
    assert describe_report(report) == ""
    assert cache.parent.is_dir()


def test_genes_that_cannot_be_fetched_may_be_brought_by_hand(cache: Path) -> None:
    web = Web("http://127.0.0.1:9", wait=lambda _: None)
    report = fetch(["genes"], FetchSettings(), Quiet(), (), web)
    with pytest.raises(RegtrackError) as caught:
        report.check()
    assert str(caught.value).endswith(
        f"/hg19/database/refGene.txt.gz elsewhere, and name it with --genes FILE or put it at "
        f"{cache / 'refGene.txt.gz'}; or do without: a place such as chr22:21,330,001-21,361,000 "
        "is a region, too, and --genes takes a BED file of a few genes of your own"
    )


@pytest.mark.usefixtures("cache")
def test_without_internet_it_ends_after_three_tries_and_three_seconds() -> None:
    waits: list[float] = []
    web = Web("http://127.0.0.1:9", wait=waits.append)
    report = fetch(["genes"], FetchSettings(mirror="http://127.0.0.1:9"), Quiet(), (), web)
    assert report.failed["refGene.txt.gz"].endswith("(Connection refused) (tried 3 times)")
    assert len(waits) == 2
    assert sum(waits) <= 3


def test_what_may_come_later_is_worth_another_run_and_what_is_refused_is_not(
    cache: Path, sources: Sources
) -> None:
    url = path_of(gene_source("hg19", "refGene").url)
    no = "1 of 1 file not fetched"
    later = {"Retry-After": "4000"}
    for status, headers, told in (
        (503, {}, f"{no}: run it again"),
        (503, later, f"{no}: run it again"),
        (404, {}, no),
    ):
        sources.acts[url] = [Act(status, headers, forever=True)]
        web = Web(sources.url, wait=lambda _: None)
        report = fetch(["genes"], FetchSettings(mirror=sources.url), Quiet(), (), web)
        with pytest.raises(RegtrackError) as caught:
            report.check()
        assert str(caught.value) == told
    assert cache.parent.is_dir()


SPOILED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "shorter": (
        f"peaks/{FIRST.slug}.narrowPeak.gz",
        lambda path: path.write_bytes(b"\x1f\x8b"),
        "changed: 2 bytes, ",
    ),
    "other bytes": (
        f"peaks/{FIRST.slug}.narrowPeak.gz",
        lambda path: path.write_bytes(bytes(len(path.read_bytes()))),
        "changed: other bytes than were fetched",
    ),
    "gone": (f"peaks/{FIRST.slug}.narrowPeak.gz", lambda path: path.unlink(), "missing"),
    "genome": ("hg19.fa.gz", lambda path: path.write_bytes(b"\x1f\x8b"), "changed: 2 bytes"),
}


@pytest.mark.parametrize(
    ("path", "spoil", "problem"), [pytest.param(*SPOILED[name], id=name) for name in SPOILED]
)
def test_what_is_not_as_it_was_fetched_is_named_and_fetched_again(
    cache: Path, sources: Sources, path: str, spoil: Callable[[Path], object], problem: str
) -> None:
    go(sources, "genome", "peaks")
    spoil(cache / path)
    with pytest.raises(RegtrackError, match=r"1 of 4 files not there: .*without --offline") as said:
        go(sources, "genome", "peaks", offline=True)
    assert path in str(said.value)
    asked = len(sources.asked)
    report = go(sources, "genome", "peaks")
    (wrong,) = [one for one in report.planned if one.problem]
    assert wrong.source.path == path
    assert wrong.problem is not None
    assert wrong.problem.startswith(problem)
    got = [one.path for one in sources.asked[asked:] if "md5sum" not in one.path]
    assert got == [path_of(wrong.source.url)]
    assert all(one.problem is None for one in go(sources, "genome", "peaks").planned)


def test_a_file_that_nobody_recorded_is_fetched_anew(cache: Path, sources: Sources) -> None:
    path = cache / f"peaks/{FIRST.slug}.narrowPeak.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(packed("chr1\t5\t6\n"))
    report = go(sources, "peaks")
    assert [one.problem for one in report.planned] == ["not in fetched.json", "missing"]
    assert path.read_bytes() == sources.files[PEAKS]


def test_what_is_there_stays_when_nothing_comes(cache: Path, sources: Sources) -> None:
    go(sources, "genome", "peaks")
    (cache / "fetched.json").unlink()
    before = files_of(cache)
    web = Web("http://127.0.0.1:9", wait=lambda _: None)
    report = fetch(["genome", "peaks"], FetchSettings(), Quiet(), TWO, web)
    assert len(report.failed) == 4
    with pytest.raises(RegtrackError, match="4 of 4 files not fetched: run it again"):
        report.check()
    assert files_of(cache) == before
    assert not go(sources, "genome", "peaks").failed
    assert set(files_of(cache)) - set(before) == {"fetched.json"}


def test_what_stays_changed_is_not_in_the_table(cache: Path, sources: Sources) -> None:
    go(sources, "peaks")
    path = cache / f"peaks/{FIRST.slug}.narrowPeak.gz"
    path.write_bytes(bytes(len(path.read_bytes())))
    sources.acts[PEAKS] = [Act(404)]
    assert list(go(sources, "peaks").failed) == [f"peaks/{FIRST.slug}.narrowPeak.gz"]
    assert [one.name for one in read_markers(cache / "markers.tsv")] == [LAST.name]
    assert not go(sources, "peaks").failed
    assert [one.name for one in read_markers(cache / "markers.tsv")] == list(TWO)


@pytest.mark.parametrize("offline", [False, True])
def test_where_all_is_well_nothing_is_written_nor_locked(
    cache: Path, sources: Sources, offline: bool
) -> None:
    go(sources, "genome", "exclude", "peaks")
    before = times_of(cache)
    go(sources, "genome", "exclude", "peaks", offline=offline)
    assert times_of(cache) == before  # a lock that came and went would be seen in its folder's


def times_of(cache: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (cache, *cache.rglob("*"))}


def test_offline_a_table_that_was_changed_is_an_error(cache: Path, sources: Sources) -> None:
    go(sources, "peaks")
    good = (cache / "markers.tsv").read_bytes()
    (cache / "markers.tsv").write_text("")
    before = times_of(cache)
    with pytest.raises(RegtrackError, match=r"missing or changed: markers\.tsv; without"):
        go(sources, "peaks", offline=True)
    assert times_of(cache) == before
    go(sources, "peaks")
    assert (cache / "markers.tsv").read_bytes() == good


def test_an_index_lies_beside_its_genome_or_it_is_said(
    cache: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = SimpleNamespace(fai=cache / "faidx" / "a.fai")
    with monkeypatch.context() as patched:
        patched.setattr(place, "make_index", lambda *_: elsewhere)
        with pytest.raises(RegtrackError, match="its index cannot be written beside it; is the"):
            go(sources, "genome")
    assert (cache / "hg19.fa.gz.part").exists()
    asked = len(sources.of(FASTA))
    assert not go(sources, "genome").failed
    assert len(sources.of(FASTA)) == asked
    (cache / "hg19.fa.gz.gzi").unlink()
    monkeypatch.setattr(place, "make_index", lambda *_: elsewhere)
    with pytest.raises(RegtrackError, match=r"hg19\.fa\.gz: its index cannot be written"):
        go(sources, "genome")


def test_another_fetch_is_told_of(cache: Path, sources: Sources) -> None:
    cache.mkdir(parents=True)
    quiet = Telling("another fetch is at work on hg19.chrom.sizes")
    holding = ExitStack()
    holding.enter_context(file_lock(cache / "hg19.chrom.sizes"))
    quiet.then = holding.close
    fetch(["genome"], FetchSettings(jobs=2), quiet, (), Web(sources.url))
    assert quiet.told
    assert (cache / "hg19.chrom.sizes").exists()


class Telling(Quiet):
    """An observer that waits for a line."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.line = line
        self.told = False
        self.then: Callable[[], object] = lambda: None

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Do what is to be done at that line."""
        super().stage(name, unit, total, done)
        if name == self.line:
            self.told = True
            self.then()


def test_a_spoiled_index_is_made_again_and_nothing_asked_for(cache: Path, sources: Sources) -> None:
    go(sources, "genome")
    good = (cache / "hg19.fa.gz.fai").read_bytes()
    (cache / "hg19.fa.gz.fai").write_text("chr1\t1\t1\t1\t1\n")
    asked = len(sources.asked)
    before = files_of(cache)
    with pytest.raises(RegtrackError, match=r"missing or changed: hg19\.fa\.gz\.fai; without"):
        go(sources, "genome", offline=True)
    assert files_of(cache) == before
    assert go(sources, "genome").mended == ("hg19.fa.gz.fai",)
    assert (cache / "hg19.fa.gz.fai").read_bytes() == good
    assert len(sources.asked) == asked
    assert go(sources, "genome").mended == ()


def test_offline_names_what_is_missing(cache: Path, sources: Sources) -> None:
    with pytest.raises(RegtrackError) as said:
        fetch(["genome", "peaks"], FetchSettings(offline=True), Quiet())
    assert str(said.value) == (
        f"{cache}: 921 of 921 files not there: hg19.fa.gz, hg19.chrom.sizes, "
        "peaks/0_8988T_DNase_None.narrowPeak.gz, peaks/1_AoSMC_DNase_None.narrowPeak.gz, "
        f"{peak_sources(catalogue())[2].path} and 916 more; without --offline they are fetched"
    )
    assert not cache.exists()
    assert not sources.asked


def test_a_dry_run_writes_nothing(cache: Path, sources: Sources) -> None:
    report = go(sources, "genome", "exclude", "peaks", dry_run=True)
    assert report.sizes["hg19.fa.gz"] == len(sources.files[FASTA])
    assert not cache.parent.exists()
    assert not sources.asked
    assert sum(sources.heads.values()) == 6


def test_two_ways_to_the_same_bytes(cache: Path, sources: Sources) -> None:
    go(sources, "genome", "peaks", jobs=1)
    first = files_of(cache)
    shutil.rmtree(cache)
    go(sources, "genome", "peaks", jobs=8)
    second = files_of(cache)
    del first["fetched.json"], second["fetched.json"]
    assert first == second


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": 2, "files": {}}', "format 2; this regtrack reads up to 1"),
        ("no", "damaged: not JSON .*; remove it to fetch everything again"),
        ("", "damaged: not JSON "),
        ("\0" * 100, "damaged: not JSON "),
        ('{"format": 1, "files": {"a": {"si', "damaged: not JSON "),
        ("[" * 100_000, "damaged"),
        ("[]", "damaged .*expected object, got array"),
        ('{"format": "1", "files": {}}', "damaged .*format: expected int, got str"),
        ('{"format": 1, "files": {"a": {"size": "x"}}}', "damaged "),
        ('{"format": 1, "files": []}', "damaged .*files: expected object, got array"),
    ],
)
def test_records_that_are_not_ours(cache: Path, sources: Sources, text: str, message: str) -> None:
    cache.mkdir(parents=True)
    (cache / "fetched.json").write_text(text)
    with pytest.raises(InputError, match=message):
        go(sources, "genome")
    assert not sources.asked


@pytest.mark.parametrize("mirror", ["example.org", "ftp://example.org", "http://", "http://["])
def test_a_mirror_is_a_url(mirror: str) -> None:
    with pytest.raises(ArgumentError, match="mirror: expected http://"):
        FetchSettings(mirror=mirror)


def test_no_such_marker(cache: Path) -> None:
    with pytest.raises(ArgumentError, match="markers: no such marker: 'zebra'"):
        fetch(["peaks"], FetchSettings(), Quiet(), ["zebra"])
    assert not cache.exists()


def test_a_folder_that_cannot_be_made(cache: Path, sources: Sources) -> None:
    cache.parent.write_text("in the way")
    with pytest.raises(InputError, match="REGTRACK_CACHE: expected a folder"):
        go(sources, "exclude", "peaks")


def test_a_folder_in_which_nothing_can_be_made(cache: Path, sources: Sources) -> None:
    cache.mkdir(parents=True)
    (cache / "exclude").write_text("in the way")
    with pytest.raises(OSError, match="exclude"):
        go(sources, "exclude", "peaks")


def test_progress_is_in_bytes_for_a_few_files(cache: Path, sources: Sources) -> None:
    quiet = Quiet()
    sources.acts[ARTIFACTS] = [Act(cut=10)]
    web = Web(sources.url, wait=lambda _: None)
    fetch(["exclude"], FetchSettings(mirror=sources.url), quiet, (), web)
    total = sum(len(sources.files[path_of(one.url)]) for one in EXCLUDE)
    assert quiet.stages[-1] == ("exclude", "B", total)
    assert quiet.units == total
    assert cache.is_dir()
