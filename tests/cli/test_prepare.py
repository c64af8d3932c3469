"""`regtrack prepare` as a user meets it: what it prints, leaves, and refuses."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from builders import TINY_SIZES, TinyWorld, write_fasta
from cli_helpers import files_of
from waiting import wait_until

from regtrack.cli.config import read_config
from regtrack.cli.main import cli

Edit = Callable[[TinyWorld], object]


def arguments(world: TinyWorld, *more: object) -> list[str]:
    """A whole command line; small windows, so that there are several."""
    options = ["--genome", world.genome, "--peaks", world.markers, "--out", world.folder / "out"]
    return [str(one) for one in ("prepare", *options, "--window", 2_000, *more)]


def write(name: str, text: str | bytes) -> Edit:
    content = text.encode() if isinstance(text, str) else text
    return lambda world: (world.folder / name).write_bytes(content)


def peaks(line: str) -> Edit:
    """Put a line in front of the first marker's peaks."""

    def edit(world: TinyWorld) -> None:
        path = world.folder / "peaks" / "0.narrowPeak"
        path.write_text(line + path.read_text())

    return edit


def old_dataset(world: TinyWorld) -> None:
    (world.folder / "out").mkdir()
    (world.folder / "out" / "dataset.json").touch()


def peaks_at(rows: str) -> Edit:
    """The same peaks for every marker."""

    def edit(world: TinyWorld) -> None:
        for path in (world.folder / "peaks").iterdir():
            path.write_text(rows)

    return edit


def peaks_nowhere(world: TinyWorld) -> None:
    for path in (world.folder / "peaks").iterdir():
        path.write_text("chr2\t6900\t7000\n")


def renamed(world: TinyWorld) -> None:
    write_fasta(world.genome, {f"scaffold_{n}": text for n, text in world.sequences.items()})


def bigwig(name: str, sizes: dict[str, int]) -> Edit:
    def edit(world: TinyWorld) -> None:
        with pyBigWig.open(str(world.folder / name), "w") as file:
            file.addHeader(list(sizes.items()))
            file.addEntries([next(iter(sizes))], [0], ends=[9], values=[1.0])

    return edit


def test_it_says_what_was_kept_and_why_the_rest_was_not(tiny: TinyWorld, regtrack) -> None:
    bed = tiny.folder / "exclude.bed"
    # 200 bases are a tenth, which is not more than a tenth; 201 are.
    bed.write_text("chr1\t4000\t4200\nchr1\t6100\t6301\n")
    status, out, err = regtrack(
        *arguments(tiny, "--exclude", bed, "--valid", "chr1:10,001-20,000", "--test", "chr2"),
        *("--unknown", "DNase=chr2"),
    )
    assert status == 0, err
    assert "reading peaks" in err
    lines = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in out.splitlines()[:-1])
    assert lines["markers"] == "3: 1 TFBS, 1 DNase, 1 Histone"
    assert lines["split"] == "by region"
    assert lines["train"].startswith("15 windows, 30,000 bases, 29,862 of them known")
    assert lines["valid"].startswith("5 windows, 10,000 bases, 10,000 of them known")
    assert lines["test"].startswith("3 windows, 6,000 bases, 6,000 of them known")
    assert lines["dropped"] == "5 windows"
    assert lines["N"].startswith("1 window, 2,000 bases")
    assert lines["excluded"].startswith("1 window, 2,000 bases")
    assert lines["partial"].startswith("3 windows, 2,019 bases")
    assert "outside" not in lines
    assert lines["unknown"] == "1 marker on chr2"
    assert lines["DNase"].endswith("-")
    dropped = (tiny.folder / "out" / "dropped.bed").read_text().splitlines()
    assert dropped == [
        "chr1\t0\t2000\tN",
        "chr1\t6000\t8000\texcluded",
        "chr1\t44000\t45000\tpartial",
        "chr2\t6000\t7003\tpartial",
        "chrM\t0\t16\tpartial",
    ]
    told = regtrack("info", tiny.folder / "out")[1]
    assert told.splitlines()[:-1] == out.splitlines()[:-1]


def test_the_assembly_is_told_by_the_lengths_where_nobody_says_it(
    tiny: TinyWorld, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def assembly(*more: object) -> str:
        status, _, err = regtrack(*arguments(tiny, "--force", *more))
        assert status == 0, err
        name: str = json.loads((tiny.folder / "out" / "dataset.json").read_text())["assembly"]
        return name

    assert assembly() == "genome"  # the file's name, where the lengths are of no known one
    monkeypatch.setattr("regtrack.genome.assemblies.recognise", lambda _: "hg38")
    assert assembly() == "hg38"


def test_the_same_command_leaves_the_same_bytes(tiny: TinyWorld, regtrack) -> None:
    assert regtrack(*arguments(tiny, "--seed", 5))[0] == 0
    first = files_of(tiny.folder / "out")
    assert regtrack(*arguments(tiny, "--seed", 5, "--force"))[0] == 0
    assert files_of(tiny.folder / "out") == first
    assert regtrack(*arguments(tiny, "--seed", 6, "--force"))[0] == 0
    assert files_of(tiny.folder / "out")["windows.bed"] != first["windows.bed"]


def test_chromosomes_are_listed_with_commas_or_come_from_a_file(tiny: TinyWorld, regtrack) -> None:
    bed = tiny.folder / "valid.bed"
    bed.write_text("1\t0\t20000\n")
    status, _, err = regtrack(
        *arguments(tiny, "--window", 1_000, "--valid", bed, "--test", "2,chrM")
    )
    assert status == 0, err
    rows = (tiny.folder / "out" / "windows.bed").read_text().splitlines()
    of_split = {split: {row.split()[0] for row in rows if row.endswith(split)} for split in
                ("train", "valid", "test")}  # fmt: skip
    assert of_split == {"train": {"chr1"}, "valid": {"chr1"}, "test": {"chr2"}}


@pytest.mark.parametrize(
    ("markers", "said", "samples"),
    [
        (["CTCF", "DNase"], "TFBS", lambda covered: covered[:1]),
        (
            ["DNase", "H3K4me3"],
            "DNase, Histone; there is no TFBS marker",
            lambda covered: covered[1:],
        ),
    ],
)
def test_samples_of_the_short_task_have_a_peak_of_a_factor_or_where_there_is_none_any_peak(
    tiny: TinyWorld,
    regtrack,
    markers: list[str],
    said: str,
    samples: Callable[[np.ndarray], np.ndarray],
) -> None:
    chosen = [one for marker in markers for one in ("--markers", marker)]
    status, out, err = regtrack(
        *arguments(tiny, "--task", "short", "--valid", "chr1:1-16,000", *chosen)
    )
    assert status == 0, err
    lines = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in out.splitlines()[:-1])
    assert lines["bins"] == f"those more than half in a peak of {said}"
    inside = np.zeros((3, TINY_SIZES["chr1"]), bool)
    for marker in range(3):
        for row in (tiny.folder / "peaks" / f"{marker}.narrowPeak").read_text().splitlines():
            chrom, start, end = row.split("\t")[:3]
            if chrom == "chr1":
                inside[marker, int(start) : int(end)] = True
    covered = inside.reshape(3, -1, 200).sum(axis=2) > 100
    expected = set((200 * np.flatnonzero(samples(covered).any(axis=0))).tolist())
    found = np.concatenate(
        [np.load(tiny.folder / "out" / f"{split}.bins.npy") for split in ("train", "valid")]
    )
    on_chr1 = set(found[found[:, 0] == 0, 1].tolist())
    assert on_chr1 <= expected
    # But for windows that are N, and bins near another split.
    away = {start for start in expected if 2_000 <= start < 15_000 or 17_000 <= start < 44_000}
    assert away
    assert away <= on_chr1
    labels = np.load(tiny.folder / "out" / "train.labels.npy")
    assert np.unpackbits(labels, axis=1, count=2).any(axis=1).all()


def test_mappability_drops_windows(tiny: TinyWorld, regtrack) -> None:
    path = tiny.folder / "map.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("1", TINY_SIZES["chr1"])])
        file.addEntries(["1", "1"], [0, 20_000], ends=[20_000, 45_000], values=[1.0, 0.5])
    windows = {}
    for minimum in (1.0, 0.5):
        status, _, err = regtrack(
            *arguments(tiny, "--mappability", path, "--min-mappability", minimum, "--force"),
            *("--valid", "chr1:1-12,000"),
        )
        assert status == 0, err
        rows = (tiny.folder / "out" / "windows.bed").read_text().splitlines()
        windows[minimum] = [int(row.split()[1]) for row in rows if row.startswith("chr1")]
    assert windows[1.0] == list(range(2_000, 20_000, 2_000))
    assert windows[0.5] == list(range(2_000, 44_000, 2_000))


def test_exclude_and_more_come_from_the_configuration_file(
    tiny: TinyWorld, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    (tiny.folder / "a.bed").write_text("chr1\t4000\t6000\n")
    (tiny.folder / "regtrack.toml").write_text(
        '[defaults]\ngenome = "genome.fa"\npeaks = "markers.tsv"\nexclude = ["a.bed"]\n'
        '[prepare]\nwindow = 2000\nvalid = ["chr2"]\n'
    )
    found = read_config(tiny.folder / "regtrack.toml", cli.commands)
    assert found["prepare"]["exclude"] == [str(tiny.folder / "a.bed")]
    assert "exclude" not in found["train"]
    monkeypatch.chdir(tiny.folder)
    status, _, err = regtrack("prepare", "--out", "set")
    assert status == 0, err
    assert "chr1\t4000\t6000\texcluded" in (tiny.folder / "set" / "dropped.bed").read_text()


def test_markers_are_chosen_and_those_without_a_peak_are_named(tiny: TinyWorld, regtrack) -> None:
    peak = tiny.folder / "peaks" / "1.narrowPeak"
    peak.write_text("chr2\t100\t400\n")
    command = arguments(tiny, "--markers", "CTCF", "--markers", "DNase", "--valid", "chr2")
    status, out, err = regtrack(*command)
    assert status == 0, err
    assert re.search(r"no peak in train +1 marker: HepG2\|DNase\|None\n", out)
    record = json.loads((tiny.folder / "out" / "dataset.json").read_text())
    assert [marker["index"] for marker in record["markers"]] == [0, 1]


BAD: list[tuple[str, Edit, list[str], int, str]] = [
    ("missing genome", lambda w: w.genome.unlink(), [], 1, r"genome\.fa: no such file; .* fetch"),
    ("missing table", lambda w: w.markers.unlink(), [], 1, r"markers\.tsv: No such file"),
    (
        "a folder without peaks",
        lambda w: (w.markers.unlink(), w.markers.mkdir()),
        [],
        1,
        r"markers\.tsv: holds no peak file",
    ),
    (
        "missing peaks",
        lambda w: (w.folder / "peaks" / "1.narrowPeak").unlink(),
        [],
        1,
        r"markers\.tsv:3: no peak file 'peaks/1\.narrowPeak'",
    ),
    ("peak past the end", peaks("chr2\t7000\t7004\n"), [], 1, r"0\.narrowPeak:1: ends at 7,004"),
    ("other chromosomes", renamed, [], 1, r"0\.narrowPeak: has no chromosome in common"),
    (
        "truncated gzip peaks",
        write("peaks/0.narrowPeak", gzip.compress(b"chr1\t1\t2\n" * 999)[:40]),
        [],
        1,
        r"0\.narrowPeak: truncated or damaged gzip",
    ),
    (
        "no peak anywhere",
        peaks_nowhere,
        [],
        1,
        r"markers\.tsv: no marker has a peak in the windows of train: there are 3 elsewhere, on ch",
    ),
    (
        "peaks elsewhere",
        peaks_at("chr1\t2100\t2300\nchr1\t2500\t2600\n"),
        ["--train", "chr1:1-4,000", "--valid", "chr1:4,001-12,000"],
        1,
        r"markers\.tsv: no marker has a peak in the windows of valid: there are 6 elsewhere, on "
        r"chr1; it has \d+ windows, [\d,]+ bases: give it more \(--valid\)",
    ),
    ("missing exclude", lambda _: None, ["--exclude", "no.bed"], 1, r"no\.bed: No such file"),
    (
        "exclude of another genome",
        write("a.bed", "NC_1\t1\t9\n"),
        ["--exclude", "a.bed"],
        1,
        r"a\.bed: has no chromosome in common with the genome: it has NC_1",
    ),
    (
        "exclude past the end",
        write("a.bed", "chr2\t1\t9000\n"),
        ["--exclude", "a.bed"],
        1,
        r"a\.bed:1: ends at 9,000, past the end of chr2",
    ),
    ("exclude is a folder", lambda _: None, ["--exclude", "peaks"], 1, r"peaks: Is a directory"),
    (
        "mappability of another genome",
        bigwig("a.bw", {"NC_1": 99}),
        ["--mappability", "a.bw"],
        1,
        r"a\.bw: has no chromosome in common",
    ),
    (
        "mappability of another assembly",
        bigwig("a.bw", {"chr2": 99}),
        ["--mappability", "a.bw"],
        1,
        r"a\.bw: is of an unknown assembly \(chr2 has 99 bases\), but the genome is .* \(7,003\)",
    ),
    ("mappability is text", write("a.bw", "x"), ["--mappability", "a.bw"], 1, r"a\.bw: not a BigW"),
    ("windows too long", lambda _: None, ["--window", "50000"], 2, r"--split: no window of 50,000"),
    ("all excluded", write("a.bed", "chr1\t0\t45000\nchr2\t0\t7003\n"), ["--exclude", "a.bed"], 2,
     r"--split: no window .* left for train; 0 are kept in all.*24 excluded"),
    ("empty valid", lambda _: None, ["--valid", "chrM"], 2, r"--valid: no window .* for valid"),
    ("empty test", lambda _: None, ["--valid", "2", "--test", "M"], 2, r"--test: no window .*test"),
    ("no sequence", lambda _: None, ["--valid", "chr1:1-2000"], 2,
     r"--valid: no .* 1 N; sequence lies at chr1:1,001-20,000, chr1:30,003-45,000, chr1:20,138-30"),
    ("empty train", lambda _: None, ["--valid", "1,2"], 2, r"--train: no window .*for train"),
    ("two splits", lambda _: None, ["--valid", "2", "--test", "chr2:1-4,000"], 2,
     r"--test: overlaps --valid: both hold the window chr2:1-2,000"),
    ("unknown chromosome", lambda _: None, ["--valid", "chr2,chr7"], 1, r"region 'chr7': no c"),
    ("no validation", lambda _: None, ["--test", "chr2"], 2, r"--valid: missing"),
    ("split and region", lambda _: None, ["--valid", "2", "--split", "8,1,1"], 2, r"--split: .*n"),
    ("two shares", lambda _: None, ["--split", "80,20"], 2, r"--split: expected three numbers"),
    ("no share", lambda _: None, ["--split", "80,20,0"], 2, r"--split: expected three numbers"),
    ("a word as share", lambda _: None, ["--split", "8,1,x"], 2, r"--split: .*'8,1,x'"),
    ("a share past 1", lambda _: None, ["--max-unknown", "2"], 2, r"--max-unknown"),
    ("unknown nothing", lambda _: None, ["--unknown", "x=chr1"], 2, r"--unknown: 'x' matches no"),
    ("unknown where", lambda _: None, ["--unknown", "K562=chr8"], 2, r"--unknown: no chromosome"),
    ("unknown malformed", lambda _: None, ["--unknown", "K562"], 2, r"--unknown: expected PATT"),
    ("no marker", lambda _: None, ["--markers", "x"], 2, r"--markers: no such marker"),
    ("no such task", lambda _: None, ["--task", "long"], 2, r"--task"),
    ("bins off the grid", lambda _: None, ["--task", "short", "--window", "1999"], 2,
     r"--window: expected a multiple of 200"),
    ("no bin", peaks_nowhere, ["--task", "short"], 2,
     r"--train: none of its windows has a bin that is mostly a peak of TFBS"),
    ("dense DeepSEA", lambda _: None, ["--task", "dense", "--deepsea", "m"], 2, r"--task: expect"),
    ("missing DeepSEA", lambda _: None, ["--deepsea", "m"], 1, r"train\.mat: No such file"),
    ("out exists", old_dataset, [], 1, r"out: exists already; --force"),
    ("out is a file", write("out", ""), ["--force"], 1, r"out: is a file; expected a folder"),
    (
        "force on a foreign folder",
        lambda w: ((w.folder / "out").mkdir(), (w.folder / "out" / "thesis.tex").touch()),
        ["--force"],
        1,
        r"out: not replaced: it is not a dataset \(no dataset\.json\)",
    ),
    (
        "a foreign folder where the work is done",
        lambda w: ((w.folder / "out.partial").mkdir(), write("out.partial/thesis.tex", "")(w)),
        [],
        1,
        r"out\.partial: is in the way: thesis\.tex in it is not regtrack's",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "more", "status", "message"), [pytest.param(*case[1:], id=case[0]) for case in BAD]
)
def test_prepare_says_in_one_line_and_leaves_nothing(
    tiny: TinyWorld,
    monkeypatch: pytest.MonkeyPatch,
    regtrack,
    edit: Edit,
    more: list[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(tiny.folder)
    edit(tiny)
    before = sorted(tiny.folder.rglob("*"))
    given, out, err = regtrack(*arguments(tiny, *more))
    assert given == status, err
    last = err.strip().splitlines()[-1]
    assert re.search(message, last), err
    assert out == ""
    assert "Traceback" not in err
    assert [one for one in sorted(tiny.folder.rglob("*")) if one.suffix != ".fai"] == before


def test_the_genome_is_missing_only_without_deepsea(tiny: TinyWorld, regtrack) -> None:
    status, _, err = regtrack("prepare", "--peaks", tiny.markers, "--out", tiny.folder / "out")
    assert (status, "--genome: missing; only --deepsea" in err) == (2, True)


def test_only_a_dataset_is_replaced(tiny: TinyWorld, regtrack) -> None:
    assert regtrack(*arguments(tiny))[0] == 0
    before = files_of(tiny.folder / "out")
    assert regtrack(*arguments(tiny))[0] == 1
    # An error during the second run leaves the first one's folder as it was.
    peaks("chr2\t7000\t7004\n")(tiny)
    assert regtrack(*arguments(tiny, "--force"))[0] == 1
    assert files_of(tiny.folder / "out") == before


def run_child(world: TinyWorld, before: str) -> subprocess.Popen[str]:
    code = f"{before}; from regtrack.cli.main import run; sys.exit(run({arguments(world)}))"
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; {code}"], stderr=subprocess.PIPE, text=True
    )


def test_a_killed_run_leaves_nothing_that_looks_finished(tiny: TinyWorld, regtrack) -> None:
    stop = (
        "import signal; from regtrack.datasets.contents import Contents as c; "
        "c.write = lambda *_: signal.pause()"
    )
    process = run_child(tiny, stop)
    work = tiny.folder / "out.partial"
    wait_until((work / "whole" / "labels.offsets.npy").exists, process)
    status, _, err = regtrack(*arguments(tiny))
    assert (status, "out.partial: another run is at work here" in err) == (75, True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tiny.folder / "out").exists()
    assert work.exists()
    status, _, err = regtrack(*arguments(tiny))
    assert status == 0, err
    assert not work.exists()


def test_a_full_disk_is_one_line_and_leaves_nothing(tiny: TinyWorld) -> None:
    before = sorted(tiny.folder.iterdir())
    # The file size that may not be passed stands for a disk without room; labels need more.
    rows = "".join(f"chr1\t{start}\t{start + 1}\n" for start in range(0, 44_000, 2))
    (tiny.folder / "peaks" / "0.narrowPeak").write_text(rows)
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (20_000, 20_000))"
    process = run_child(tiny, limit)
    _, err = process.communicate()
    assert process.returncode == 1, err
    last = err.strip().splitlines()[-1]
    assert re.search(r"labels\.npy: File too large$", last), err
    assert [one for one in sorted(tiny.folder.iterdir()) if one.suffix != ".fai"] == before


def test_real_windows_and_labels_equal_an_independent_computation(
    real_data: Path, tmp_path: Path, regtrack
) -> None:
    """Base by base on chr22 of hg19, with two real lists of excluded regions."""
    from regtrack.datasets.folder import open_dataset
    from regtrack.genome.fasta import Genome

    lists = sorted((real_data / "exclude").glob("*.bed"))
    status, _, err = regtrack(
        *("prepare", "--genome", real_data / "genome.fa.gz", "--peaks", real_data / "markers.tsv"),
        *("--out", tmp_path / "set", "--markers", "CTCF", "--markers", "*H3K4me3*"),
        *("--valid", "chr22:19,205,449-20,509,431", "--test", "chr22:20,609,431-22,000,000"),
        *(word for path in lists for word in ("--exclude", path)),
    )
    assert status == 0, err
    dataset = open_dataset(tmp_path / "set")
    size = dataset.chrom_sizes["chr22"]
    whole = size // 25_000
    unknown = Genome(real_data / "genome.fa.gz").codes("chr22", 0, whole * 25_000) == 0
    excluded = np.zeros(size, dtype=bool)
    for path in lists:
        for line in path.read_text().splitlines():
            chrom, start, end = line.split()[:3]
            if chrom == "chr22":
                excluded[int(start) : int(end)] = True
    kept = unknown.reshape(whole, -1).sum(axis=1) <= 2_500
    kept &= excluded[: whole * 25_000].reshape(whole, -1).sum(axis=1) <= 2_500
    expected: dict[str, list[int]] = {"train": [], "valid": [], "test": []}
    for start in (np.flatnonzero(kept) * 25_000).tolist():
        end = start + 25_000
        if start >= 19_205_448 and end <= 20_509_431:
            expected["valid"].append(start)
        elif start >= 20_609_430 and end <= 22_000_000:
            expected["test"].append(start)
        elif all(
            end <= a or start >= b for a, b in ((19_205_448, 20_509_431), (20_609_430, 22_000_000))
        ):
            expected["train"].append(start)
    for split, starts in expected.items():
        windows = dataset.windows(split)
        here = [windows[i].start for i in range(len(windows)) if windows[i].chrom == "chr22"]
        assert here == starts
    assert len(expected["valid"]) > 40
    for row, marker in enumerate(dataset.markers):
        truth = np.zeros(size, dtype=np.uint8)
        with gzip.open(real_data / "peaks" / Path(marker.file).name, "rt") as peaks:
            lines = peaks.read().splitlines()
        for line in lines:
            chrom, start, end = line.split()[:3]
            if chrom == "chr22":
                truth[int(start) : int(end)] = 1
        for start in expected["valid"] + expected["test"]:
            found = dataset.labels.spread("chr22", start, start + 25_000)[row]
            np.testing.assert_array_equal(found, truth[start : start + 25_000])


def test_peaks_that_look_like_summits_are_said(tiny: TinyWorld, regtrack) -> None:
    file = tiny.folder / "peaks" / "0.narrowPeak"
    rows = [row.split("\t") for row in file.read_text().splitlines()]
    file.write_text("".join(f"{row[0]}\t{row[1]}\t{int(row[1]) + 1}\n" for row in rows))
    status, _, err = regtrack(*arguments(tiny))
    assert status == 0, err
    assert (
        f"regtrack: note: {tiny.markers}: half of the peaks have 1 base or less in 0.narrowPeak: "
        "these look like summits; were *_peaks.narrowPeak meant?"
    ) in err.splitlines()
