"""Any request to the server of `regtrack browse` is answered, and only from its folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from browsers_builders import write_tracks_folder
from browsing import Sights, ask, make_sights
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from regtrack.browsers.browse import BrowseOptions, browsing
from regtrack.paths import Labelled

BIGWIG = "bigwig/0_K562_CTCF_None.bw"
PEAKS = "peaks/0_K562_CTCF_None.narrowPeak.gz"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    sights: Sights = make_sights(tmp_path_factory.mktemp("sights"))
    asked = BrowseOptions(
        reports=[Labelled(sights.report)],
        peaks=sights.peaks,
        genome=sights.genome,
        genes=sights.genes,
    )
    return browsing([Labelled(sights.tracks)], asked)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tracks_folder(tmp_path / "tracks")


numbers = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.sampled_from(["9" * 5_000, "-0", "1e3", "0x1", "\N{SUPERSCRIPT TWO}", "1_0", "", "NaN"]),
    st.text(max_size=8),
)
addresses = st.one_of(
    st.builds("/strongest/{}".format, numbers),
    st.builds("/measured/{}".format, numbers),
    st.sampled_from(
        ["/genes", "/predicted", "/search", "/advice", "/site.json", f"/tracks/{BIGWIG}"]
    ),
    st.sampled_from(["/heatmap/cells", "/heatmap/measured"]),
    st.builds("/tracks/{}".format, st.text(max_size=20)),
    st.builds("/{}".format, st.text(max_size=20)),
)
queries = st.dictionaries(
    st.sampled_from(["chrom", "start", "end", "q", "columns", "first"]),
    st.one_of(numbers, st.sampled_from(["chr1", "chr2", "CRKL"])),
)


@settings(max_examples=100)
@given(addresses, queries, st.none() | st.builds("bytes={}-{}".format, numbers, numbers))
def test_no_request_is_an_error_of_the_server(
    app: ASGIApp, address: str, query: dict[str, str], span: str | None
) -> None:
    text = "&".join(f"{key}={quote(value)}" for key, value in query.items())
    headers = {} if span is None else {"Range": span.encode("utf-8").decode("latin-1")}
    status, _ = ask(app, quote(address), text, **headers)
    assert status in {200, 206, 400, 404, 416}


@pytest.mark.parametrize("number", ["9" * 5_000, "-1", "1e3", "%C2%B2", "7777", "x", "0/1"])
@pytest.mark.parametrize("question", ["strongest", "measured"])
def test_a_marker_that_is_none_is_not_found(app: ASGIApp, question: str, number: str) -> None:
    assert ask(app, f"/{question}/{number}", "chrom=chr1&start=0&end=9")[0] == 404


def test_a_track_that_becomes_a_link_to_the_outside_is_not_served(
    folder: Path, tmp_path: Path
) -> None:
    app = browsing([Labelled(folder)], BrowseOptions())
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0\n")
    assert ask(app, f"/tracks/{BIGWIG}")[0] == 200
    for name in BIGWIG, PEAKS:
        (folder / name).unlink()
        (folder / name).symlink_to(secret)
    assert ask(app, f"/tracks/{BIGWIG}") == (404, b"the file is gone")
    status, body = ask(app, "/strongest/0")
    assert status == 500
    assert b"lies outside of the tracks folder" in body
    assert b"x:0:0" not in body


def test_a_folder_of_it_that_becomes_a_link_to_the_outside_is_not_served(
    folder: Path, tmp_path: Path
) -> None:
    app = browsing([Labelled(folder)], BrowseOptions())
    (folder / "bigwig").rename(tmp_path / "elsewhere")
    (folder / "bigwig").symlink_to(tmp_path / "elsewhere")
    assert ask(app, f"/tracks/{BIGWIG}")[0] == 404


def test_a_folder_that_is_reached_by_a_link_is_served(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    app = browsing([Labelled(tmp_path / "link")], BrowseOptions())
    assert ask(app, f"/tracks/{BIGWIG}") == (200, (folder / BIGWIG).read_bytes())
    assert ask(app, "/strongest/0")[0] == 200
