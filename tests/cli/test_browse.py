"""`regtrack browse` as a user meets it before anything is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browsers_builders import SIZES, write_tracks_folder
from browsing import Sights, browsing, free_port, make_sights
from builders import write_fasta

from regtrack.browsers.browse import open_page


@pytest.fixture(scope="module")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Sights:
    return make_sights(tmp_path_factory.mktemp("browse"))


@pytest.fixture(autouse=True)
def _nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """What should be refused and is not, fails here instead of serving until Ctrl-C."""
    monkeypatch.setattr("regtrack.browsers.server.serve", lambda *_: pytest.fail("not refused"))


def test_without_tracks_it_says_what_to_run_first(regtrack) -> None:
    status, out, err = regtrack("browse")
    assert (status, out) == (2, "")
    assert err == (
        "regtrack: TRACKS: is missing; first: regtrack predict chr1 --out tracks/, "
        "then: regtrack browse tracks/\n"
    )


def test_what_is_no_tracks_folder_is_refused(tmp_path: Path, regtrack) -> None:
    status, _, err = regtrack("browse", tmp_path)
    assert (status, err.count("\n")) == (1, 1)
    assert "not a tracks folder (no tracks.json); regtrack predict makes one" in err


def test_a_folder_that_is_not_there_or_a_report_is_told_from_one_without_tracks(
    tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").touch()
    for name, problem in (
        ("report", "a report, no tracks: open its report.html, or name it beside its tracks: "),
        ("reports", "no such folder; regtrack predict makes one; report lies beside it"),
        ("crkl", "no such folder; regtrack predict makes one"),
    ):
        status, _, err = regtrack("browse", name)
        assert (status, err.count("\n")) == (1, 1)
        assert f"regtrack: {name}: {problem}" in err
    assert "lies beside" not in err


@pytest.mark.parametrize(
    ("options", "status", "problem"),
    [
        (["--markers", "K562*"], 2, "--markers: match 37 markers; 30 at most can be shown at once"),
        (["--markers", "nothing"], 2, "'nothing' matches no name"),
        (["--region", "chr9"], 1, "no chromosome of the genome"),
        (["--region", "chr1:5-99,999"], 1, "outside the chromosome"),
        (["--report", "."], 1, "not a report"),
        (["--genes", "missing.bed"], 1, "missing.bed: No such file or directory"),
        (["--genes", "."], 1, "Is a directory"),
        (["--genome", "missing.fa"], 1, "missing.fa"),
        (["--peaks", "missing.tsv"], 1, "missing.tsv: No such file or directory"),
        (["--port", "70000"], 2, "70000 is not in the range"),
    ],
)
def test_each_wrong_option_has_its_line(
    sights: Sights, regtrack, tmp_path: Path, monkeypatch, options: list, status: int, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = regtrack("browse", sights.tracks, *options)
    assert (found, out) == (status, "")
    assert problem in err


def test_a_genome_of_another_assembly_is_refused(sights: Sights, regtrack, tmp_path: Path) -> None:
    longer = {chrom: "ACGT" * size for chrom, size in SIZES.items()}
    genome = write_fasta(tmp_path / "other.fa", longer)
    status, _, err = regtrack("browse", sights.tracks, "--genome", genome)
    assert status == 1
    line = f"is an unknown assembly (chr1 has 80,000 bases), but {sights.tracks} is of another"
    assert f"{line} unknown assembly (20,000)\n" in err


def test_tracks_outside_of_the_folder_are_not_served(tmp_path: Path, regtrack) -> None:
    folder = write_tracks_folder(tmp_path / "tracks")
    (tmp_path / "secret").write_text("secret")
    record = json.loads((folder / "tracks.json").read_text())
    record["tracks"][0]["bigwig"] = "../secret"
    (folder / "tracks.json").write_text(json.dumps(record))
    status, _, err = regtrack("browse", folder)
    assert status == 1
    assert "expected a file of this folder, got '../secret'" in err


def test_a_port_in_use_is_refused(sights: Sights, regtrack) -> None:
    port = free_port()
    with browsing([sights.tracks], port):
        status, _, err = regtrack("browse", sights.tracks, "--port", port)
    assert status == 2
    assert f"--port: {port} cannot be used" in err


def test_no_browser_is_started_where_there_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not open_page("http://127.0.0.1:8919/")
    monkeypatch.setenv("DISPLAY", ":0")
    assert open_page("http://127.0.0.1:8919/")
    assert opened == ["http://127.0.0.1:8919/"]


def test_without_igv_js_it_says_what_to_install(
    sights: Sights, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    status, _, err = regtrack("browse", sights.tracks)
    assert status == 1
    assert err.endswith("igv.js is missing: pip install 'regtrack[browse]'\n")
