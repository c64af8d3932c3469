"""`regtrack browse --export`: what it writes, where, and what it refuses."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from browsers_builders import MARKERS, write_tracks_folder
from browsing import Sights, ask, make_sights
from cli_helpers import files_of
from forking import forked

from regtrack.browsers.browse import BrowseOptions, browsing
from regtrack.paths import Labelled
from regtrack.tracks.folder import TrackSet

# Of the page, beside the tracks.
PARTS = """
    answers.js colours.css comparison.js heatmap.css heatmap.js history.js igv.css igv.js
    igv.LICENSE.md index.html keys.js page.css page.js ranking.js readout.js rows.js runs.js
    site.json theme.js
"""


@pytest.fixture(scope="module")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Sights:
    return make_sights(tmp_path_factory.mktemp("export"))


@pytest.fixture
def tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_tracks_folder(tmp_path / "tracks")


def shown(sights: Sights) -> list[object]:
    """All that can be shown but the sequence."""
    return [sights.tracks, "--peaks", sights.peaks, "--genes", sights.genes]


def test_the_folder_holds_the_page_the_tracks_and_the_answers(
    sights: Sights, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "site"
    two = ["--markers", "GR", "--markers", "DNase"]
    status, said, _ = regtrack("browse", *shown(sights), *two, "--export", out)
    assert status == 0
    found = files_of(out)
    assert sorted(found) == sorted(
        [
            *PARTS.split(),
            "answers/genes/0.json",
            "answers/held.json",
            "answers/measured/1/0.json",
            "answers/names.json",
            "answers/predicted/0.json",
            "answers/strongest/1.json",
            "answers/strongest/3.json",
            "genome/chrom.sizes",
            *(f"tracks/{name}" for index in (1, 3) for name in files_of_marker(index)),
        ]
    )
    size = sum(map(len, found.values()))
    assert said.splitlines() == [
        f"wrote {out}: 2 markers, {len(found)} files, {size / 1e6:.1f} MB",
        "copy it to a web server that answers byte ranges, and open its index.html there",
    ]
    for name in files_of_marker(3):
        assert found[f"tracks/{name}"] == (sights.tracks / name).read_bytes()


def files_of_marker(index: int) -> list[str]:
    slug = MARKERS[index].slug
    return [f"bigwig/{slug}.bw", f"peaks/{slug}.narrowPeak.gz", f"peaks/{slug}.narrowPeak.gz.tbi"]


def test_all_that_the_page_asks_for_is_there(sights: Sights, tmp_path: Path, regtrack) -> None:
    out = tmp_path / "site"
    assert regtrack("browse", *shown(sights), "--genome", sights.genome, "--export", out)[0] == 0
    site = json.loads((out / "site.json").read_text())
    assert len(site["markers"]) == 40
    assert site["trained"] == "trained here: not known"
    named = [one[key] for one in site["markers"] for key in ("signal", "peaks", "peaksIndex")]
    named += [address for key, address in site["reference"].items() if key.endswith("URL")]
    assert len(named) == 122
    named += re.findall(r'(?:src|href)="([^"#]+)"', (out / "index.html").read_text())
    named.remove("data:,")
    held = json.loads((out / "answers/held.json").read_text())
    assert held["chroms"] == ["chr1", "chr2"]
    named += [
        f"answers/{question}/{number}.json"
        for question, numbers in held["held"].items()
        for number in numbers
    ]
    named += [f"answers/strongest/{one['index']}.json" for one in site["markers"]]
    assert [address for address in named if not (out / address).is_file()] == []


@pytest.mark.parametrize(
    ("file", "question"),
    [
        ("genes/0", "/genes?chrom=chr1&start=0&end=20000"),
        ("predicted/0", "/predicted?chrom=chr1&start=0&end=20000"),
        ("measured/1/0", "/measured/1?chrom=chr1&start=0&end=20000"),
        ("strongest/7", "/strongest/7"),
    ],
)
def test_its_answers_are_those_of_the_server(
    sights: Sights, tmp_path: Path, regtrack, file: str, question: str
) -> None:
    out = tmp_path / "site"
    assert regtrack("browse", *shown(sights), "--export", out)[0] == 0
    app = browsing([Labelled(sights.tracks)], BrowseOptions(peaks=sights.peaks, genes=sights.genes))
    status, answer = ask(app, *question.split("?"))
    assert status == 200
    assert json.loads((out / f"answers/{file}.json").read_text()) == json.loads(answer) != []


def test_a_page_may_talk_to_where_it_comes_from_alone(tracks: Path, regtrack) -> None:
    assert regtrack("browse", tracks, "--export", "site")[0] == 0
    head = Path("site/index.html").read_text().split("</head>")[0]
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; ' in head
    assert "connect-src 'self' data:;" in head


def test_a_genome_is_copied_when_the_command_line_names_it(
    sights: Sights, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGTRACK_GENOME", str(sights.genome))
    assert regtrack("browse", sights.tracks, "--export", tmp_path / "a")[0] == 0
    assert [path.name for path in (tmp_path / "a/genome").iterdir()] == ["chrom.sizes"]
    named = ["--genome", sights.genome, "--export", tmp_path / "b"]
    assert regtrack("browse", sights.tracks, *named)[0] == 0
    assert (tmp_path / "b/genome/genome.fa").read_bytes() == sights.genome.read_bytes()
    assert (tmp_path / "b/genome/genome.fa.fai").is_file()


def test_an_earlier_export_is_replaced_when_asked_for(tracks: Path, regtrack) -> None:
    assert regtrack("browse", tracks, "--export", "site")[0] == 0
    whole = files_of(Path("site"))
    more = ["--markers", "GR", "--export", "site"]
    assert regtrack("browse", tracks, *more)[::2] == (
        1,
        "regtrack: site: exists already; --force replaces it\n",
    )
    assert files_of(Path("site")) == whole
    assert regtrack("browse", tracks, *more, "--force")[0] == 0
    assert len(list(Path("site/tracks/bigwig").iterdir())) == 1


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--export", "tracks", "--force"], 1, "tracks: not replaced: it is not an exported page"),
        (["--export", ".", "--force"], 1, r"\.: the tracks lie in it \(tracks\)"),
        (["--export", "file"], 1, "file: is a file; expected a folder that does not exist yet"),
        (["--export", "site", "--port", "9000"], 2, "--port: does nothing with --export"),
        (["--export", "site", "--no-open"], 2, "--open: does nothing with --export"),
        (["--force"], 2, "--force: does nothing without --export"),
        (["--export", "site", "--markers", "nothing"], 2, "'nothing' matches no name"),
        (["--export", "old.html"], 1, "old.html: exists already; --force replaces it"),
        (["--export", "tracks.html", "--force"], 1, "is a folder; expected a page"),
        (["--export", "comt.PNG"], 2, "--export: comt.PNG has a picture's name; for one, export "),
        (["--export", "comt.pdf"], 2, "export comt.html, open it, and click Save Image"),
        (["--export", "a.html", "--region", "chr2"], 2, "--region: nothing was predicted in chr2"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_touched(
    tracks: Path, regtrack, options: list[str], status: int, message: str
) -> None:
    Path("file").touch()
    Path("old.html").touch()
    Path("tracks.html").mkdir()
    Path("site.json").touch()
    before = files_of(Path())
    given, out, err = regtrack("browse", tracks.name, *options)
    assert (given, out) == (status, ""), err
    assert re.search(message, err), err
    assert err.count("\n") == 1
    assert files_of(Path()) == before


def test_one_file_holds_thirty_markers_and_five_million_bases(tmp_path: Path, regtrack) -> None:
    sizes = {"chr1": 6_000_000}
    tracks = write_tracks_folder(tmp_path / "tracks", sizes=sizes)
    out = tmp_path / "page.html"
    long = regtrack("browse", tracks, "--region", "chr1:1-5,000,001", "--export", out)
    assert long[::2] == (
        2,
        "regtrack: --region: chr1:1-5,000,001 has 5,000,001 bases; expected 5,000,000 at most in "
        "one file (a folder holds all)\n",
    )
    assert regtrack("browse", tracks, "--region", "chr1:1-5,000,000", "--export", out)[0] == 0


def test_more_markers_than_one_file_holds_are_refused(
    sights: Sights, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "page.html"
    given = regtrack("browse", sights.tracks, "--markers", "K562*", "--export", out)
    assert given[::2] == (
        2,
        "regtrack: --markers: match 37 markers; 30 at most can be shown at once in one file; a "
        "folder holds all\n",
    )


def test_one_file_says_how_many_markers_it_leaves_out_where_nobody_chose(
    sights: Sights, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "page.html"
    status, said, err = regtrack("browse", sights.tracks, "--export", out)
    assert status == 0, err
    counts = re.search(
        r"^wrote \S+: (\d+) markers, .*; open it\n"
        r"left out: (\d+) markers; --markers chooses, a folder holds all$",
        said,
        re.MULTILINE,
    )
    assert sum(map(int, counts.groups())) == len(TrackSet.read(sights.tracks).tracks)
    assert int(counts[2]) > 0
    said = regtrack("browse", sights.tracks, "--markers", "CTCF", "--export", out, "--force")[1]
    assert "left out" not in said


def test_one_file_says_how_large_it_is(tracks: Path, regtrack) -> None:
    status, out, _ = regtrack("browse", tracks, "--export", "page.html")
    size = Path("page.html").stat().st_size
    assert "MIT License" in Path("page.html").read_text()  # of igv.js, which is in it
    assert (status, out) == (
        0,
        f"wrote page.html: 4 markers, chr1:1-20,000, {size / 1e6:.1f} MB; open it\n",
    )
    assert sorted(path.name for path in Path().iterdir()) == ["page.html", "tracks"]


@pytest.mark.parametrize(
    ("region", "held"),
    [
        ("CRK", "chr1:4,001-9,000"),
        ("crkl+-500", "chr1:501-3,500"),
        ("chr1:400-500", "chr1:400-500"),
    ],
)
def test_one_file_holds_a_gene_with_what_the_page_shows_around_it_and_says_so(
    sights: Sights, tmp_path: Path, regtrack, region: str, held: str
) -> None:
    out = tmp_path / "page.html"
    arguments = ["--genes", sights.genes, "--region", region, "--export", out]
    said = regtrack("browse", sights.tracks, *arguments)[1]
    assert said.startswith(f"wrote {out}: 8 markers, {held}, ")


@pytest.mark.parametrize("out", ["site", "page.html"])
def test_a_full_disk_leaves_what_was_there(tracks: Path, out: str) -> None:
    # No file can grow beyond some bytes: the page's own scripts are larger.
    program = (
        "import resource, signal, sys\n"
        "from regtrack.cli.main import run\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))\n"
        f"sys.exit(run(['browse', 'tracks', '--export', {out!r}]))\n"
    )
    before = files_of(tracks.parent)
    done = forked(program)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        rf"regtrack: \S*{out}\S*: File too large", done.stderr.strip().splitlines()[-1]
    )
    assert files_of(tracks.parent) == before


def test_killed_it_leaves_nothing_that_looks_finished(tracks: Path, regtrack) -> None:
    program = (
        "import os, sys\n"
        "from regtrack.browsers import export\n"
        "from regtrack.cli.main import run\n"
        "export.saved_answers = lambda *_: os.kill(os.getpid(), 9)\n"
        "sys.exit(run(['browse', 'tracks', '--export', 'site']))\n"
    )
    done = forked(program)
    assert done.returncode == -signal.SIGKILL
    assert not Path("site").exists()
    assert regtrack("browse", tracks, "--export", "site")[0] == 0  # and what it left is gone
    assert sorted(path.name for path in Path().iterdir()) == ["site", "tracks"]
