"""A track hub of a tracks folder: its text, its table, its page, and its files of peaks."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pybigtools
import pyBigWig
import pysam
import pytest
from browsers_builders import MARKERS, SIZES, write_report_table, write_tracks_folder
from builders import Unwatched, a_marker
from cli_helpers import files_of

from regtrack.browsers import hub as job
from regtrack.browsers.hub import write_hub
from regtrack.browsers.hub_check import check_hub
from regtrack.browsers.hub_parse import HubText, Stanza, read_hub
from regtrack.browsers.hub_plan import STYLES, Hub, HubOptions
from regtrack.errors import ArgumentError, InputError
from regtrack.paths import Labelled
from regtrack.tracks.folder import TrackSet

OPTIONS = HubOptions("https://example.org/lab/tracks", "me@example.org")
NAMES = [marker.name for marker in MARKERS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tracks_folder(tmp_path / "tracks", assembly="canFam3", peakless=[2])


def write(
    folder: Path, options: HubOptions = OPTIONS, workers: int = 1, force: bool = False
) -> HubText:
    write_hub([Labelled(folder)], options, workers, force, Unwatched())
    return read_hub(folder / "hub.txt")


def track(hub: HubText, name: str) -> Stanza:
    (found,) = (one for one in hub.tracks if one.name == name)
    return found


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "hub" / "metadata.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("style", STYLES)
def test_a_hub_breaks_no_rule(folder: Path, style: str) -> None:
    write(folder, replace(OPTIONS, style=style))
    checked = check_hub(folder)
    assert checked.problems == ()
    assert checked.tracks == 7  # four signals, and the peaks of three


def test_the_hub_comes_first_then_the_genome_then_tracks(folder: Path) -> None:
    hub = write(folder)
    assert [stanza.kind for stanza in hub.stanzas] == ["hub", "genome"] + ["track"] * 8
    first, genome = hub.stanzas[:2]
    assert first.name == "regtrack_12121212"
    assert (first.get("useOneFile"), first.get("email")) == ("on", "me@example.org")
    assert genome.name == "canFam3"
    assert (folder / first.get("descriptionUrl")).is_file()


def test_tracks_of_a_faceted_hub_are_named_by_the_rows_of_its_table(folder: Path) -> None:
    hub = write(folder)
    parent = track(hub, "regtrack")
    assert parent.get("metaDataUrl") == "hub/metadata.tsv"
    assert parent.get("colorSettingsUrl") == "https://example.org/lab/tracks/hub/colors.json"
    assert [one.name for one in hub.data] == [
        "regtrack_m0_signal",
        "regtrack_m0_peaks",
        "regtrack_m1_signal",
        "regtrack_m1_peaks",
        "regtrack_m2_signal",
        "regtrack_m3_signal",
        "regtrack_m3_peaks",
    ]
    assert [int(one.get("priority")) for one in hub.data] == [1, 2, 3, 4, 5, 7, 8]
    assert table(folder) == [
        {
            "Marker": f"m{marker.index}",
            "_Name": marker.name.replace("|", " "),
            "Category": marker.category,
            "Cell": marker.cell,
            "Target": marker.target,
            "Treatment": marker.treatment,
        }
        for marker in MARKERS
    ]
    colours = json.loads((folder / "hub" / "colors.json").read_text())
    assert list(colours) == ["Category"]
    assert list(colours["Category"]) == ["TFBS", "DNase", "Histone"]


def test_the_table_has_average_precision_where_it_is_known(folder: Path) -> None:
    write_report_table(folder, {NAMES[0]: 0.51237, NAMES[1]: None})
    write(folder)
    column = [row["_PR_AUC_average_precision"] for row in table(folder)]
    assert column == ["0.5124", "NA", "NA", "NA"]


def test_a_signal_is_drawn_up_to_its_high_values_with_a_line_at_its_threshold(folder: Path) -> None:
    signal = track(write(folder), "regtrack_m1_signal")
    assert {name: one.value for name, one in signal.settings.items()} == {
        "track": "regtrack_m1_signal",
        "parent": "regtrack on",
        "bigDataUrl": "bigwig/1_HepG2_DNase_None.bw",
        "shortLabel": "DNase HepG2",
        "longLabel": "HepG2|DNase|None: predicted probability",
        "type": "bigWig 0 1",
        "viewLimits": "0:0.75",
        "autoScale": "off",
        "yLineOnOff": "on",
        "yLineMark": "0.5",
        "alwaysZero": "on",
        "windowingFunction": "maximum",
        "maxHeightPixels": "100:32:8",
        "graphTypeDefault": "bar",
        "visibility": "full",
        "color": "187,85,102",
        "priority": "3",
    }


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("scale", "limits", "auto"),
    [("probability", "0:1", "off"), ("marker", "0:0.75", "off"), ("auto", "", "on")],
)
def test_the_scale_of_signals_is_a_choice(
    folder: Path, style: str, scale: str, limits: str, auto: str
) -> None:
    hub = write(folder, replace(OPTIONS, style=style, scale=scale))
    for marker in MARKERS:
        signal = track(hub, f"regtrack_m{marker.index}_signal")
        assert (signal.get("viewLimits"), signal.get("autoScale")) == (limits, auto)
        # The marker without peaks has a threshold all the same.
        line = [signal.get(name) for name in ("yLineOnOff", "yLineMark")]
        assert line == ["on", "1" if marker.index == 2 else "0.5"]
    assert check_hub(folder).problems == ()


@pytest.mark.parametrize("style", STYLES)
def test_peaks_are_shaded_by_their_score_and_can_be_hidden_by_it(folder: Path, style: str) -> None:
    peaks = track(write(folder, replace(OPTIONS, style=style)), "regtrack_m1_peaks")
    settings = [peaks.get(name) for name in ("type", "minGrayLevel", "scoreFilter")]
    assert settings == ["bigNarrowPeak", "3", "0"]


def test_peaks_are_those_of_the_tracks_folder(folder: Path) -> None:
    hub = write(folder)
    for marker in MARKERS:
        lines = read_lines(folder / "peaks" / f"{marker.slug}.narrowPeak.gz")
        path = folder / "hub" / f"{marker.slug}.bb"
        if marker.index == 2:
            # No peak was called: the format has no empty file, so there is no track.
            assert lines == []
            assert not path.exists()
            continue
        assert track(hub, f"regtrack_m{marker.index}_peaks").get("bigDataUrl") == (
            f"hub/{marker.slug}.bb"
        )
        theirs = pybigtools.open(str(path))
        records = theirs.records("chr1")
        assert [f"chr1\t{start}\t{end}\t" + "\t".join(rest) for start, end, *rest in records] == (
            lines
        )
        with pyBigWig.open(str(path)) as file:
            entries = file.entries("chr1", 0, SIZES["chr1"])
            assert ["\t".join(map(str, ("chr1", *entry))) for entry in entries] == lines


def read_lines(path: Path) -> list[str]:
    with pysam.BGZFile(str(path)) as file:
        return [line.decode() for line in file]


def test_peaks_of_all_chromosomes_are_there_in_any_order_of_the_genome(tmp_path: Path) -> None:
    sizes = {"chr10": 900, "chr2": 5_000, "chr1": 20_000}
    folder = write_tracks_folder(tmp_path / "tracks", sizes=sizes)
    lines = [
        f"{chrom}\t{start}\t{start + 10}\tx_{start}\t7\t.\t0.007\t-1\t-1\t3\n"
        for chrom in sizes
        for start in (50, 70)
    ]
    with pysam.BGZFile(str(folder / "peaks" / f"{MARKERS[0].slug}.narrowPeak.gz"), "wb") as file:
        file.write("".join(lines).encode())
    write(folder)
    theirs = pybigtools.open(str(folder / "hub" / f"{MARKERS[0].slug}.bb"))
    assert {chrom: [one[0] for one in theirs.records(chrom)] for chrom in theirs.chroms()} == (
        {chrom: [50, 70] for chrom in sizes}
    )


def test_a_peak_outside_of_the_genome_is_refused_with_its_file(folder: Path) -> None:
    path = folder / "peaks" / f"{MARKERS[0].slug}.narrowPeak.gz"
    path.write_text("chr2\t4990\t5001\tx\t7\t.\t0.007\t-1\t-1\t3\n")
    before = files_of(folder)
    with pytest.raises(InputError, match=r"0_K562_CTCF_None\.narrowPeak\.gz: peak 'x' at chr2"):
        write(folder)
    assert files_of(folder) == before


def test_a_composite_of_each_category_has_a_matrix(folder: Path) -> None:
    hub = write(folder, replace(OPTIONS, style="composite"))
    assert track(hub, "regtrack").get("superTrack") == "on show"
    composite = track(hub, "regtrack_TFBS")
    assert composite.parent == "regtrack"
    assert [composite.get(f"subGroup{number}") for number in (1, 2, 3, 4)] == [
        "view Views signal=Predicted_probability peaks=Predicted_peaks",
        "cell Cell ce0=A549 ce1=K562",
        "target Target ta0=CTCF ta1=GR",
        "treatment Treatment tr0=DEX_(500pM) tr1=None",
    ]
    signal = track(hub, "regtrack_m3_signal")
    assert signal.get("parent") == "regtrack_TFBS_signal on"
    assert signal.get("subGroups") == "view=signal cell=ce0 target=ta1 treatment=tr0"
    assert track(hub, "regtrack_TFBS_signal").get("view") == "signal"
    # Without a peak, there is no view of peaks.
    assert [one.name for one in hub.children("regtrack_Histone")] == ["regtrack_Histone_signal"]
    assert sorted(path.name for path in (folder / "hub").iterdir() if path.suffix != ".bb") == [
        "description.html"
    ]


LONG_CATEGORY = "ATAC-seq of 2024, all"


@pytest.mark.parametrize("style", ["faceted", "composite"])
def test_a_category_beside_those_of_the_paper_is_one_more_of_a_hub(
    tmp_path: Path, style: str
) -> None:
    markers = (a_marker(0), a_marker(1, "K562|open|None", LONG_CATEGORY))
    folder = write_tracks_folder(tmp_path / "tracks", markers, assembly="canFam3")
    hub = write(folder, replace(OPTIONS, style=style))
    assert track(hub, "regtrack_m1_signal").get("color") == "153,0,255"
    if style == "faceted":
        colours = json.loads((folder / "hub" / "colors.json").read_text())
        assert colours["Category"][LONG_CATEGORY] == "#9900FF"
    else:
        composite = track(hub, "regtrack_of_ATAC_2d_seq_20_of_20_2024_2c__20_all")
        assert composite.get("shortLabel") == "ATAC-#3 predicted"
        assert track(hub, "regtrack_m1_signal").get("parent").startswith(composite.name)
    assert check_hub(folder).problems == ()


def test_a_long_name_of_a_network_is_cut_to_what_is_shown(folder: Path) -> None:
    found = TrackSet.read(folder)
    replace(found, model={**found.model, "architecture": "x" * 100}).write(folder)
    first = write(folder).stanzas[0]
    assert [len(first.get(name)) for name in ("shortLabel", "longLabel")] == [17, 76]
    assert check_hub(folder).problems == ()


def test_without_patterns_all_markers_are_in_the_hub(tmp_path: Path) -> None:
    markers = [a_marker(index, f"K562|T{index}|None") for index in range(9)]
    folder = write_tracks_folder(tmp_path / "tracks", markers, assembly="canFam3")
    assert [one.on for one in Hub.read([Labelled(folder)], OPTIONS).tracks] == [True] * 8 + [False]


@pytest.mark.parametrize("style", STYLES)
def test_the_best_markers_are_on_at_first(tmp_path: Path, style: str) -> None:
    markers = [a_marker(index, f"K562|T{index}|None") for index in range(20)]
    folder = write_tracks_folder(tmp_path / "tracks", markers, assembly="canFam3")
    write_report_table(folder, {marker.name: marker.index / 100 for marker in markers})
    hub = write(folder, replace(OPTIONS, style=style))
    on = [one.name for one in hub.data if one.get("parent").endswith(" on")]
    assert on == [f"regtrack_m{n}_{kind}" for n in range(12, 20) for kind in ("signal", "peaks")]
    assert check_hub(folder).problems == ()


def test_patterns_choose_what_is_in_the_hub(folder: Path) -> None:
    hub = write(folder, replace(OPTIONS, markers=["CTCF", "hepg2*"]))
    assert [row["Marker"] for row in table(folder)] == ["m0", "m1"]
    assert len(hub.data) == 4
    assert sorted(path.stem for path in (folder / "hub").glob("*.bb")) == [
        marker.slug for marker in MARKERS[:2]
    ]


ODD = [
    "Monocytes-CD14+RO01746|H3K4me2|None",
    "a\u00a0b|t|x y=z",
    "(|)|\u03b1|<b>&amp;",
    "x" * 200 + "a",
    "x" * 200 + "b",
    "\u2603",
    "back\\slash\\",
    "# no comment|#|#",
]


@pytest.mark.parametrize("style", STYLES)
def test_odd_names_break_no_rule(tmp_path: Path, style: str) -> None:
    # Names of files have a limit of their own.
    markers = [a_marker(index, name) for index, name in enumerate(ODD)]
    folder = write_tracks_folder(tmp_path / "tracks", markers, assembly="canFam3")
    write(folder, replace(OPTIONS, style=style))
    checked = check_hub(folder)
    assert (checked.problems, checked.tracks) == ((), 2 * len(ODD))
    assert (folder / "hub.txt").read_bytes().isascii()


class Page(HTMLParser):
    """Text of a page, and whether each element was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence) -> None:  # noqa: ARG002
        """Open it; `meta` is never closed."""
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def test_the_page_says_what_a_value_promises_and_how_good_it_is(folder: Path) -> None:
    write_report_table(folder, {NAMES[0]: 0.5, NAMES[3]: 0.25, NAMES[1]: 0.125})
    found = TrackSet.read(folder)
    replace(found, model={**found.model, "architecture": "<dilated & Co>"}).write(folder)
    write(folder)
    page = Page((folder / "hub" / "description.html").read_text(encoding="utf-8"))
    assert page.open == []
    text = " ".join(page.text.split())
    assert "<dilated & Co>" in text
    assert "4 regulatory markers (4: 2 TFBS, 1 DNase, 1 Histone)" in text
    assert "within 0.003 of the predicted probability" in text
    assert "sequence is N, or was not predicted, or the probability is under 0.003" in text
    assert re.search(r"TFBS\s*2\s*0\.3750\s*0\.0100", text)
    assert re.search(r"DNase\s*1\s*0\.1250\s*0\.0100", text)
    assert "12" * 32 in text
    assert "ab" * 32 in text


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ("marker", "Each axis goes up to the high values of its own marker"),
        ("probability", "All axes go up to 1."),
        ("auto", "Each axis goes up to the highest value in view."),
    ],
)
def test_the_page_says_how_high_the_axes_go(folder: Path, scale: str, said: str) -> None:
    write(folder, replace(OPTIONS, scale=scale))
    page = Page((folder / "hub" / "description.html").read_text(encoding="utf-8"))
    assert said in " ".join(page.text.split())


def test_the_page_is_silent_about_scores_that_are_not_known(folder: Path) -> None:
    write(folder)
    assert "precision" not in (folder / "hub" / "description.html").read_text(encoding="utf-8")


def test_the_same_bytes_come_out_for_any_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_BYTES_PER_PROCESS", 1)
    one, two = (
        write_tracks_folder(tmp_path / name, assembly="canFam3", peakless=[2])
        for name in ("one", "two")
    )
    write(one, workers=1)
    write(two, workers=2)
    assert files_of(one / "hub") == files_of(two / "hub")
    assert (one / "hub.txt").read_bytes() == (two / "hub.txt").read_bytes()


def test_an_earlier_hub_is_replaced_only_when_asked_for(folder: Path) -> None:
    write(folder)
    before = files_of(folder)
    with pytest.raises(InputError, match="hub: exists already; --force replaces it"):
        write(folder)
    assert files_of(folder) == before
    write(folder, replace(OPTIONS, style="composite"), force=True)
    assert not (folder / "hub" / "metadata.tsv").exists()
    write(folder, force=True)
    assert files_of(folder) == before


def test_what_is_no_hub_is_not_replaced(folder: Path) -> None:
    (folder / "hub.txt").write_text("my notes\n")
    with pytest.raises(InputError, match=r"hub\.txt: exists already"):
        write(folder)
    with pytest.raises(InputError, match=r"hub\.txt: not replaced: it is not a track hub's"):
        write(folder, force=True)
    (folder / "hub.txt").unlink()
    (folder / "hub.txt").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"hub\.txt: exists already"):
        write(folder)
    (folder / "hub.txt").unlink()
    (folder / "hub.txt").mkdir()
    with pytest.raises(InputError, match=r"hub\.txt: is a folder; expected a track hub"):
        write(folder, force=True)
    (folder / "hub.txt").rmdir()
    (folder / "hub").mkdir()
    (folder / "hub" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"hub: not replaced: it is not a track hub's"):
        write(folder, force=True)


@pytest.mark.parametrize("broken", ["hub_text", "page_text", "write_narrow_peaks"])
def test_an_earlier_hub_is_as_it_was_when_a_file_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(folder)
    before = files_of(folder)
    monkeypatch.setattr(job, broken, full)
    with pytest.raises(OSError, match="No space left") as caught:
        write(folder, replace(OPTIONS, style="composite"), force=True)
    assert caught.value.filename is not None
    assert files_of(folder) == before


@pytest.mark.parametrize(
    "url",
    [
        "example.org/tracks",
        "ftp://example.org/tracks",
        "https://",
        "https:///tracks",
        "https://example.org/my tracks",
        "https://example.org/tracks?x=1",
        "https://example.org/tracks#x",
        "https://example.org/tracks/hub.txt",
        "https://[::1/tracks",
        "https://example.org:port/tracks",
        "https://example.org/\u00e4",
        "",
    ],
)
def test_what_is_no_address_of_a_folder_is_refused(url: str) -> None:
    with pytest.raises(ArgumentError, match="url: expected where the folder will be on the web"):
        replace(OPTIONS, url=url)


@pytest.mark.parametrize("email", ["me", "me@", "@example.org", "a b@example.org", "a@b@c", ""])
def test_what_is_no_email_address_is_refused(email: str) -> None:
    with pytest.raises(ArgumentError, match=r"email: expected name@example\.org"):
        replace(OPTIONS, email=email)


@pytest.mark.parametrize("name", ["canFam3", "danRer11", "sacCer3", "GCA_009914755.4"])
def test_a_name_of_ucsc_is_taken(folder: Path, name: str) -> None:
    assert Hub.read([Labelled(folder)], replace(OPTIONS, assembly=name)).assembly == name


def test_the_name_of_another_assembly_is_refused(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "hg19", sizes={"chr1": 249_250_621})
    assert Hub.read([Labelled(folder)], replace(OPTIONS, assembly="hg19")).assembly == "hg19"
    with pytest.raises(ArgumentError, match=r"assembly: .* of hg19 .*, not hg38 \(248,956,422\)"):
        Hub.read([Labelled(folder)], replace(OPTIONS, assembly="hg38"))


@pytest.mark.parametrize(
    "name", ["simulated", "GRCh38", "hg 19", "hg19\ntrack x", "hg\u0663", "GCA_\u0663.4", ""]
)
def test_another_name_of_a_genome_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match="assembly: expected UCSC's name"):
        Hub.read([Labelled(folder)], replace(OPTIONS, assembly=name))


def test_a_slash_at_the_end_of_the_address_is_no_matter(folder: Path) -> None:
    hub = Hub.read([Labelled(folder)], HubOptions("http://localhost:8000/a%20b/", "me@localhost"))
    assert hub.address == (
        "https://genome.ucsc.edu/cgi-bin/hgTracks?db=canFam3"
        "&hubUrl=http://localhost:8000/a%2520b/hub.txt"
    )
