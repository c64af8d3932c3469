"""`regtrack session` as a user meets it: what it prints, leaves, and refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pysam
import pytest
from builders import TinyWorld
from cli_helpers import files_of


@pytest.fixture
def tracks(predicted: tuple[TinyWorld, Path], tmp_path: Path) -> Path:
    """Tracks of the tiny genome, of an assembly that nobody hosts; to be changed."""
    return shutil.copytree(predicted[1], tmp_path / "tracks")


def test_it_says_what_it_wrote_and_how_to_open_it(
    tracks: Path, predicted: tuple[TinyWorld, Path], regtrack
) -> None:
    before = files_of(tracks)
    status, out, err = regtrack("session", tracks, "--peaks", predicted[0].markers)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert re.fullmatch(r"3 markers on tiny, at chr\w+:[\d,]+-[\d,]+", lines[0])
    assert lines[1].startswith(f"wrote in {tracks}: tiny.chrom.sizes, measured/ (")
    assert lines[1].endswith("igv.xml, igv.json")
    assert lines[2] == f"IGV desktop: File > Open Session... > {tracks / 'igv.xml'}"
    assert lines[3].startswith('igv.js: browser.loadSession({url: "igv.json"}), in a page')
    after = files_of(tracks)
    assert before.items() <= after.items()
    new = {name for name in after.keys() - before.keys() if not name.startswith("measured/")}
    assert new == {"igv.xml", "igv.json", "tiny.chrom.sizes"}


def test_both_sessions_name_files_that_are_there(
    tracks: Path, predicted: tuple[TinyWorld, Path], regtrack
) -> None:
    world = predicted[0]
    arguments = ["--peaks", world.markers, "--reference", world.genome, "--region", "chr2:11-20"]
    status, _, err = regtrack("session", tracks, *arguments)
    assert (status, "lies outside of" in err) == (0, True)
    root = ET.parse(tracks / "igv.xml").getroot()
    assert root.get("locus") == "chr2:11-20"
    assert (tracks / root.get("genome", "")).samefile(world.genome)
    paths = [one.get("path", "") for one in root.findall("Resources/Resource")]
    assert paths
    assert all((tracks / path).is_file() for path in paths)
    session = json.loads((tracks / "igv.json").read_text())
    assert [track["url"] for track in session["tracks"]] == paths
    for path in (tracks / "measured").glob("*.bed.gz"):
        with pysam.TabixFile(str(path)) as file:
            assert list(file.fetch())


def test_a_second_run_needs_force(tracks: Path, regtrack) -> None:
    assert regtrack("session", tracks)[0] == 0
    before = files_of(tracks)
    status, out, err = regtrack("session", tracks, "--markers", "*DNase*")
    assert (status, out) == (1, "")
    assert err == f"regtrack: {tracks / 'igv.xml'}: exists already; --force replaces it\n"
    assert files_of(tracks) == before
    assert regtrack("session", tracks, "--markers", "*DNase*", "--force")[0] == 0
    assert files_of(tracks) != before


def test_a_fasta_file_of_the_configuration_is_relative_to_it(
    tracks: Path, predicted: tuple[TinyWorld, Path], regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(predicted[0].genome, tracks.parent / "own.fa")
    (tracks.parent / "regtrack.toml").write_text(
        '[defaults]\ngenome = "not taken.fa"\n[session]\nreference = "own.fa"\n'
    )
    monkeypatch.chdir(tracks)
    status, _, err = regtrack("session", ".")
    assert status == 0, err
    assert ET.parse("igv.xml").getroot().get("genome") == "../own.fa"


def nothing(_: Path) -> None:
    """The folder as it is."""


BAD: list[tuple[str, Callable[[Path], object], list[str], int, str]] = [
    ("no folder", shutil.rmtree, [], 1, r"tracks: no such folder; regtrack predict mak"),
    ("no track", lambda t: shutil.rmtree(t / "bigwig"), [], 1, r"\.bw: missing, though tracks\.js"),
    ("no pattern", nothing, ["--markers", "zebra"], 2, r"--markers: no such marker: 'zebra'"),
    ("no region", nothing, ["--region", "chr9"], 1, r"region 'chr9': no chrom"),
    (
        "past the end",
        nothing,
        ["--region", "chr2:1-9,000"],
        1,
        r"outside the chromosome: chr2 has .* bases; use chr2:1-",
    ),
    ("a folder", nothing, ["--reference", "tracks"], 1, r"tracks: is a folder; expected a FASTA"),
    (
        "no file",
        nothing,
        ["--reference", "no.fa"],
        1,
        r"no\.fa: neither a file nor the id of a gen",
    ),
    (
        "assembly",
        nothing,
        ["--reference", "other.fa"],
        1,
        r"other\.fa: is an unknown .* of another",
    ),
    ("no table", nothing, ["--peaks", "no.tsv"], 1, r"no\.tsv: No such file"),
    ("no report", nothing, ["--report", "tracks"], 1, r"tracks: not a report"),
    ("no url", nothing, ["--url", "tracks"], 2, r"--url: expected where the folder will"),
    ("half an url", nothing, ["--url", "http://["], 2, r"--url: expected where the folder will be"),
    ("in the way", lambda t: (t / "igv.xml").mkdir(), ["--force"], 1, r"igv\.xml: is a folder"),
    ("a link", lambda t: (t / "igv.json").symlink_to("no"), [], 1, r"igv\.json: exists already"),
]


@pytest.mark.parametrize(
    ("edit", "arguments", "status", "message"),
    [pytest.param(*case[1:], id=case[0]) for case in BAD],
)
def test_session_says_in_one_line(
    tracks: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    edit: Callable[[Path], object],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    edit(tracks)
    (tracks.parent / "other.fa").write_text(">chr1\nACGT\n>chr2\nACGT\n>chrM\nACGT\n")
    monkeypatch.chdir(tracks.parent)
    given, out, err = regtrack("session", "tracks", *arguments)
    assert given == status, err
    assert re.search(message, err), err
    assert err.count("\n") == 1
    assert out == ""
    assert not [path for path in tracks.glob("igv.*") if path.is_file()]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_said_to_be(tracks: Path, regtrack) -> None:
    tracks.chmod(0o555)
    try:
        status, out, err = regtrack("session", tracks)
    finally:
        tracks.chmod(0o755)
    assert (status, out) == (1, "")
    assert re.fullmatch(r"regtrack: .*: Permission denied\n", err)
