"""`regtrack hub` as a user meets it: what it prints, leaves, and refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browsers_builders import MARKERS, write_report_table, write_tracks_folder
from builders import TinyWorld
from cli_helpers import files_of
from forking import forked

WHERE = ("--url", "https://example.org/tracks/", "--email", "me@example.org")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_tracks_folder(tmp_path / "tracks", assembly="canFam3", peakless=[1])


def test_it_says_what_to_do_with_the_hub(folder: Path, regtrack) -> None:
    status, out, _ = regtrack("hub", "tracks", *WHERE)
    assert status == 0
    assert out.splitlines() == [
        "wrote tracks/hub.txt and tracks/hub: 4 markers, 3 of them with called peaks",
        "test it:  regtrack hub tracks --check",
        "copy the folder tracks to https://example.org/tracks (the server must answer byte ranges)",
        "open it:  https://genome.ucsc.edu/cgi-bin/hgTracks?db=canFam3"
        "&hubUrl=https://example.org/tracks/hub.txt",
    ]
    assert sorted(set(files_of(folder / "hub"))) == [
        *(f"{marker.slug}.bb" for marker in MARKERS if marker.index != 1),
        "colors.json",
        "description.html",
        "metadata.tsv",
    ]


def test_it_says_what_it_made_of_several_folders(
    folder: Path, tmp_path: Path, regtrack: Callable[..., tuple[int, str, str]]
) -> None:
    write_tracks_folder(tmp_path / "new", MARKERS[:2], assembly="canFam3")
    status, out, _ = regtrack("hub", "old one=tracks", "new", "--out", "both", *WHERE)
    assert status == 0
    assert out.splitlines() == [
        "wrote both: 4 markers of 2 runs, 6 signals, 5 with called peaks",
        "test it:  regtrack hub both --check",
        "copy the folder both to https://example.org/tracks (the server must answer byte ranges)",
        "open it:  https://genome.ucsc.edu/cgi-bin/hgTracks?db=canFam3"
        "&hubUrl=https://example.org/tracks/hub.txt",
    ]
    line = "both/hub.txt: 11 tracks with data, no rule broken\n"
    assert regtrack("hub", "both", "--check") == (0, line, "")
    assert not (folder / "hub.txt").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tracks", "new"], "--out: is missing: a hub of several tracks folders has a folder of"),
        (["tracks", "./tracks", "--out", "x"], "tracks is named twice; expected each folder once"),
        (["a=tracks", "A=new", "--out", "x"], "tracks and new would both be called 'A'; call them"),
        (["tracks", "new", "--out", "x", "--report", "new"], "--report: the report is of no run"),
        (["tracks", "late", "--out", "x"], "late: is not finished (its work lies in late.partial)"),
        (
            ["tracks", ".", "--out", "x"],
            ".: not a tracks folder, but holds some: new, tracks;",
        ),
        (["tracks", "new", "--out", "."], ".: not replaced: it is not a track hub of several runs"),
    ],
)
def test_a_slip_with_several_folders_is_told_in_a_line(
    folder: Path,
    tmp_path: Path,
    regtrack: Callable[..., tuple[int, str, str]],
    words: list[str],
    said: str,
) -> None:
    write_tracks_folder(tmp_path / "new", MARKERS[:2], assembly="canFam3")
    (tmp_path / "late.partial").mkdir()
    before = files_of(tmp_path)
    status, out, err = regtrack("hub", *words, *WHERE)
    assert status in (1, 2)
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert files_of(tmp_path) == before
    assert not (folder / "hub").exists()


@pytest.mark.parametrize("style", ["faceted", "composite"])
def test_what_it_wrote_passes_its_own_test(
    folder: Path, regtrack: Callable[..., tuple[int, str, str]], style: str
) -> None:
    assert regtrack("hub", folder, *WHERE, "--style", style)[0] == 0
    before = files_of(folder)
    line = f"{folder / 'hub.txt'}: 7 tracks with data, no rule broken\n"
    assert regtrack("hub", folder, "--check") == (0, line, "")
    assert regtrack("hub", folder / "hub.txt", "--check") == (0, line, "")
    assert files_of(folder) == before


def test_each_broken_rule_is_a_line(folder: Path, regtrack) -> None:
    assert regtrack("hub", "tracks", *WHERE)[0] == 0
    text = (folder / "hub.txt").read_text()
    text = text.replace("email me@example.org", "email me").replace(
        "useOneFile on", "useOneFile off", 1
    )
    (folder / "hub.txt").write_text(text)
    status, out, err = regtrack("hub", "tracks", "--check")
    assert (status, err) == (1, "regtrack: tracks/hub.txt: 2 broken rules\n")
    assert out.splitlines() == [
        "tracks/hub.txt:4: hub regtrack_12121212: useOneFile is not on, expected it to be",
        "tracks/hub.txt:5: hub regtrack_12121212: email 'me', expected name@example.org",
    ]


def test_one_broken_rule_is_one(folder: Path, regtrack) -> None:
    assert regtrack("hub", "tracks", *WHERE)[0] == 0
    text = (folder / "hub.txt").read_text()
    (folder / "hub.txt").write_text(text.replace("email me@example.org", "email me"))
    assert regtrack("hub", "tracks", "--check")[2] == "regtrack: tracks/hub.txt: 1 broken rule\n"


def test_predicted_tracks_become_a_hub(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    import shutil

    folder = tmp_path / "tracks"
    shutil.copytree(predicted[1], folder)
    status, _, err = regtrack("hub", folder, *WHERE, "--assembly", "canFam3")
    assert status == 0, err
    assert regtrack("hub", folder, "--check")[0] == 0


def test_a_report_elsewhere_is_read(folder: Path, regtrack) -> None:
    write_report_table(folder.parent / "report", {MARKERS[0].name: 0.5})
    assert regtrack("hub", "tracks", *WHERE, "--report", "report")[0] == 0
    assert "0.5000" in (folder / "hub" / "metadata.tsv").read_text()


def test_an_earlier_hub_is_replaced_only_by_force(folder: Path, regtrack) -> None:
    assert regtrack("hub", "tracks", *WHERE)[0] == 0
    before = files_of(folder)
    status, out, err = regtrack("hub", "tracks", *WHERE)
    assert (status, out) == (1, "")
    assert err == "regtrack: tracks/hub: exists already; --force replaces it\n"
    assert regtrack("hub", "tracks", *WHERE, "--force")[0] == 0
    assert files_of(folder) == before


def nothing(_: Path) -> None:
    """The folder as it is."""


def simulated(folder: Path) -> None:
    path = folder / "tracks.json"
    path.write_text(path.read_text().replace('"canFam3"', '"simulated"'))


def in_the_way(folder: Path) -> None:
    (folder / "hub.txt").mkdir()


def no_peaks_file(folder: Path) -> None:
    (folder / "peaks" / f"{MARKERS[0].slug}.narrowPeak.gz").write_bytes(b"\x1f\x8bno")


URL, MAIL = WHERE[:2], WHERE[2:]
BAD: list[tuple[str, Callable[[Path], object], tuple[str, ...], int, str]] = [
    ("no address", nothing, MAIL, 2, "--url: is missing; --check alone does without"),
    ("no email", nothing, URL, 2, "--email: is missing"),
    ("no scheme", nothing, (*MAIL, "--url", "example.org"), 2, "--url: expected where the folder"),
    ("odd email", nothing, (*URL, "--email", "me"), 2, "--email: expected name@example.org, got"),
    ("odd style", nothing, (*WHERE, "--style", "x"), 2, "'--style': 'x' is not one of"),
    (
        "odd marker",
        nothing,
        (*WHERE, "--markers", "zebra"),
        2,
        "--markers: no such marker: 'zebra'",
    ),
    (
        "odd genome",
        simulated,
        WHERE,
        2,
        "--assembly: expected UCSC's name of a genome, such as hg19; the tracks are of "
        "'simulated': pass --assembly hg19",
    ),
    (
        "odd digit",
        nothing,
        (*WHERE, "--assembly", "hg\u0663"),
        2,
        "--assembly: expected UCSC's name of a genome, such as hg19; got 'hg",
    ),
    ("half an address", nothing, (*MAIL, "--url", "http://["), 2, "--url: expected where the f"),
    ("no report", nothing, (*WHERE, "--report", "no"), 1, r"no: not a report \(no report.tsv\)"),
    ("no tracks", lambda f: (f / "tracks.json").unlink(), WHERE, 1, "not a tracks folder"),
    (
        "a folder in the way",
        in_the_way,
        WHERE,
        1,
        "tracks/hub.txt: is a folder; expected a track hub",
    ),
    ("damaged peaks", no_peaks_file, WHERE, 1, "narrowPeak.gz: truncated or damaged gzip file"),
    (
        "nothing to test",
        nothing,
        ("--check",),
        1,
        "hub.txt: no such hub; regtrack hub TRACKS --url",
    ),
    ("test and address", nothing, (*URL, "--check"), 2, "--url: does nothing with --check"),
    ("test and force", nothing, ("--check", "--force"), 2, "--force: does nothing with --check"),
    (
        "test and markers",
        nothing,
        ("--check", "--markers", "CTCF"),
        2,
        "--markers: does nothing with --check",
    ),
]


@pytest.mark.parametrize(
    ("change", "arguments", "status", "message"),
    [pytest.param(*case[1:], id=case[0]) for case in BAD],
)
def test_hub_says_in_one_line(
    folder: Path,
    regtrack,
    change: Callable[[Path], object],
    arguments: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    change(folder)
    before = files_of(folder)
    given, out, err = regtrack("hub", "tracks", *arguments)
    assert (given, out) == (status, ""), err
    assert re.search(message, err.strip().splitlines()[-1]), err
    assert "Traceback" not in err
    assert files_of(folder) == before
    assert not list(folder.glob("*.partial"))


def test_a_limit_on_files_leaves_nothing_half_written(folder: Path) -> None:
    # As a full disk does: no file can grow beyond some bytes, and pybigtools says so on stderr.
    program = (
        "import resource, signal, sys\n"
        "from regtrack.cli.main import run\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
        f"sys.exit(run(['hub', 'tracks', *{WHERE!r}]))\n"
    )
    before = files_of(folder)
    done = forked(program)
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert re.fullmatch(r"regtrack: .*\.bb: not written whole; is the disk full\?", last), last
    assert "panicked" not in done.stderr
    assert "Traceback" not in done.stderr
    assert files_of(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["bigwig", "peaks", "predicted.bed", "tracks.json"]
    )
