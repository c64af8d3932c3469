"""`regtrack explain` as a user meets it: what it prints, leaves, and refuses."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch
from builders import TINY_SIZES, TinyWorld, Unwatched, a_marker, write_checkpoint
from cli_helpers import files_of

from regtrack.explain.explained_models import read_models
from regtrack.explain.stretch import explain_stretch
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers
from regtrack.genome.regions import parse_region
from regtrack.models.checkpoint import load_network, read_checkpoint, save_checkpoint
from regtrack.models.validated import Validated

REGION = "chr1:24,001-31,000"
MARKERS = [
    a_marker(0, "K562|CTCF|None", "TFBS"),
    a_marker(1, "HepG2|DNase|None", "DNase"),
    a_marker(2, "K562|H3K4me3|None", "Histone"),
]


def command(world: TinyWorld, *more: object, models: tuple[Path, ...] = ()) -> list[str]:
    """A whole command line; `more` begins with the region."""
    options = ["--genome", world.genome, "--out", world.folder / "out", "--device", "cpu"]
    return [str(one) for one in ("explain", *(models or (world.model,)), *more, *options)]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture
def cnn7(tiny: TinyWorld) -> Path:
    (tiny.folder / "other").mkdir()
    path = tiny.folder / "other" / "model.safetensors"  # named as the other one
    return write_checkpoint(path, MARKERS, TINY_SIZES, architecture="cnn7")


def test_it_prints_a_row_per_network_and_says_what_it_wrote(
    tiny: TinyWorld, cnn7: Path, regtrack
) -> None:
    status, out, err = regtrack(
        *command(tiny, REGION, "--marker", "K562|CTCF|None", models=(tiny.model, cnn7)),
        *("--peaks", tiny.markers),
    )
    assert status == 0, err
    lines = out.splitlines()
    assert lines[0] == f"K562|CTCF|None in {REGION}"
    assert lines[1].split() == ["model", "network", "positives", "from", "bases"] + [
        *("width_50", "width_90", "width_99", "context")
    ]
    assert lines[2].split()[:4] == ["model", "dilated", "measured", "peaks"]
    assert lines[3].split()[:2] == ["model_2", "cnn7"]
    assert lines[-1] == f"wrote {tiny.folder / 'out'}"
    files = [tiny.folder / "out" / name for name in ("model.bw", "model.bed")]
    assert lines[-2] == f"to see it in IGV: File > Load from File, {files[0]} and {files[1]}"
    assert "model_2, explaining" in err
    written = files_of(tiny.folder / "out")
    assert sorted(written) == [
        *("explain.png", "explain.tsv", "model.bed", "model.bw", "model_2.bed", "model_2.bw"),
        "stretches.tsv",
    ]
    assert written["explain.png"].startswith(b"\x89PNG")
    rows = rows_of(tiny.folder / "out" / "explain.tsv")
    assert [row["architecture"] for row in rows] == ["dilated", "cnn7"]
    assert rows[0]["positive_bases"] == rows[1]["positive_bases"]
    assert int(rows[1]["width_99"]) <= 2 * 259 + 1
    assert (rows[1]["context_left"], rows[1]["context_right"]) == ("209", "259")


def test_the_bigwig_holds_the_relative_norm_of_every_base(tiny: TinyWorld, regtrack) -> None:
    status, _, err = regtrack(
        *command(tiny, REGION, "--marker", "*DNase*"), "--peaks", tiny.markers
    )
    assert status == 0, err
    genome = Genome(tiny.genome)
    model = read_models([tiny.model], tiny.genome, TINY_SIZES, any_genome=False)[0]
    region = parse_region(REGION, TINY_SIZES)
    marker = read_markers(tiny.markers)[1]
    peaks = read_bed(Path(marker.file), TINY_SIZES)["chr1"].clip(region.start, region.end)
    expected = explain_stretch(
        model, genome, marker, region, peaks, torch.device("cpu"), Unwatched()
    )
    with pyBigWig.open(str(tiny.folder / "out" / "model.bw")) as file:
        assert file.chroms() == TINY_SIZES
        values = file.values("chr1", expected.start, expected.end, numpy=True)
        assert file.header()["nBasesCovered"] == np.count_nonzero(~np.isnan(values))
        assert file.intervals("chr2") is None
    np.testing.assert_array_equal(values, expected.relative)
    assert np.nanmax(values) == 1
    assert np.isnan(values[30_001 - expected.start])  # N


def test_without_peaks_it_says_that_each_network_has_its_own_bases(
    tiny: TinyWorld, cnn7: Path, regtrack
) -> None:
    status, out, err = regtrack(
        *command(tiny, REGION, "--marker", "*DNase*", models=(tiny.model, cnn7))
    )
    assert status == 0, err
    assert out.count("prediction >= 0.25") == 2
    assert "\nno --peaks: positive is what" in out
    assert "each its own bases" in out
    rows = rows_of(tiny.folder / "out" / "explain.tsv")
    assert [(row["positives_from"], row["threshold"]) for row in rows] == [
        ("prediction", "0.25")
    ] * 2


def test_the_strongest_stretches_are_a_table_and_a_bed_file_and_five_are_printed(
    tiny: TinyWorld, regtrack
) -> None:
    status, out, err = regtrack(*command(tiny, REGION, "--marker", "*DNase*"))
    assert status == 0, err
    rows = rows_of(tiny.folder / "out" / "stretches.tsv")
    assert len(rows) == 20
    genome = Genome(tiny.genome)
    for row in rows:
        codes = genome.codes(row["chrom"], int(row["start"]), int(row["end"]))
        assert "".join("NACTG"[code] for code in codes) == row["letters"]
        assert row["effect"] == ("raises" if float(row["contribution"]) > 0 else "lowers")
    assert float(rows[0]["relative"]) == 1
    bed = [line.split("\t") for line in (tiny.folder / "out" / "model.bed").read_text().split("\n")]
    assert bed.pop() == [""]
    assert [int(line[1]) for line in bed] == sorted(int(row["start"]) for row in rows)
    (strongest,) = [line for line in bed if line[4] == "1000"]
    assert strongest[:4] == [rows[0][name] for name in ("chrom", "start", "end", "letters")]
    printed = out[out.index("model: strongest stretches, all in stretches.tsv:") :].splitlines()
    first = f"  chr1:{int(rows[0]['start']) + 1:,}-{int(rows[0]['end']):,}  {rows[0]['letters']}"
    assert printed[1] == f"{first}  {rows[0]['effect']}"
    assert len([line for line in printed if line.startswith("  chr1:")]) == 5


def test_of_a_marker_that_was_not_better_than_chance_in_validation_a_line_says_so(
    tiny: TinyWorld, regtrack
) -> None:
    checkpoint = read_checkpoint(tiny.model)
    weak = (0.002, 0.0031, 0.001, 0.0035), (0.002, 0.01, None, None), (0.01, 0.3, 0.2, 0.4)
    validated = tuple(Validated(*values) for values in weak)
    network = load_network(tiny.model, torch.device("cpu"))
    save_checkpoint(tiny.model, replace(checkpoint, validated=validated), network)
    for marker, said in (
        (
            "K562|CTCF|None",
            "not clearly better than chance (average precision 0.0031, by chance 0.0020)",
        ),
        (
            "HepG2|DNase|None",
            "too few peaks to tell (average precision 0.0100, by chance 0.0020)",
        ),
        ("K562|H3K4me3|None", None),
    ):
        _, out, err = regtrack(*command(tiny, REGION, "--marker", marker), "--force")
        lines = [line for line in out.splitlines() if "in validation" in line]
        wanted = f"model, {marker} in validation: {said}; what it looked at may mean nothing"
        assert lines == ([wanted] if said else []), err


def test_it_begins_with_predictions_where_that_is_asked_for_and_says_so(
    tiny: TinyWorld, regtrack
) -> None:
    arguments = command(tiny, REGION, "--marker", "*DNase*", "--peaks", tiny.markers)
    status, out, err = regtrack(*arguments, "--from", "predicted")
    assert status == 0, err
    assert "prediction >= 0.25" in out
    assert "\n--from predicted: positive is what a network predicts with the marker's" in out
    assert "no measured peak" not in out


def test_without_a_network_it_takes_that_of_the_configuration_or_the_option(
    tiny: TinyWorld, cnn7: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tiny.folder / "regtrack.toml").write_text(
        '[defaults]\ngenome = "genome.fa"\nmodel = "model.safetensors"\n'
    )
    monkeypatch.chdir(tiny.folder)
    usual = ["explain", REGION, "--marker", "*DNase*", "--out", "out", "--force"]
    for more, architecture in ((), "dilated"), (("--model", cnn7), "cnn7"):
        status, _, err = regtrack(*usual, *more)
        assert status == 0, err
        (row,) = rows_of(tiny.folder / "out" / "explain.tsv")
        assert row["architecture"] == architecture


def test_peaks_may_stand_in_the_configuration_file(
    tiny: TinyWorld, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tiny.folder / "regtrack.toml").write_text(
        '[defaults]\ngenome = "genome.fa"\npeaks = "markers.tsv"\nmodel = "model.safetensors"\n'
    )
    monkeypatch.chdir(tiny.folder)
    status, out, err = regtrack(
        *("explain", "model.safetensors", REGION, "--marker", "*DNase*", "--out", "out")
    )
    assert status == 0, err
    assert "measured peaks" in out


def test_a_recurrent_network_and_one_of_the_short_task_stand_beside_it(
    tiny: TinyWorld, regtrack
) -> None:
    models = [tiny.model]
    for task, name in (("dense", "bi-lstm"), ("short", "cnn3")):
        path = tiny.folder / f"{name}.safetensors"
        models.append(write_checkpoint(path, MARKERS, TINY_SIZES, task=task, architecture=name))
    arguments = command(tiny, REGION, "--marker", "*DNase*", models=tuple(models))
    status, out, err = regtrack(*arguments, "--peaks", tiny.markers)
    assert status == 0, err
    assert "-5,019 +5,019 (followed)" in out
    assert "bi-lstm: no bound is known for how far it reads" in out
    rows = rows_of(tiny.folder / "out" / "explain.tsv")
    assert [row["context_exact"] for row in rows] == ["yes", "no", "yes"]


def test_all_is_a_table_of_every_marker_the_widest_first(
    tiny: TinyWorld, cnn7: Path, regtrack
) -> None:
    arguments = command(tiny, "all", "--all", models=(tiny.model, cnn7))
    status, out, err = regtrack(*arguments, "--peaks", tiny.markers, "--samples", 3)
    assert status == 0, err
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:5] == ["marker", "category", "model", "samples", "width_50"]
    widths = [int(line[5].replace(",", "")) for line in lines[1:7]]
    assert widths == sorted(widths, reverse=True)
    assert [line[2] for line in lines[1:7]] == ["model"] * 3 + ["model_2"] * 3
    assert [line[:5] for line in lines[7:9]] == [
        ["median", "of", "1", "TFBS", "model"],
        ["median", "of", "1", "DNase", "model"],
    ]
    assert "positive bases: middles of measured peaks" in out
    assert "model_2, explaining" in err
    assert sorted(files_of(tiny.folder / "out")) == ["context.png", "context.tsv"]
    rows = rows_of(tiny.folder / "out" / "context.tsv")
    assert [row["name"] for row in rows] == [marker.name for marker in MARKERS] * 2
    assert {row["samples"] for row in rows} == {"3"}
    assert all(float(row["beyond_1000"]) > 0 for row in rows[:3])
    assert all(float(row["beyond_1000"]) == 0 for row in rows[3:])


def test_markers_choose_and_those_without_a_peak_are_listed(tiny: TinyWorld, regtrack) -> None:
    (tiny.folder / "peaks" / "2.narrowPeak").write_text("chr1\t30000\t30400\n")
    arguments = command(tiny, "chr2", "--markers", "K562*", "--samples", 2)
    status, out, err = regtrack(*arguments, "--peaks", tiny.markers)
    assert status == 0, err
    assert "model: no positive base of K562|H3K4me3|None" in out
    rows = rows_of(tiny.folder / "out" / "context.tsv")
    assert [(row["index"], row["samples"]) for row in rows] == [("0", "1"), ("2", "0")]
    assert [rows[1][name] for name in ("width_50", "width_99", "beyond_250")] == ["", "", ""]


def test_the_same_command_writes_the_same_bytes_again_when_forced(
    tiny: TinyWorld, regtrack
) -> None:
    arguments = command(tiny, "chr2", "--marker", "*DNase*")
    assert regtrack(*arguments)[0] == 0
    before = files_of(tiny.folder / "out")
    status, _, err = regtrack(*arguments)
    assert (status, "out: exists already; --force replaces it" in err) == (1, True)
    assert regtrack(*arguments, "--force")[0] == 0
    assert files_of(tiny.folder / "out") == before
    # What the other question left is replaced, too.
    assert regtrack(*command(tiny, "chr2", "--all", "--samples", 1), "--force")[0] == 0
    assert sorted(files_of(tiny.folder / "out")) == ["context.png", "context.tsv"]


def test_a_folder_of_something_else_is_not_replaced(tiny: TinyWorld, regtrack) -> None:
    out = tiny.folder / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    status, _, err = regtrack(*command(tiny, "chr2", "--marker", "*DNase*", "--force"))
    assert (status, "not replaced: it is not what regtrack explain writes" in err) == (1, True)
    assert (out / "thesis.txt").exists()


def test_nothing_is_left_where_a_file_cannot_be_written(
    tiny: TinyWorld, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regtrack.explain import stretch_files

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stretch_files, "_write_bigwig", full)
    before = files_of(tiny.folder)
    status, _, err = regtrack(*command(tiny, "chr2", "--marker", "*DNase*"))
    assert (status, "No space left on device" in err) == (1, True)
    assert files_of(tiny.folder).keys() - before.keys() <= {"genome.fa.fai"}


def other_markers(world: TinyWorld) -> None:
    path = world.folder / "other.safetensors"
    write_checkpoint(path, [a_marker(0, "K562|DNase|None", "DNase")], TINY_SIZES)


def other_assembly(world: TinyWorld) -> None:
    write_checkpoint(world.model, MARKERS, {**TINY_SIZES, "chr2": 9_999})


def nothing(_: TinyWorld) -> None:
    """The world as it is."""


ONE, HERE = ["--marker", "*DNase*"], "chr1:24,001-31,000"
BAD: list[tuple[str, Callable[[TinyWorld], object], list[str], int, str]] = [
    (
        "no question",
        nothing,
        [HERE],
        2,
        r"--marker: expected exactly one of",
    ),
    ("no region", nothing, ["model.safetensors", *ONE], 2, r"REGION: model\.safetensors is a chec"),
    ("two questions", nothing, [HERE, *ONE, "--all"], 2, r"expected exactly one of"),
    ("all and some", nothing, [HERE, "--all", "--markers", "CTCF"], 2, r"expected exactly one"),
    ("samples of one", nothing, [HERE, *ONE, "--samples", "2"], 2, r"--samples: is for --all"),
    ("no sample", nothing, [HERE, "--all", "--samples", "0"], 2, r"--samples"),
    (
        "mistyped marker",
        nothing,
        [HERE, "--marker", "K562|CTFC|None"],
        2,
        r"--marker: no marker 'K562\|CTFC\|None' in .*the nearest is 'K562\|CTCF\|None'",
    ),
    (
        "unknown marker",
        nothing,
        [HERE, "--marker", "zebra"],
        2,
        r"--marker: no marker 'zebra' in .*the first is 'K562\|CTCF\|None'",
    ),
    (
        "several markers",
        nothing,
        [HERE, "--marker", "K562*"],
        2,
        r"'K562\*' fits 2 markers \(K562\|CTCF\|None, K562\|H3K4me3\|None\); expected one",
    ),
    (
        "not in the other network",
        other_markers,
        ["other.safetensors", HERE, *ONE],
        1,
        r"other\.safetensors: has no marker 'HepG2\|DNase\|None', which model\.safetensors has",
    ),
    ("no marker left", nothing, [HERE, "--markers", "zebra"], 2, r"--markers: no such marker"),
    ("only N", nothing, ["chr1:1-1,000", *ONE], 1, r"chr1:1-1,000: nothing but N in"),
    ("only N, all", nothing, ["chr1:1-1,000", "--all"], 1, r"chr1:1-1,000: nothing but N in"),
    ("past the end", nothing, ["chr2:1-8,000", *ONE], 1, r"outside the chromosome: chr2 has 7,003"),
    ("no chromosome", nothing, ["chr9", *ONE], 1, r"region 'chr9': no chrom"),
    ("several stretches", nothing, ["all", *ONE], 1, r"all: 3 stretches; --marker expects one"),
    (
        "no genome",
        lambda w: w.genome.unlink(),
        [HERE, *ONE],
        1,
        r"genome\.fa: no such file; .* fetch",
    ),
    ("no model", lambda w: w.model.unlink(), [HERE, *ONE], 1, r"model\.safetensors: no such"),
    (
        "a folder as model",
        lambda w: (w.folder / "tracks").mkdir(),
        ["tracks", HERE, *ONE],
        1,
        r"tracks: is a folder; expected a checkpoint",
    ),
    ("another file as model", nothing, ["genome.fa", HERE, *ONE], 1, r"genome\.fa: text, and no"),
    ("other assembly", other_assembly, [HERE, *ONE], 1, r"is an unknown assembly \(chr2 has 7,003"),
    ("no such table", nothing, [HERE, *ONE, "--peaks", "no.tsv"], 1, r"no\.tsv: No such file"),
    ("no such device", nothing, [HERE, *ONE, "--device", "tpu"], 2, r"--device: expected auto"),
    ("out is a file", nothing, [HERE, *ONE, "--out", "genome.fa"], 1, r"genome\.fa: is a file"),
    (
        "no positive base",
        nothing,
        ["chr1:1,001-1,001", *ONE],
        1,
        r"no base of chr1:1,001-1,001 is in a measured peak .* \(--peaks\)",
    ),
    (
        "no positive base, all",
        nothing,
        ["chrM", "--all", "--peaks", "markers.tsv"],
        1,
        r"chrM: no marker has a measured peak there; --from predicted begins with",
    ),
    (
        "measured, no table",
        nothing,
        [HERE, *ONE, "--from", "measured"],
        2,
        r"--peaks: is needed by",
    ),
    (
        "measured, no peak",
        nothing,
        ["chr1:1,001-1,001", *ONE, "--from", "measured", "--peaks", "markers.tsv"],
        1,
        r"chr1:1,001-1,001: no measured peak of HepG2\|DNase\|None there; --from predicted",
    ),
    ("two ways", nothing, [HERE, *ONE, "--model", "demo"], 2, r"--model: does not go with MODEL"),
    ("network, no region", nothing, ["demo", *ONE], 2, r"REGION: demo is a network; the region"),
]


@pytest.mark.parametrize(
    ("edit", "arguments", "status", "message"),
    [pytest.param(*case[1:], id=case[0]) for case in BAD],
)
def test_explain_says_in_one_line(
    tiny: TinyWorld,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    edit: Callable[[TinyWorld], object],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    edit(tiny)
    monkeypatch.chdir(tiny.folder)
    usual = ["--genome", "genome.fa", "--out", "out", "--device", "cpu"]
    given, out, err = regtrack("explain", "model.safetensors", *usual, *arguments)
    assert given == status, err
    assert re.search(message, err.strip().splitlines()[-1]), err
    assert out == ""
    assert "Traceback" not in err
    assert not list(tiny.folder.glob("out*"))


def test_too_long_a_stretch_is_refused_before_any_work(
    tiny: TinyWorld, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regtrack.explain import run as job

    monkeypatch.setattr(job, "LONGEST", 7_002)
    status, _, err = regtrack(*command(tiny, "chr2", "--marker", "*DNase*"))
    line = "regtrack: chr2: 7,003 bases; --marker expects 7,002 at most\n"
    assert (status, err) == (1, line)


def test_another_assembly_is_taken_when_asked_for(tiny: TinyWorld, regtrack) -> None:
    other_assembly(tiny)
    arguments = command(tiny, REGION, "--marker", "*DNase*", "--any-genome")
    status, _, err = regtrack(*arguments)
    assert status == 0, err
