"""The tracks folder: `tracks.json` comes back as it was, and a wrong folder says what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import a_marker

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.seen import Seen
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.describe import describe_tracks, peakless
from regtrack.tracks.folder import (
    BY_PEAKS,
    CHANCE,
    FLAT,
    Track,
    TrackSet,
    write_predicted,
    write_seen,
)
from regtrack.tracks.peaks.rules import BARE_RUNS, PeakRules
from regtrack.tracks.repeats import RepeatCounts
from regtrack.tracks.summary import Summary
from regtrack.tracks.trackless import CONTENTS

TRACKS = TrackSet(
    model={"sha256": "12" * 32, "architecture": "dilated", "assembly": "hg19"},
    fingerprint="ab" * 32,
    chrom_sizes={"chr10": 1_000, "chr2": 500},
    settings={"max_error": 0.005, "floor": 0.005, "peak_threshold": None, "window": 25_000},
    tracks=(
        Track.of(a_marker(3), 0.25),
        Track.of(
            a_marker(0, "HepG2|DNase|None", "DNase"),
            1 / 3,
            threshold_from=BY_PEAKS,
            no_peaks=CHANCE,
            base_rate=0.01,
            summary=Summary(1, 0.001, 0.0078125, {"0.5": 0.0, "0.999": 0.0}),
        ),
    ),
    assembly="hg38",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished tracks folder; its track files are empty."""
    for track in TRACKS.tracks:
        for name in (track.bigwig, track.peaks):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
    TRACKS.write(tmp_path)
    return tmp_path


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    record = json.loads((folder / CONTENTS).read_text())
    change(record)
    (folder / CONTENTS).write_text(json.dumps(record))


def test_a_track_set_comes_back_as_it_was(folder: Path) -> None:
    read = TrackSet.read(folder)
    assert read == TRACKS
    assert list(read.chrom_sizes) == ["chr10", "chr2"]  # the genome's order


def test_rules_of_peaks_are_settings_and_older_folders_have_none(folder: Path) -> None:
    assert TrackSet.read(folder).peak_rules == BARE_RUNS
    rewrite(folder, lambda record: record["settings"].update(max_gap=7, min_length=90))
    assert TrackSet.read(folder).peak_rules == PeakRules(7, 90)


@pytest.mark.parametrize("wrong", [-1, 1.5, "30", None, [30], True])
@pytest.mark.parametrize("name", ["max_gap", "min_length"])
def test_rules_that_are_no_lengths_are_refused(folder: Path, name: str, wrong: object) -> None:
    rewrite(folder, lambda record: record["settings"].update({name: wrong}))
    with pytest.raises(InputError, match=r"tracks\.json: damaged \(.*max_gap and min_length"):
        TrackSet.read(folder)


@pytest.mark.parametrize(
    ("name", "wrong"), [("min_length", 0), ("floor", "x"), ("floor", True), ("max_error", [1])]
)
def test_settings_that_are_no_numbers_are_refused(folder: Path, name: str, wrong: object) -> None:
    rewrite(folder, lambda record: record["settings"].update({name: wrong}))
    with pytest.raises(InputError, match=rf"tracks\.json: damaged \(.*{name}"):
        TrackSet.read(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_rate": 1.5},
        {"summary": {"covered": -1, "mean": 0, "highest": 0, "quantiles": {}}},
        {"summary": {"covered": 1, "mean": 2, "highest": 0, "quantiles": {}}},
        {"summary": {"covered": 1, "mean": 0, "highest": 0, "quantiles": {"0.5": -1}}},
        {"summary": 5},
    ],
)
def test_what_is_said_of_a_track_must_be_possible(folder: Path, wrong: dict[str, Any]) -> None:
    rewrite(folder, lambda record: record["tracks"][0].update(wrong))
    with pytest.raises(InputError, match=r"tracks\.json: damaged"):
        TrackSet.read(folder)


def test_which_tracks_have_no_peaks_is_said_by_reason(folder: Path) -> None:
    read = TrackSet.read(folder)
    chance = f"1, {CHANCE}: HepG2|DNase|None"
    assert peakless(read) == [
        chance,
        "1 under the floor everywhere (each has one value, so that browsers open its "
        "file): HepG2|DNase|None",
    ]
    first, second = read.tracks
    # Of one predicted base, whose value is none that is only there for browsers.
    assert second.summary is not None
    high = replace(second, summary=replace(second.summary, highest=0.9))
    assert peakless(replace(read, tracks=(first, high))) == [chance]
    many = replace(read, tracks=(replace(first, no_peaks=FLAT),) * 7)
    assert peakless(many)[0].endswith("K562|CTCF|None and 2 more")
    write_predicted(folder, {"chr2": IntervalSet.of([0], [10])})
    assert f"without peaks  1, {CHANCE}: HepG2|DNase|None; " in describe_tracks(folder)


def test_the_files_of_a_track_are_named_after_its_marker() -> None:
    track = Track.of(a_marker(3, "K562|eGFP-JunD/x|None"), 0.5)
    assert track.bigwig == "bigwig/3_K562_eGFP-JunD_x_None.bw"
    assert track.peaks == "peaks/3_K562_eGFP-JunD_x_None.narrowPeak.gz"


def test_other_programs_find_the_files_in_the_contents(folder: Path) -> None:
    record = json.loads((folder / CONTENTS).read_text())
    assert record["format"] == 1
    assert [track["bigwig"] for track in record["tracks"]] == [
        "bigwig/3_K562_CTCF_None.bw",
        "bigwig/0_HepG2_DNase_None.bw",
    ]
    assert all((folder / track["peaks"]).is_file() for track in record["tracks"])


def test_a_newer_format_is_refused_with_both_numbers(folder: Path) -> None:
    # Whatever else a newer format holds.
    rewrite(folder, lambda record: record.update(format=3, tracks="elsewhere"))
    with pytest.raises(InputError, match="format 3; this regtrack reads up to 2"):
        TrackSet.read(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"format": "1"}', "\0"])
def test_contents_that_are_not_a_track_set_are_damaged(folder: Path, content: str) -> None:
    (folder / CONTENTS).write_text(content)
    with pytest.raises(InputError, match=r"tracks\.json:(1:)? damaged"):
        TrackSet.read(folder)


def test_contents_that_are_not_text_are_damaged(folder: Path) -> None:
    (folder / CONTENTS).write_bytes(b'{"format": "\xff\xfe"}')
    with pytest.raises(InputError, match=r"tracks\.json:(1:)? damaged"):
        TrackSet.read(folder)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda record: record.pop("format"), id="no format"),
        pytest.param(lambda record: record.pop("genome"), id="no genome"),
        pytest.param(lambda record: record["genome"].pop("chrom_sizes"), id="no sizes"),
        pytest.param(lambda record: record.update(tracks=None), id="no tracks"),
        pytest.param(lambda record: record["tracks"][1].pop("threshold"), id="no threshold"),
        pytest.param(lambda record: record["tracks"][1]["marker"].pop("cell"), id="no cell"),
        pytest.param(
            lambda record: record["tracks"][1]["marker"].update(category=""), id="category"
        ),
        pytest.param(lambda record: record["tracks"][0].update(bigwig=5), id="bigwig is 5"),
        pytest.param(lambda record: record["tracks"][0].update(bigwig="../a.bw"), id="outside"),
        pytest.param(lambda record: record["tracks"][0].update(peaks="/etc/passwd"), id="absolute"),
        pytest.param(lambda record: record["tracks"][0].update(index="peaks/a.csi"), id="index"),
        pytest.param(lambda record: record["tracks"][0].update(threshold=7), id="no probability"),
        pytest.param(lambda record: record["model"].pop("architecture"), id="no architecture"),
        pytest.param(lambda record: record.update(tracks=[]), id="no track"),
        pytest.param(lambda record: record.update(tracks=record["tracks"][:1] * 2), id="twice"),
        pytest.param(lambda record: record.update(settings=[]), id="settings are a list"),
        pytest.param(lambda record: record["genome"].update(chrom_sizes={}), id="no chromosome"),
        pytest.param(lambda record: record["genome"].update(chrom_sizes={"a": -1}), id="size"),
        pytest.param(lambda record: record["genome"].update(chrom_sizes={"a": 10**20}), id="long"),
        pytest.param(lambda record: record["genome"].update(chrom_sizes={"a": "9"}), id="text"),
    ],
)
def test_damaged_contents_are_refused(
    folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    rewrite(folder, change)
    with pytest.raises(InputError, match=r"tracks\.json:(1:)? damaged"):
        TrackSet.read(folder)


def test_a_reason_for_no_peaks_of_an_older_folder_is_told_as_it_is_called_now(folder: Path) -> None:
    rewrite(
        folder,
        lambda record: record["tracks"][0].update(
            no_peaks="no better than chance on the validation windows"
        ),
    )
    assert TrackSet.read(folder).tracks[0].no_peaks == CHANCE


@pytest.mark.parametrize(
    "name", ["bigwig/3_K562_CTCF_None.bw", "peaks/0_HepG2_DNase_None.narrowPeak.gz"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name}: missing, though tracks.json names it"):
        TrackSet.read(folder)


def test_a_folder_without_tracks_says_what_it_is_and_where_tracks_are(folder: Path) -> None:
    def told(name: str) -> str:
        with pytest.raises(InputError) as caught:
            TrackSet.read(folder.parent / name)
        return str(caught.value).removeprefix(f"{folder.parent / name}: ")

    for name, file in {
        **{"empty": "any", "looked": "explain.tsv", "far": "context.tsv", "set": "dataset.json"},
        "scores": "report.html",
    }.items():
        (folder.parent / name).mkdir()
        (folder.parent / name / file).touch()
    made = "regtrack predict makes one"
    assert told("empty") == f"not a tracks folder (no tracks.json); {made}"
    assert told("missing") == f"no such folder; {made}"
    assert told("looked").startswith("what regtrack explain wrote, no tracks: look at its explain")
    assert told("far") == "what regtrack explain wrote, no tracks: look at its context.png"
    assert told("set").startswith("a dataset, no tracks")
    assert told("scores").startswith("a report, no tracks: open its report.html")
    for part in ("bigwig", "peaks"):
        assert told(f"{folder.name}/{part}") == f"a part of the tracks folder {folder}; name that"


def test_inside_of_a_tracks_folder_the_folder_above_is_named_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "bigwig")
    with pytest.raises(InputError, match=rf"\.: a part of the tracks folder {folder}; name that"):
        TrackSet.read(Path())


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(InputError, match="is a file; expected a tracks folder"):
        TrackSet.read(tmp_path / "file")


def test_predicted_bases_come_back_as_they_were(folder: Path) -> None:
    predicted = {"chr10": IntervalSet.of([0, 20], [10, 1_000]), "chr2": IntervalSet.of([5], [6])}
    write_predicted(folder, predicted)
    assert TRACKS.predicted(folder) == predicted


def test_a_folder_is_described_for_people(folder: Path) -> None:
    write_predicted(folder, {"chr10": IntervalSet.of([0, 20], [10, 1_000])})
    text = describe_tracks(folder)
    assert "2: 1 TFBS, 1 DNase" in text
    assert "dilated, trained on hg19, sha256 1212121212121212..." in text
    assert "max_error 0.005" in text
    assert "990 bases in 2 stretches from 1 to 1,000" in text
    assert "None" not in next(line for line in text.splitlines() if line.startswith("settings"))


def test_of_many_chromosomes_the_first_are_described_and_the_rest_counted(tmp_path: Path) -> None:
    sizes = {f"scaffold_{number}": 100 for number in range(33)}
    many = TrackSet(**{**vars(TRACKS), "chrom_sizes": sizes})
    many.write(tmp_path)
    for track in many.tracks:
        for name in track.files:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
    write_predicted(tmp_path, {chrom: IntervalSet.of([0], [100]) for chrom in sizes})
    lines = describe_tracks(tmp_path).splitlines()
    assert [line.split()[0] for line in lines].count("scaffold_29") == 1
    assert lines[-5].split() == ["...", "3", "more", "chromosomes"]


def test_nan_is_never_written(tmp_path: Path) -> None:
    # It is not JSON: other programs could not read it.
    changed = TrackSet(**{**vars(TRACKS), "settings": {"floor": np.nan}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        changed.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_older_folder_is_of_the_models_genome(folder: Path) -> None:
    rewrite(folder, lambda record: record["genome"].pop("assembly"))
    assert TrackSet.read(folder).assembly == "hg19"


def test_the_index_of_the_peaks_is_named(folder: Path) -> None:
    long = TrackSet(**{**vars(TRACKS), "tracks": (Track.of(a_marker(3), 0.25, ".csi"),)})
    long.write(folder)
    assert TrackSet.read(folder) == long
    (track,) = json.loads((folder / CONTENTS).read_text())["tracks"]
    assert track["index"] == f"{track['peaks']}.csi"


def test_an_older_folder_has_the_usual_index(folder: Path) -> None:
    rewrite(folder, lambda record: [track.pop("index") for track in record["tracks"]])
    assert TrackSet.read(folder) == TRACKS


def test_nesting_without_end_is_damage(folder: Path) -> None:
    (folder / CONTENTS).write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"tracks\.json: damaged"):
        TrackSet.read(folder)


SEEN = Seen({"chr2": IntervalSet.of([0, 100], [50, 200])}, {"chr10": IntervalSet.of([5], [7])})


def test_what_was_seen_comes_back_as_it_was(folder: Path) -> None:
    assert TrackSet.read(folder).seen(folder) is None  # as of older folders
    rewrite(folder, lambda record: record.update(seen=SEEN.bases))
    write_seen(folder, SEEN)
    assert (folder / "trained.bed").read_text() == "chr2\t0\t50\nchr2\t100\t200\n"
    assert TrackSet.read(folder).seen(folder) == SEEN


def test_what_was_seen_must_be_what_was_written(folder: Path) -> None:
    rewrite(folder, lambda record: record.update(seen={"train": 150, "valid": 0}))
    write_seen(folder, Seen({"chr2": IntervalSet.of([0], [149])}, {}))
    with pytest.raises(
        InputError, match=r"trained\.bed: has 149 bases, but tracks\.json names 150"
    ):
        TrackSet.read(folder).seen(folder)
    (folder / "trained.bed").unlink()
    with pytest.raises(FileNotFoundError, match=r"trained\.bed"):
        TrackSet.read(folder).seen(folder)


def test_every_key_of_the_file_is_in_the_table_of_the_docs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    section = page.partition("## Keys of `tracks.json`\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (`[^|]*`) \| ([^|]*) \|$", section, re.MULTILINE))
    named = set(re.findall(r"`(\w+)`", " ".join(rows)))
    replace(TRACKS, repeats=RepeatCounts(1, 100)).write(tmp_path)
    written = json.loads((tmp_path / CONTENTS).read_text())
    of_tracks = {field.name for field in fields(Track)}
    assert named == set(written) | of_tracks
    for key in ("model", "genome"):
        assert set(written[key]) <= set(re.findall(r"`(\w+)`", rows[f"`{key}`"]))
    known = set(re.findall(r"`(\w+)`", rows["`settings`"]))
    assert known == set(PredictionSettings().record())
    known = set(re.findall(r"`(\w+)`", rows["`summary`"]))
    assert known == {field.name for field in fields(Summary)}
