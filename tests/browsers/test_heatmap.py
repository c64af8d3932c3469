"""The heatmap's answers: every marker over a region, against the values base by base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from browsers_builders import MARKERS, SIZES, segments_of, write_report_table, write_tracks_folder
from browsing import ask
from builders import write_markers
from starlette.types import ASGIApp

from regtrack.browsers.browse import BrowseOptions, browsing
from regtrack.browsers.heatmap import ABSENT, LEAST, MOST, NOT_PREDICTED
from regtrack.genome.intervals import IntervalSet
from regtrack.paths import Labelled
from regtrack.tracks.folder import write_predicted

PREDICTED = IntervalSet.of([0, 3_000], [2_000, 20_000])  # of chr1
MEASURED = [(405, 460), (4_000, 4_100)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four markers; peaks of the second were measured, and the report scores the first two."""
    made = tmp_path_factory.mktemp("heatmap")
    tracks = write_tracks_folder(made / "tracks")
    write_predicted(tracks, {"chr1": PREDICTED})
    lines = [f"chr1\t{start}\t{end}\n" for start, end in MEASURED]
    (made / "a.bed").write_text("".join(lines))
    write_markers(made / "markers.tsv", [replace(MARKERS[1], file="a.bed")])
    write_report_table(made / "report", {one.name: 0.5 for one in MARKERS[:2]})
    return made


@pytest.fixture(scope="module")
def app(folder: Path) -> ASGIApp:
    asked = BrowseOptions(reports=[Labelled(folder / "report")], peaks=folder / "markers.tsv")
    return browsing([Labelled(folder / "tracks")], asked)


def cells(app: ASGIApp, query: str, rows: int = len(MARKERS)) -> npt.NDArray[np.uint16]:
    status, body = ask(app, "/heatmap/cells", query)
    assert status == 200, body
    return np.frombuffer(body, "<u2").reshape(rows, -1)


def brute_force(start: int, end: int, columns: int) -> npt.NDArray[np.uint16]:
    """What the cells of a region of chr1 must be, base by base."""
    is_predicted = np.zeros(SIZES["chr1"], np.bool_)
    for first, last in PREDICTED:
        is_predicted[first:last] = True
    edges = [start + column * (end - start) // columns for column in range(columns + 1)]
    found = np.full((len(MARKERS), columns), NOT_PREDICTED, np.uint16)
    for row, marker in enumerate(MARKERS):
        values = np.full(SIZES["chr1"], np.nan)
        segments = segments_of(marker.index)
        for first, last, value in zip(segments.starts, segments.ends, segments.values, strict=True):
            values[first:last] = value
        for column in range(columns):
            here = slice(edges[column], edges[column + 1])
            present = values[here][~np.isnan(values[here])]
            if len(present):
                found[row, column] = LEAST + round(float(present.max()) * (MOST - LEAST))
            elif is_predicted[here].any():
                found[row, column] = ABSENT
    return found


@pytest.mark.parametrize(
    ("start", "end", "columns"),
    [(0, 2_000, 1_000), (0, 20_000, 1_000), (90, 600, 7), (431, 432, 1), (1_990, 3_010, 20)],
)
def test_a_cell_is_the_highest_probability_absent_or_not_predicted(
    app: ASGIApp, start: int, end: int, columns: int
) -> None:
    found = cells(app, f"chrom=chr1&start={start}&end={end}&columns={columns}")
    assert np.array_equal(found, brute_force(start, end, columns))


def test_absent_and_not_predicted_are_told_apart(app: ASGIApp) -> None:
    # 100 bases a column: 100 to 149 has 0.25, 400 to 499 0.75 and 0.5; 2,000 to 2,999 is unknown.
    found = cells(app, "chrom=chr1&start=0&end=3000&columns=30")[0]
    high = LEAST + round(0.75 * (MOST - LEAST))
    low = LEAST + round(0.25 * (MOST - LEAST))
    assert found.tolist() == [
        ABSENT,
        low,
        *[ABSENT] * 2,
        high,
        *[ABSENT] * 15,
        *[NOT_PREDICTED] * 10,
    ]
    assert set(cells(app, "chrom=chr2&start=0&end=5000&columns=10").ravel()) == {NOT_PREDICTED}


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("start=400&end=401&columns=1000", 1),
        ("start=400&end=410&columns=1000", 10),
        ("start=19990&end=99999999999999999999&columns=1000", 10),
        ("start=-500&end=5&columns=1000", 5),
        ("start=-99999999999999999999&end=99999999999999999999&columns=1000", 1_000),
        ("start=20000&end=20001&columns=9", 0),
        ("start=500&end=400&columns=9", 0),
        ("start=400&end=400&columns=9", 0),
        ("start=99999&end=999999&columns=9", 0),
        ("start=0&end=20000", 1),
    ],
)
def test_columns_are_of_what_lies_on_the_chromosome(app: ASGIApp, query: str, columns: int) -> None:
    for address, one in (
        ("/heatmap/cells", 2 * columns),
        ("/heatmap/measured", (columns + 7) // 8),
    ):
        status, body = ask(app, address, f"chrom=chr1&{query}")
        assert (status, len(body)) == (200, len(MARKERS) * one)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "chrom=chr1",
        "chrom=chr9&start=0&end=5&columns=5",
        "start=0&end=5&columns=5",
        "chrom=chr1&start=x&end=5&columns=5",
        "chrom=chr1&start=0&end=5e3&columns=5",
        "chrom=chr1&start=0&end=500&columns=0",
        "chrom=chr1&start=0&end=500&columns=1001",
        "chrom=chr1&start=0&end=500&columns=-1",
        "chrom=chr1&start=0&end=500&columns=1e2",
        "chrom=chr1&start=0&end=500&columns=99999999999999999999",
        "chrom=chr1&start=9&end=5&columns=x",
    ],
)
@pytest.mark.parametrize("address", ["/heatmap/cells", "/heatmap/measured"])
def test_another_question_is_refused(app: ASGIApp, address: str, query: str) -> None:
    status, body = ask(app, address, query)
    assert status == 400
    assert body.startswith(b"expected ")


def measured(app: ASGIApp, query: str, columns: int) -> npt.NDArray[np.uint8]:
    status, body = ask(app, "/heatmap/measured", f"chrom=chr1&columns={columns}&{query}")
    assert status == 200, body
    bits = np.frombuffer(body, np.uint8).reshape(-1, (columns + 7) // 8)
    return np.unpackbits(bits, axis=1)[:, :columns]


def test_measured_peaks_are_in_the_columns_that_they_touch(app: ASGIApp) -> None:
    found = measured(app, "start=0&end=5000", 50)
    assert found.shape == (4, 50)
    assert np.flatnonzero(found[1]).tolist() == [4, 40]
    assert not found[[0, 2, 3]].any()
    # Base by base: 405 is the first, 459 the last.
    assert np.flatnonzero(measured(app, "start=400&end=470", 70)[1]).tolist() == [*range(5, 60)]


def test_measured_peaks_can_be_asked_for_from_a_row_on(app: ASGIApp) -> None:
    assert measured(app, "start=0&end=5000&first=1", 50).shape == (3, 50)
    assert measured(app, "start=0&end=5000&first=1", 50)[0].sum() == 2
    assert measured(app, "start=0&end=5000&first=4", 50).shape == (0, 50)
    for first in ("5", "-1", "x"):
        query = f"chrom=chr1&start=0&end=5&columns=5&first={first}"
        assert ask(app, "/heatmap/measured", query)[0] == 400


def test_an_answer_waits_for_no_more_peaks_than_half_a_second_allows(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtrack.browsers.heatmap._PATIENCE", -1)
    assert len(measured(app, "start=0&end=5000", 50)) == 1
    assert measured(app, "start=0&end=5000&first=1", 50)[0].sum() == 2


def test_a_damaged_track_is_named(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks")
    app = browsing([Labelled(folder)], BrowseOptions())
    query = "chrom=chr1&start=0&end=500&columns=50"
    assert len(cells(app, query)) == 4
    path = folder / "bigwig/2_Monocytes-CD14_RO01746_H3K4me2_None.bw"
    assert path.is_file()
    path.write_bytes(path.read_bytes()[:300])
    status, body = ask(app, "/heatmap/cells", query)
    assert status == 500
    assert body.startswith(str(path).encode())
    path.unlink()
    assert ask(app, "/heatmap/cells", query)[0] == 500


def test_a_track_that_is_predicted_anew_is_read_anew(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks")
    app = browsing([Labelled(folder)], BrowseOptions())
    query = "chrom=chr1&start=0&end=500&columns=50"
    before = cells(app, query)
    first, second = (
        folder / f"bigwig/{name}.bw" for name in ("0_K562_CTCF_None", "1_HepG2_DNase_None")
    )
    second.replace(first)
    second.write_bytes(first.read_bytes())
    assert np.array_equal(cells(app, query)[[0, 1]], before[[1, 1]])


def test_a_track_that_becomes_a_link_to_the_outside_is_not_read(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks")
    app = browsing([Labelled(folder)], BrowseOptions())
    path = folder / "bigwig/0_K562_CTCF_None.bw"
    path.rename(tmp_path / "a.bw")
    path.symlink_to(tmp_path / "a.bw")
    status, body = ask(app, "/heatmap/cells", "chrom=chr1&start=0&end=500&columns=50")
    assert status == 500
    assert b"lies outside of the tracks folder" in body
