"""Sessions of a tracks folder: what IGV desktop and igv.js find in them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree as ET

import pysam
import pytest
from browsers_builders import MARKERS, SIZES, write_report_table, write_tracks_folder
from builders import a_marker, write_fasta, write_markers
from cli_helpers import files_of

from regtrack.browsers.session import SessionOptions, Sessions, write_sessions
from regtrack.errors import ArgumentError, InputError
from regtrack.paths import Labelled
from regtrack.report.palette import looks_of

NAMES = [marker.name for marker in MARKERS]
SIGNAL = "org.broad.igv.track.DataSourceTrack"
PEAKS = "org.broad.igv.track.FeatureTrack"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tracks_folder(tmp_path / "tracks")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Measured peaks of three of the four markers; one's are of another chromosome only."""
    (tmp_path / "a.bed").write_text("chr2\t5\t9\nchr1\t600\t700\nchr1\t100\t200\nchr1\t150\t250\n")
    (tmp_path / "b.bed").write_text("chr1\t7\t8\nchr9\t7\t8\n")
    (tmp_path / "c.bed").write_text("")
    rows = [
        replace(marker, file=name)
        for marker, name in zip(MARKERS, ("a.bed", "b.bed", "c.bed"), strict=False)
    ]
    return write_markers(tmp_path / "markers.tsv", rows)


def write(folder: Path, force: bool = False, **wanted: object) -> Sessions:
    return write_sessions([Labelled(folder)], SessionOptions(**wanted), force)  # type: ignore[arg-type]


def xml_of(folder: Path) -> ET.Element:
    return ET.parse(folder / "igv.xml").getroot()


def data_tracks(folder: Path) -> list[ET.Element]:
    return xml_of(folder).findall("Panel[@name='DataPanel']/Track")


def json_of(folder: Path) -> dict:
    return json.loads((folder / "igv.json").read_text())


def a_genome(path: Path, sizes: dict[str, int] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lengths = {**SIZES, "chrM": 16} if sizes is None else sizes
    return write_fasta(path, {chrom: "A" * size for chrom, size in lengths.items()})


def test_igv_shows_each_signal_up_to_its_high_values_in_its_colour_above_its_peaks(
    folder: Path,
) -> None:
    write_report_table(folder, {NAMES[0]: 0.3118})
    write(folder)
    tracks = data_tracks(folder)
    names = [name for marker in NAMES for name in (marker, f"{marker} predicted")]
    names[0] = f"{NAMES[0]} (AP 0.312)"
    assert [track.get("name") for track in tracks] == names
    assert [track.get("clazz") for track in tracks] == [SIGNAL, PEAKS] * 4
    colours = [looks_of([])[marker.category].colour for marker in MARKERS for _ in range(2)]
    found = ["#{:02X}{:02X}{:02X}".format(*map(int, t.get("color", "").split(","))) for t in tracks]
    assert found == colours
    for track in tracks[::2]:
        (scale,) = track.findall("DataRange")
        bounds = [scale.get(key) for key in ("minimum", "baseline", "maximum", "type")]
        assert bounds == ["0", "0", "0.75", "LINEAR"]
        assert (track.get("autoScale"), track.get("windowFunction")) == ("false", "max")


def test_igv_loads_every_file_that_it_shows_by_a_path_inside_the_folder(
    folder: Path, table: Path, tmp_path: Path
) -> None:
    write(folder, peaks=table)
    moved = shutil.move(folder, tmp_path / "moved & renamed")
    resources = [one.get("path", "") for one in xml_of(moved).findall("Resources/Resource")]
    assert resources == [track.get("id") for track in data_tracks(moved)]
    assert len(set(resources)) == len(resources) == 10
    assert all((moved / path).is_file() and not Path(path).is_absolute() for path in resources)


def test_igv_js_shows_the_same(folder: Path, table: Path) -> None:
    write_report_table(folder, {NAMES[0]: 0.3118})
    write(folder, peaks=table)
    session = json_of(folder)
    tracks = session["tracks"]
    assert [track["order"] for track in tracks] == list(range(1, len(tracks) + 1))
    assert [track["url"] for track in tracks] == [one.get("id") for one in data_tracks(folder)]
    assert (session["genome"], session["locus"]) == ("hg19", xml_of(folder).get("locus"))
    signal, predicted, measured = tracks[:3]
    assert signal["name"] == f"{NAMES[0]} (AP 0.312)"
    assert signal["color"] == "rgb(0,68,136)"
    scale = [signal[key] for key in ("min", "max", "autoscale", "windowFunction")]
    assert scale == [0, 0.75, False, "max"]
    assert [one["format"] for one in tracks[:3]] == ["bigwig", "narrowPeak", "bed"]
    assert [one["name"] for one in (predicted, measured)] == ["predicted", "measured"]
    # Shaded by their score, which measured ones do not have.
    assert [one["useScore"] for one in (predicted, measured)] == [True, False]
    for one in (predicted, measured):
        assert one["metadata"] == {"marker": NAMES[0]}
        assert one["indexURL"] == f"{one['url']}.tbi"
        assert (folder / one["indexURL"]).is_file()


@pytest.mark.parametrize(("scale", "end"), [("probability", 1), ("marker", 0.75), ("auto", None)])
def test_the_scale_of_signals_is_a_choice(folder: Path, scale: str, end: float | None) -> None:
    write(folder, scale=scale)
    for track in data_tracks(folder)[::2]:
        assert track.get("autoScale") == ("true" if end is None else "false")
        if end is not None:
            assert float(track.find("DataRange").get("maximum")) == end  # type: ignore[union-attr]
    for track in json_of(folder)["tracks"][::2]:
        found = (track["autoscale"], track.get("max"))
        assert found == ((True, None) if end is None else (False, end))


def test_a_line_across_each_signal_is_its_threshold(folder: Path) -> None:
    write(folder)
    resources = xml_of(folder).findall("Resources/Resource")
    lines = [one.get("trackLine") for one in resources]
    assert lines == ["track yLineMark=0.5 yLineOnOff=on", None] * 4
    for track in json_of(folder)["tracks"][::2]:
        ((line,),) = [track["guideLines"]]
        assert line == {"y": 0.5, "color": "rgb(119,119,119)", "dotted": True}


def test_igv_js_shades_predicted_peaks_by_their_score(folder: Path) -> None:
    for scale, score in ("marker", 750), ("probability", 1000), ("auto", 1000):
        write(folder, scale=scale, force=True)
        for peaks in json_of(folder)["tracks"][1::2]:
            assert (peaks["useScore"], peaks["max"]) == (True, score)


def test_igv_is_left_to_find_the_index_beside_each_file(folder: Path, table: Path) -> None:
    # It takes a relative path of an index from where IGV was started, and then shows no peaks.
    write(folder, peaks=table)
    resources = xml_of(folder).findall("Resources/Resource")
    assert {key for one in resources for key in one.attrib} == {"path", "trackLine"}


def test_measured_peaks_are_sorted_merged_and_of_the_genome(folder: Path, table: Path) -> None:
    written = write(folder, peaks=table)
    slug = MARKERS[0].slug
    with pysam.TabixFile(str(folder / "measured" / f"{slug}.bed.gz")) as file:
        assert file.contigs == ["chr1", "chr2"]
        assert list(file.fetch("chr1")) == ["chr1\t100\t250", "chr1\t600\t700"]
        assert list(file.fetch("chr2", 4, 6)) == ["chr2\t5\t9"]
    with pysam.TabixFile(str(folder / "measured" / f"{MARKERS[1].slug}.bed.gz")) as file:
        assert list(file.fetch()) == ["chr1\t7\t8"]
    # A marker without a peak, and one that the table does not have, have no file.
    assert sorted(path.name for path in (folder / "measured").iterdir()) == [
        *(f"{marker.slug}.bed.gz{end}" for marker in MARKERS[:2] for end in ("", ".tbi")),
    ]
    assert written.notes == ("2 of 4 markers have no measured peaks",)
    assert "measured/ (2 BED)" in written.text


def test_only_what_is_asked_for_is_shown(folder: Path, table: Path) -> None:
    written = write(folder, markers=["GR"], peaks=table)
    assert [track.get("name") for track in data_tracks(folder)] == [
        NAMES[3],
        f"{NAMES[3]} predicted",
    ]
    assert not (folder / "measured").exists()
    assert written.text.startswith("1 marker on hg19")


def test_without_patterns_there_are_eight_of_all_categories(tmp_path: Path) -> None:
    kinds = ["TFBS"] * 6 + ["DNase"] * 6
    markers = [a_marker(index, f"c{index}|t|None", kind) for index, kind in enumerate(kinds)]
    folder = write_tracks_folder(tmp_path / "tracks", markers)
    write(folder)
    assert len(data_tracks(folder)) == 16


def test_many_markers_are_allowed_and_said_to_be_slow(tmp_path: Path) -> None:
    markers = [a_marker(index, f"c{index}|t|None") for index in range(31)]
    folder = write_tracks_folder(tmp_path / "tracks", markers)
    (note,) = write(folder, markers=["*"]).notes
    assert note.startswith("igv.json: 31 markers; igv.js is slow with more than 30")
    assert len(json_of(folder)["tracks"]) == 62
    assert write(folder, markers=["c?|*", "c1?|*", "c2*"], force=True).notes == ()


def test_any_letter_in_a_name_or_path_is_kept(tmp_path: Path) -> None:
    name = 'a<b>&"c"\'é|t #1%20?|None'
    genome = a_genome(tmp_path / "my <genomes> & 50%20 #1" / "génome 1.fa")
    folder = write_tracks_folder(tmp_path / "tr acks", [a_marker(0, name)])
    write(folder, reference=str(genome))
    assert data_tracks(folder)[0].get("name") == name
    assert json_of(folder)["tracks"][0]["name"] == name
    # IGV desktop takes a path as it is, igv.js as the URL that it is.
    relative = "../my <genomes> & 50%20 #1/génome 1.fa"
    assert xml_of(folder).get("genome") == relative
    url = json_of(folder)["reference"]["fastaURL"]
    assert unquote(urlsplit(url).path) == relative
    assert urlsplit(url).fragment == urlsplit(url).query == ""


def test_a_letter_that_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", [a_marker(0, "half\ufffe|t|None")])
    write(folder)
    assert data_tracks(folder)[0].get("name") == "half\N{REPLACEMENT CHARACTER}|t|None"


def test_a_hosted_genome_goes_by_its_id_and_brings_its_genes(folder: Path) -> None:
    write(folder)
    assert xml_of(folder).get("genome") == "hg19"
    panel = [one.get("name") for one in xml_of(folder).findall("Panel[@name='FeaturePanel']/Track")]
    assert panel == ["Reference sequence", "Refseq Genes"]
    assert json_of(folder)["genome"] == "hg19"
    write(folder, reference="canFam3", force=True)
    assert (xml_of(folder).get("genome"), json_of(folder)["genome"]) == ("canFam3", "canFam3")
    # The address of its genes is not known.
    assert len(xml_of(folder).findall("Panel[@name='FeaturePanel']/Track")) == 1


def test_a_genome_that_nobody_hosts_is_shown_by_its_lengths(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", assembly="simulated")
    written = write(folder)
    assert (folder / "simulated.chrom.sizes").read_text() == "chr1\t20000\nchr2\t5000\n"
    assert xml_of(folder).get("genome") == "simulated.chrom.sizes"
    assert not xml_of(folder).findall("Panel[@name='FeaturePanel']")
    assert json_of(folder)["reference"] == {
        "id": "simulated",
        "name": "simulated",
        "format": "chromsizes",
        "fastaURL": "simulated.chrom.sizes",
    }
    assert written.notes == ()
    assert "wrote" in written.text
    assert "simulated.chrom.sizes" in written.text


@pytest.mark.parametrize("bgzip", [False, True])
def test_a_fasta_file_is_named_with_its_indexes(folder: Path, tmp_path: Path, bgzip: bool) -> None:
    genome = a_genome(tmp_path / "genomes" / "own.fa")
    if bgzip:
        pysam.tabix_compress(str(genome), f"{genome}.gz")
        genome = genome.with_name("own.fa.gz")
    (note,) = write(folder, reference=str(genome)).notes
    assert f"{genome} lies outside of {folder}" in note
    assert xml_of(folder).get("genome") == f"../genomes/{genome.name}"
    reference = json_of(folder)["reference"]
    ends = {"fastaURL": "", "indexURL": ".fai", "compressedIndexURL": ".gzi"}
    if not bgzip:
        del ends["compressedIndexURL"]
    urls = {key: f"../genomes/{genome.name}{end}" for key, end in ends.items()}
    assert reference == {"id": genome.name, "name": genome.name, **urls}
    assert all((folder / url).is_file() for url in urls.values())


def test_a_fasta_file_in_the_folder_moves_with_it(folder: Path) -> None:
    written = write(folder, reference=str(a_genome(folder / "own.fa")))
    assert written.notes == ()
    assert xml_of(folder).get("genome") == "own.fa"


def test_paths_lead_from_the_true_place_of_a_linked_folder(folder: Path, tmp_path: Path) -> None:
    genome = a_genome(tmp_path / "genomes" / "own.fa")
    (tmp_path / "a" / "b").mkdir(parents=True)
    linked = tmp_path / "a" / "b" / "tracks"
    linked.symlink_to(folder)
    write(linked, reference=str(genome))
    assert xml_of(linked).get("genome") == "../genomes/own.fa"


def test_with_a_url_igv_js_works_from_any_page(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", assembly="simulated")
    base = "https://example.org/my%20lab/tracks"
    for url in (base, f"{base}/"):
        write(folder, url=url, force=True)
        session = json_of(folder)
        assert session["reference"]["fastaURL"] == f"{base}/simulated.chrom.sizes"
        for track in session["tracks"]:
            assert track["url"] == urljoin(f"{base}/", track["url"])
            assert (folder / track["url"].removeprefix(f"{base}/")).is_file()
    assert xml_of(folder).get("genome") == "simulated.chrom.sizes"


@pytest.mark.parametrize(
    "url",
    [
        "example.org/tracks",
        "ftp://example.org",
        "https://",
        "https://:80/tracks",
        "http://e/?a=b",
        "http://e/#a",
        "http://[",
        "http://e/my tracks",
        "http://e/tracks\n",
        "",
    ],
)
def test_a_url_that_is_none_is_refused(folder: Path, url: str) -> None:
    with pytest.raises(ArgumentError, match=r"url: expected"):
        write(folder, url=url)


@pytest.mark.parametrize("name", ["igv.xml", "igv.json"])
def test_a_session_is_replaced_only_when_asked_to(folder: Path, table: Path, name: str) -> None:
    (folder / name).write_text("mine")
    with pytest.raises(InputError, match=rf"{name}: exists already; --force replaces it"):
        write(folder, peaks=table)
    assert not (folder / "measured").exists()
    write(folder, peaks=table, force=True)
    assert (folder / name).read_text() != "mine"


def test_a_folder_in_the_way_is_left_alone(folder: Path) -> None:
    (folder / "igv.xml").mkdir()
    with pytest.raises(InputError, match=r"igv\.xml: is a folder"):
        write(folder, force=True)


def test_the_same_command_writes_the_same_bytes(folder: Path, table: Path) -> None:
    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    write(folder, peaks=table)
    before = content()
    write(folder, peaks=table, force=True)
    assert content() == before


def test_bad_measured_peaks_leave_no_session(folder: Path, table: Path) -> None:
    (table.parent / "b.bed").write_text("chr1\t7\t99999\n")
    before = files_of(folder)
    with pytest.raises(InputError, match=r"b\.bed:1: ends at 99,999, past the end of chr1"):
        write(folder, peaks=table)
    assert files_of(folder) == before
    assert not list(folder.glob("measured*"))


def test_bad_measured_peaks_leave_the_earlier_session(folder: Path, table: Path) -> None:
    write(folder, peaks=table)
    before = files_of(folder)
    (table.parent / "b.bed").write_text("chr1\t7\t99999\n")
    with pytest.raises(InputError, match=r"b\.bed:1: ends at 99,999, past the end of chr1"):
        write(folder, peaks=table, force=True)
    assert files_of(folder) == before


def test_measured_peaks_of_an_earlier_choice_are_gone(folder: Path, table: Path) -> None:
    write(folder, peaks=table)
    write(folder, peaks=table, markers=["CTCF"], force=True)
    slug = MARKERS[0].slug
    assert sorted(path.name for path in (folder / "measured").iterdir()) == [
        f"{slug}.bed.gz",
        f"{slug}.bed.gz.tbi",
    ]
    before = files_of(folder / "measured")
    write(folder, force=True)  # without peaks, they are no matter
    assert files_of(folder / "measured") == before
    write(folder, peaks=table, markers=["GR"], force=True)
    assert not (folder / "measured").exists()


def test_measured_peaks_are_replaced_only_when_asked_to(folder: Path, table: Path) -> None:
    (folder / "measured").mkdir()
    with pytest.raises(InputError, match=r"measured: exists already; --force replaces it"):
        write(folder, peaks=table)
    (folder / "measured" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"measured: is in the way: thesis\.txt in it is not"):
        write(folder, peaks=table, force=True)
    shutil.rmtree(folder / "measured")
    (folder / "measured").write_text("mine")
    with pytest.raises(InputError, match=r"measured: is a file; expected a folder of measured"):
        write(folder, peaks=table, force=True)
    assert not list(folder.glob("igv.*"))


def test_lengths_of_the_users_own_are_replaced_only_when_asked_to(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", assembly="simulated")
    sizes = folder / "simulated.chrom.sizes"
    sizes.write_text("chr1\t1\n")
    with pytest.raises(InputError, match=r"simulated\.chrom\.sizes: exists already; --force"):
        write(folder)
    assert not list(folder.glob("igv.*"))
    sizes.write_text("chr1\t20000\nchr2\t5000\n")
    write(folder)
    sizes.write_text("chr1\t1\n")
    write(folder, force=True)
    assert sizes.read_text() == "chr1\t20000\nchr2\t5000\n"


def test_an_id_that_is_not_known_is_taken_and_said_not_to_be_checked(folder: Path) -> None:
    (note,) = write(folder, reference="nosuch1").notes
    assert note.startswith("--reference nosuch1: no such file, so it is taken for the id of a gen")
    assert xml_of(folder).get("genome") == json_of(folder)["genome"] == "nosuch1"


def test_a_full_disk_leaves_no_session_that_looks_finished(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left.*igv\.xml"):
        write(folder)
    assert not list(folder.glob("igv*"))


def test_a_region_without_predictions_is_noted(folder: Path) -> None:
    (note,) = write(folder, region="chr2:1-500").notes
    assert note == (
        "nothing was predicted at chr2:1-500: empty rows mean that nothing is known; something was "
        "in chr1:1-20,000 (20,000 bases)"
    )


@pytest.fixture
def runs(folder: Path, tmp_path: Path) -> list[Labelled]:
    other = write_tracks_folder(tmp_path / "lab" / "new", (a_marker(7, NAMES[0]), MARKERS[3]))
    return [Labelled(folder), Labelled(other, "new model")]


def test_sessions_of_several_runs_show_the_same_marker_side_by_side_and_peaks_once(
    runs: list[Labelled], table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "igv"
    written = write_sessions(runs, SessionOptions(peaks=table, out=out), False)
    assert written.text.startswith("4 markers of 2 runs on hg19, at chr1:")
    assert written.text.endswith("igv, by a server that has the tracks folders, too")
    names = [one.get("name") for one in data_tracks(out)]
    assert names[:5] == [
        f"tracks: {NAMES[0]}",
        f"tracks: {NAMES[0]} predicted",
        f"new model: {NAMES[0]}",
        f"new model: {NAMES[0]} predicted",
        f"new model: {NAMES[0]} measured",
    ]
    assert [name for name in names if name and name.endswith("measured")] == [
        f"new model: {NAMES[0]} measured",
        f"tracks: {NAMES[1]} measured",
    ]
    paths = [one.get("path") or "" for one in xml_of(out).findall("Resources/Resource")]
    assert [path for path in paths if not (out / path).is_file()] == []
    assert "../tracks/bigwig/0_K562_CTCF_None.bw" in paths
    assert "../lab/new/bigwig/7_K562_CTCF_None.bw" in paths
    ends = [one.get("maximum") for one in xml_of(out).findall(".//DataRange")]
    assert ends[0] == ends[1]  # one axis for both
    tracks = json_of(out)["tracks"]
    assert [one["url"] for one in tracks[:2]] == [
        "../tracks/bigwig/0_K562_CTCF_None.bw",
        "../tracks/peaks/0_K562_CTCF_None.narrowPeak.gz",
    ]
    assert not (runs[0].path / "igv.xml").exists()


def test_on_the_web_sessions_of_several_runs_have_whole_addresses(
    runs: list[Labelled], tmp_path: Path
) -> None:
    url = "https://example.org/a/igv"
    write_sessions(runs, SessionOptions(url=url, out=tmp_path / "igv"), False)
    first = json_of(tmp_path / "igv")["tracks"][0]["url"]
    assert first == "https://example.org/a/tracks/bigwig/0_K562_CTCF_None.bw"


def test_sessions_of_several_runs_need_a_folder_of_their_own(runs: list[Labelled]) -> None:
    with pytest.raises(ArgumentError, match="out: is missing: sessions of several tracks folders"):
        write_sessions(runs, SessionOptions(), False)
