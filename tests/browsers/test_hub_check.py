"""The test of a hub: each rule, when it alone is broken, is one line that names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from browsers_builders import MARKERS, segments_of, write_tracks_folder
from builders import Unwatched
from encoded import write_bigwig
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.browsers.hub import write_hub
from regtrack.browsers.hub_check import check_hub
from regtrack.browsers.hub_parse import read_hub
from regtrack.browsers.hub_plan import STYLES, HubOptions
from regtrack.errors import InputError
from regtrack.paths import Labelled
from regtrack.tracks.bigbed import write_narrow_peaks
from regtrack.tracks.peaks.files import PeakLine

OPTIONS = HubOptions("https://example.org/lab/tracks", "me@example.org")


def a_hub(folder: Path, style: str) -> Path:
    write_tracks_folder(folder, assembly="canFam3")
    write_hub([Labelled(folder)], replace(OPTIONS, style=style), 1, False, Unwatched())
    return folder


@pytest.fixture
def faceted(tmp_path: Path) -> Path:
    return a_hub(tmp_path / "tracks", STYLES[0])


@pytest.fixture
def composite(tmp_path: Path) -> Path:
    return a_hub(tmp_path / "tracks", STYLES[1])


def edit(path: Path, old: str, new: str) -> None:
    """One edit, the first place that fits; where none does, the test is wrong."""
    text = path.read_text(encoding="utf-8")
    changed = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def lines_of(folder: Path) -> list[str]:
    checked = check_hub(folder)
    assert checked.broken == len(checked.problems)
    return checked.text.splitlines() if checked.broken else []


# A name for the case, what is replaced in hub.txt by what, and the lines that say so, with " & "
# between them: each is there, and no other.
TEXT = [
    ("no hub", r"^hub .*", "hubs x", r":1: hubs x: stanza 1 of the file, expected a hub"),
    ("no genome", r"^genome canFam3\n\n", "", r"stanza 2 of the file, expected a genome"),
    (
        "a second genome",
        r"^track regtrack_m1_signal",
        "\ngenome danRer11\n\n\\g<0>",
        r"expected a track",
    ),
    (
        "odd genome",
        "genome canFam3",
        "genome GRCh37",
        r":8: genome GRCh37: not a genome of UCSC's & an unknown assembly .*, not GRCh37",
    ),
    ("no email", r"^email .*\n", "", r":1: hub regtrack_12121212: no email, expected one"),
    ("odd email", r"^email .*", "email me", r":5: .*email 'me', expected name@example\.org"),
    ("several files", "useOneFile on", "useOneFile off", r":4: .*useOneFile is not on"),
    ("no long label", r"^longLabel Pred.*\n", "", r":10: track regtrack: no longLabel, expected"),
    ("no type", r"^type bigWig 0 1\nviewLimits.*\n", "", r"m0_signal: no type, expected one"),
    ("no data", r"^bigDataUrl .*m?0_K.*\n", "", r"m0_signal: no bigDataUrl, expected one"),
    ("no value", r"^alwaysZero on", "alwaysZero", r"alwaysZero has no value, expected one"),
    ("twice", r"^alwaysZero on", "\\g<0>\nvisibility full", r"visibility stands twice in the st"),
    (
        "long short label",
        "CTCF K562$",
        "CTCF K562 and more",
        r"shortLabel of 18 letters, expected 17",
    ),
    (
        "long label",
        "None: predicted prob",
        "x" * 60 + "\\g<0>",
        r"longLabel of 97 .*expected 76 at m",
    ),
    ("odd letters", "CTCF K562$", "CTCF\u00a0K562", r"shortLabel 'CTCF\\xa0K562', expected plain"),
    ("odd genome's digit", "genome canFam3", "genome hg1\u0669", r"not a genome of UCSC's"),
    ("same label", "DNase HepG2$", "CTCF K562", r"'CTCF K562' of line 27 again, expected one of"),
    (
        "odd parent",
        "^parent regtrack on",
        "parent nobody on",
        r"m0_signal: no parent 'nobody'",
    ),
    ("odd state", "^parent regtrack on", "parent regtrack yes", r"'regtrack yes', expected a name"),
    ("wrong type", "^type bigNarrowPeak", "type bigWig 0 1", r"not a BigWig file, or a trunc"),
    ("bed for wig", "^type bigWig 0 1", "type bigNarrowPeak", r"not a bigBed file, or a truncated"),
    ("no file", "bigwig/0_", "bigwig/9_", r"bigDataUrl 'bigwig/9_.*', expected a file in"),
    ("outside", "bigwig/0_", "../tracks/bigwig/0_", r"bigDataUrl '\.\./tracks.*', expected a file"),
    ("no page", "^html hub/", "html ", r":22: .*html 'description.html', expected a file in"),
]

FACETED = [
    ("odd kind", "compositeTrack faceted", "compositeTrack yes", r"'yes', expected on or facet"),
    ("relative", "ngsUrl .*/tracks/", "ngsUrl ", r"Url 'hub/.*', expected a whole address: http"),
    ("half", "ngsUrl .*", "ngsUrl https://[::1", r"expected a whole address: https://"),
    ("ftp", "ngsUrl https", "ngsUrl ftp", r"expected a whole address: https://"),
    ("ftp table", "metaDataUrl ", "metaDataUrl ftp://x/", r"metaDataUrl 'ftp:.*', expected a file"),
    ("no table", "metadata.tsv", "meta.tsv", r"metaDataUrl '.*meta.tsv', expected a file in"),
    (
        "elsewhere",
        "metaDataUrl ",
        "metaDataUrl https://example.org/lab/",
        r"colorSettingsUrl is at .*/lab/tracks/, expected it at .*/lab/$",
    ),
    ("no key", "primaryKey.*\n", "", r"no primaryKey, expected one in a faceted composite"),
    (
        "other key",
        "primaryKey Marker",
        "primaryKey Id",
        r"tsv:1: no column 'Id', expected the prim",
    ),
    ("no types", "dataTypes.*\n", "", r"no dataTypes, expected one in a faceted composite"),
    ("case", "regtrack_m0_signal", "regtrack_m0_Signal", r"expected the name regtrack_KEY_TYPE"),
    ("other name", "regtrack_m0_peaks", "regtrack_m00_peaks", r"expected the name regtrack_KEY"),
    ("a group", "^color .*", "\\g<0>\nsubGroups a=b", r"subGroups, expected none in a faceted com"),
    ("no colours", "colors.json", "no.json", r"colorSettingsUrl '.*no.json', expected a file"),
    (
        "underscore",
        r"peaks\|",
        "peaks_x|",
        r"'peaks_x', expected no under & m\d_peaks: expected the",
    ),
]

COMPOSITE = [
    ("same name", "regtrack_m0_peaks", "regtrack_m0_signal", r"the name of line \d+ again, expect"),
    ("bad name", "regtrack_m0_peaks", "regtrack-m0-peaks", r"bad name, expected a letter, then"),
    (
        "parent's name",
        "^track regtrack_TFBS$",
        "track regtrack_TF",
        r"(signal|peaks): no parent 'regtrack_TFBS' & view outside & _TF: holds no track, expect",
    ),
    (
        "data as parent",
        "^parent regtrack_TFBS_peaks",
        "parent regtrack_m0_signal",
        r"parent 'regtrack_m0_signal' holds no tracks",
    ),
    (
        "no type",
        "^type bigWig 0 1\nvisibility full\nsubG",
        "subG",
        r"regtrack_TFBS: no type, expect",
    ),
]


def say(folder: Path, messages: str) -> None:
    """The lines are these, and no others."""
    lines = lines_of(folder)
    patterns = messages.split(" & ")
    assert all(re.fullmatch(r".*hub\.txt:\d+: (all tracks|\w+ \S+): .+", one) for one in lines)
    for pattern in patterns:
        assert [one for one in lines if re.search(pattern, one)], (pattern, lines)
    for line in lines:
        assert [one for one in patterns if re.search(one, line)], line


def cases(table: list[tuple[str, ...]]) -> list:
    return [pytest.param(*case[1:], id=case[0]) for case in table]


@pytest.mark.parametrize(("old", "new", "messages"), cases(TEXT))
def test_a_rule_of_all_hubs(faceted: Path, old: str, new: str, messages: str) -> None:
    edit(faceted / "hub.txt", old, new)
    say(faceted, messages)


@pytest.mark.parametrize(("old", "new", "messages"), cases(FACETED))
def test_a_rule_of_faceted_hubs(faceted: Path, old: str, new: str, messages: str) -> None:
    edit(faceted / "hub.txt", old, new)
    say(faceted, messages)


@pytest.mark.parametrize(("old", "new", "messages"), cases(COMPOSITE))
def test_a_rule_of_composites(composite: Path, old: str, new: str, messages: str) -> None:
    edit(composite / "hub.txt", old, new)
    say(composite, messages)


TABLE = [
    (
        "key gone",
        "^m1\t",
        "m7\t",
        r":3: key 'm7' has no track & m1_(signal|peaks): expected the name",
    ),
    (
        "a row more",
        r"\Z",
        "m7\ta\tb\tc\td\te\n",
        r"tsv:6: key 'm7' has no track, expected one or more",
    ),
    (
        "a key twice",
        "^m1\t.*\n",
        "\\g<0>\\g<0>",
        r"tsv:[34]: key 'm1' stands 2 times, expected it once",
    ),
    ("underscore", "^m1\t", "m_1\t", r"'m_1', expected one without & m1_\w+: expected & no track"),
    (
        "a space",
        "Category",
        "The category",
        r"tsv:1: column 'The category', expected a name",
    ),
    ("a field less", "\tNone$", "", r"metadata\.tsv:2: 5 fields, expected 6"),
    ("a bar", "\tCTCF\t", "\tCTCF|x\t", r"tsv:2: field 'CTCF\|x', expected no \| but before a"),
]


@pytest.mark.parametrize(("old", "new", "messages"), cases(TABLE))
def test_a_rule_of_the_table(faceted: Path, old: str, new: str, messages: str) -> None:
    edit(faceted / "hub" / "metadata.tsv", old, new)
    say(faceted, messages)


def test_the_table_may_have_a_whole_address(faceted: Path) -> None:
    edit(faceted / "hub.txt", "metaDataUrl ", "metaDataUrl https://example.org/lab/tracks/")
    assert lines_of(faceted) == []


def test_a_label_behind_a_bar_is_no_mistake(faceted: Path) -> None:
    edit(faceted / "hub" / "metadata.tsv", "\tCTCF\t", '\tCTCF|"the factor"\t')
    assert lines_of(faceted) == []


def test_an_empty_table_is_said(faceted: Path) -> None:
    (faceted / "hub" / "metadata.tsv").write_text("")
    say(faceted, r"hub/metadata\.tsv:1: no column 'Marker', expected the primaryKey")


def test_a_table_that_is_no_text_is_said(faceted: Path) -> None:
    (faceted / "hub" / "metadata.tsv").write_bytes(b"Marker\tx\nm0\t\xff\n")
    say(faceted, r"hub/metadata\.tsv:1: not text, expected UTF-8")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def other_size(path: Path) -> None:
    write_bigwig(path, {"chr1": 20_001, "chr2": 5_000}, [("chr1", segments_of(0))])


def other_name(path: Path) -> None:
    write_bigwig(path, {"1": 20_000}, [("1", segments_of(0))])


def peaks_elsewhere(path: Path) -> None:
    write_narrow_peaks(path, [PeakLine("2", 1, 9, "x", 7, 0.007, 3)], {"2": 5_000})


def no_narrow_peaks(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[32] = 6
    path.write_bytes(content)


SIGNAL, PEAKS = f"bigwig/{MARKERS[0].slug}.bw", f"hub/{MARKERS[0].slug}.bb"


@pytest.mark.parametrize(
    ("name", "change", "messages"),
    [
        (SIGNAL, Path.unlink, r"m0_signal: bigDataUrl 'bigwig/.*', expected a file in"),
        (PEAKS, Path.unlink, r"m0_peaks: bigDataUrl 'hub/.*', expected a file in"),
        (PEAKS, truncate, r"m0_peaks: .*\.bb: not a bigBed file, or a truncated one"),
        (PEAKS, no_narrow_peaks, r"\.bb: 6 columns, expected 10 \(bigNarrowPeak\)"),
        (SIGNAL, other_size, r"m0_signal: chr1 of 20,001 bases, expected 20,000 as in the others"),
        (
            SIGNAL,
            other_name,
            r"m0_signal: has 1, which the others do not have, expected chr1, chr2",
        ),
        (PEAKS, peaks_elsewhere, r"m0_peaks: has 2, which the others do not have, expected chr1"),
    ],
)
def test_a_rule_of_the_files(
    faceted: Path, name: str, change: Callable[[Path], object], messages: str
) -> None:
    change(faceted / name)
    say(faceted, messages)


def test_a_composite_without_tracks_is_said(faceted: Path) -> None:
    text = (faceted / "hub.txt").read_text()
    (faceted / "hub.txt").write_text(text.partition("track regtrack_m0_signal")[0])
    say(
        faceted,
        "no track with data follows & holds no track, expected one & key 'm\\d' has no track",
    )


def test_the_path_of_the_text_will_do(faceted: Path) -> None:
    assert check_hub(faceted / "hub.txt").problems == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such hub; regtrack hub"), (b"", "is empty"), (b"\xff", "not a text file")],
)
def test_what_is_no_hub_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "hub.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        check_hub(tmp_path)


def test_stanzas_are_read_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "hub.txt").write_text(
        "# a comment\nhub x\r\nlongLabel a \\\n   long one\n\n\n  track a  \n\n  type bigWig\n"
    )
    hub = read_hub(tmp_path / "hub.txt")
    assert [(one.kind, one.name, one.line) for one in hub.stanzas] == [
        ("hub", "x", 2),
        ("track", "a", 7),
        ("type", "bigWig", 9),
    ]
    assert hub.stanzas[0].settings["longLabel"] == ("a    long one", 4)


def test_a_tab_ends_the_name_of_a_setting(tmp_path: Path) -> None:
    (tmp_path / "hub.txt").write_text("hub\tx\nlongLabel\t a \tb \nuseOneFile\n")
    (stanza,) = read_hub(tmp_path / "hub.txt").stanzas
    values = {name: one.value for name, one in stanza.settings.items()}
    assert values == {"hub": "x", "longLabel": "a \tb", "useOneFile": ""}


OTHERS = """
track plain
type bigWig 0 1
bigDataUrl {signal}
shortLabel Signal
longLabel A signal
viewLimits -5:20
visibility full

track same
type bigWig
bigDataUrl {signal}
shortLabel Signal
longLabel A signal

track reads
type bam
bigDataUrl reads.bam
shortLabel Reads
longLabel Reads of the experiment

track genes
type bigGenePred
bigDataUrl {peaks}
shortLabel Genes
longLabel Genes, and what was found of them

track variants
type vcfTabix
bigDataUrl reads.bam
shortLabel Variants
longLabel Variants
"""


@pytest.fixture
def others(faceted: Path) -> Path:
    """A hub as others write one: tracks without a parent, with equal labels, of other types."""
    text = (faceted / "hub.txt").read_text().partition("\ntrack ")[0]
    tracks = OTHERS.format(signal=SIGNAL, peaks=PEAKS)
    (faceted / "hub.txt").write_text(text + tracks)
    (faceted / "reads.bam").write_bytes(b"as bam has it")
    return faceted


def test_hubs_of_others_break_no_rule(others: Path) -> None:
    assert lines_of(others) == []


def test_a_file_of_any_type_must_be_there(others: Path) -> None:
    (others / "reads.bam").unlink()
    say(others, r"track reads: bigDataUrl 'reads\.bam', expected a & variants: bigDataUrl 'reads\.")


def test_labels_of_different_parents_may_be_equal(composite: Path) -> None:
    edit(composite / "hub.txt", "^shortLabel DNase HepG2$", "shortLabel CTCF K562")
    assert lines_of(composite) == []


@pytest.fixture(scope="module", params=STYLES)
def good(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    return a_hub(tmp_path_factory.mktemp("good") / "tracks", request.param)


@settings(max_examples=150)
@given(data=st.data())
def test_no_text_makes_the_test_fail(good: Path, data: st.DataObject) -> None:
    whole = (good / "hub.txt").read_text()
    lines = whole.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        name, _, value = lines[at].partition(" ")
        words = st.sampled_from(
            [name, value, "", "0", "view", "subGroups", "on", "x=", "=", "http:"]
        )
        lines[at] = " ".join(data.draw(st.lists(words | st.text(max_size=5), max_size=4)))
    edited = good / "edited.txt"
    edited.write_text("\n".join(lines), encoding="utf-8")
    for line in check_hub(edited).text.splitlines():
        assert str(edited) in line


def test_the_genome_of_the_text_is_that_of_the_files_by_their_chromosomes(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks", sizes={"chr1": 249_250_621})
    write_hub([Labelled(folder)], OPTIONS, 1, False, Unwatched())
    assert lines_of(folder) == []
    edit(folder / "hub.txt", "genome hg19", "genome hg38")
    (line,) = lines_of(folder)
    assert line.endswith(
        "hub.txt:8: genome hg38: the files are of hg19 (chr1 has 249,250,621 bases), not hg38 "
        "(248,956,422)"
    )
