"""What a tired person gives: one line that says what was expected, and no half-written file."""

from __future__ import annotations

import gzip
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import TINY_SIZES, TinyWorld, a_marker, write_checkpoint, write_fasta, write_markers
from cli_helpers import predict_arguments
from safetensors.torch import load_file, save_file

Edit = Callable[[TinyWorld], object]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def cut(path: Path, share: float = 0.6) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def gzipped(world: TinyWorld) -> None:
    world.genome.write_bytes(gzip.compress(world.genome.read_bytes()))


def newer_checkpoint(world: TinyWorld) -> None:
    import safetensors

    with safetensors.safe_open(world.model, framework="pt") as file:
        text = file.metadata()["regtrack"]
    text = text.replace('"format":1', '"format":7')
    save_file(load_file(world.model), world.model, metadata={"regtrack": text})


def other_assembly(world: TinyWorld) -> None:
    write_checkpoint(world.model, [a_marker()], {**TINY_SIZES, "chr2": 9_999})


def peaks(line: str) -> Edit:
    """Put a line in front of the first marker's peaks."""

    def edit(world: TinyWorld) -> None:
        path = world.folder / "peaks" / "0.narrowPeak"
        path.write_text(line + path.read_text())

    return edit


def old_tracks(world: TinyWorld) -> None:
    (world.folder / "tracks").mkdir()
    (world.folder / "tracks" / "tracks.json").touch()


def peaks_elsewhere(world: TinyWorld) -> None:
    (world.folder / "peaks" / "0.narrowPeak").write_text("scaffold_1\t10\t20\n")


PREDICT: list[tuple[str, Edit, list[str], int, str]] = [
    (
        "missing genome",
        lambda w: w.genome.unlink(),
        [],
        1,
        r"genome\.fa: no such file; .* fetch genome",
    ),
    ("empty genome", lambda w: w.genome.write_text(""), [], 1, r"genome\.fa: empty file; expected"),
    ("not FASTA", lambda w: w.genome.write_text("hello\n"), [], 1, r"genome\.fa:1: not a FASTA"),
    ("gzip genome", gzipped, [], 1, r"genome\.fa: compressed with gzip.*: gunzip "),
    (
        "uneven FASTA",
        lambda w: replace(w.genome, "\n", "\nACG\n"),
        [],
        1,
        r"genome\.fa:3: a line of",
    ),
    (
        "genome is a folder",
        lambda w: (w.genome.unlink(), w.genome.mkdir()),
        [],
        1,
        r"genome\.fa: Is a directory",
    ),
    ("unknown region", lambda _: None, ["chr9"], 1, r"region 'chr9': .* has chr1, chr2, chrM"),
    ("region outside", lambda _: None, ["chr2:1-8,000"], 1, r"outside .*: chr2 has 7,003 bases"),
    (
        "region reversed",
        lambda _: None,
        ["chr2:90-20"],
        1,
        r"it ends before it starts; use chr2:20-90$",
    ),
    (
        "region is zero",
        lambda _: None,
        ["chr2:0-20"],
        1,
        r"positions count from 1; use chr2:1-20$",
    ),
    ("region malformed", lambda _: None, ["chr2:90"], 1, r"expected CHROM or CHROM:START-END"),
    ("region all N", lambda _: None, ["chr1:1-500"], 1, r"nothing but N"),
    ("no region", lambda _: None, ["-"], 2, r"Missing argument 'REGION\.\.\.'"),
    ("missing model", lambda w: w.model.unlink(), [], 1, r"model\.safetensors: no such"),
    ("truncated model", lambda w: cut(w.model), [], 1, r"model\.safetensors: truncated, or not"),
    ("empty model", lambda w: w.model.write_bytes(b""), [], 1, r"model\.safetensors: truncated"),
    (
        "pickle",
        lambda w: w.model.write_bytes(pickle.dumps({"a": 1})),
        [],
        1,
        r"model\.safetensors: a pickle.*expected \.safetensors",
    ),
    ("newer model", newer_checkpoint, [], 1, r"format 7; this regtrack reads up to 2"),
    ("other assembly", other_assembly, [], 1, r"genome\.fa: is .*\(chr2 has 7,003 bases\)"),
    ("no marker left", lambda _: None, ["--markers", "HeLa*"], 2, r"--markers: no such marker"),
    ("negative error", lambda _: None, ["--max-error", "-1"], 2, r"--max-error: expected 0\.0001"),
    ("floor past 1", lambda _: None, ["--floor", "2"], 2, r"--floor: expected a probability"),
    (
        "threshold under the floor",
        lambda _: None,
        ["--peak-threshold", "0.001", "--floor", "0.01"],
        2,
        r"--peak-threshold: expected at least the --floor, 0\.01",
    ),
    ("short window", lambda _: None, ["--window", "9000"], 2, r"--window: .* at least 10950"),
    ("no such device", lambda _: None, ["--device", "tpu"], 2, r"--device: expected auto, cpu"),
    ("no such option", lambda _: None, ["--windows", "9"], 2, r"No such option"),
    ("zero workers", lambda _: None, ["--workers", "0"], 2, r"--workers"),
    ("out exists", old_tracks, [], 1, r"tracks: exists already; --force"),
    ("out is a file", lambda w: (w.folder / "tracks").touch(), [], 1, r"tracks: is a file"),
    (
        "a foreign folder where the run would work",
        lambda w: (
            (w.folder / "tracks.partial").mkdir(),
            (w.folder / "tracks.partial" / "thesis.tex").touch(),
        ),
        ["--force"],
        1,
        r"tracks\.partial: is in the way: thesis\.tex in it is not regtrack's",
    ),
    (
        "force on a foreign folder",
        lambda w: ((w.folder / "tracks").mkdir(), (w.folder / "tracks" / "thesis.tex").touch()),
        ["--force"],
        1,
        r"tracks: not replaced: it is not a tracks folder",
    ),
]


@pytest.mark.parametrize(
    ("edit", "arguments", "status", "message"),
    [pytest.param(*case[1:], id=case[0]) for case in PREDICT],
)
def test_predict_says_in_one_line(
    tiny: TinyWorld, regtrack, edit: Edit, arguments: list[str], status: int, message: str
) -> None:
    edit(tiny)
    before = sorted(tiny.folder.rglob("*"))
    regions = [one for one in arguments if one.startswith("chr")] or ["chr2"]
    if arguments == ["-"]:
        regions, arguments = [], []
    options = [one for one in arguments if one not in regions]
    command = predict_arguments(tiny, tiny.folder / "tracks", regions=regions)
    given, out, err = regtrack(*command, *options)
    assert given == status
    assert re.search(message, err), err
    assert out == ""
    # Usage errors show the usage as well; everything else is one line behind the device.
    lines = [one for one in err.splitlines() if not one.startswith("device: ")]
    assert len(lines) == 1 or lines[0].startswith("Usage: ")
    assert [one for one in sorted(tiny.folder.rglob("*")) if one.suffix != ".fai"] == before


PEAKS: list[tuple[str, Edit, str]] = [
    ("past the end", peaks("chr2\t7000\t7004\n"), r"0\.narrowPeak:1: ends at 7,004, past"),
    ("end before start", peaks("chr2\t70\t60\n"), r"0\.narrowPeak:1: expected start <= end"),
    ("a letter", peaks("#\nchr2\t7O\t90\n"), r"0\.narrowPeak:2: expected whole numbers"),
    ("two columns", peaks("chr2\t70\n"), r"0\.narrowPeak:1: expected at least chrom"),
    ("nothing in common", peaks_elsewhere, r"it has scaffold_1, the genome has chr1, chr2"),
    ("past any chromosome", peaks(f"chr1\t5\t{10**22}\n"), r":1: expected positions up to"),
    (
        "missing column",
        lambda w: replace(w.markers, "name", "Name"),
        r"markers\.tsv:1: no column name; expected",
    ),
    (
        "name twice",
        lambda w: replace(w.markers, "HepG2|DNase|None", "K562|CTCF|None"),
        r"markers\.tsv:3: name 'K562\|CTCF\|None' stands twice",
    ),
    (
        "missing peaks",
        lambda w: replace(w.markers, "peaks/1.narrowPeak", "peaks/9.narrowPeak"),
        r"markers\.tsv:3: no peak file 'peaks/9\.narrowPeak'",
    ),
    (
        "no category",
        lambda w: replace(w.markers, "\tDNase\t", "\t\t"),
        r"markers\.tsv:3: expected a category, such as TFBS, DNase, Histone or ATAC, got an empty",
    ),
    ("empty table", lambda w: w.markers.write_text(""), r"markers\.tsv: holds no marker"),
]


@pytest.mark.parametrize(
    ("edit", "message"), [pytest.param(*case[1:], id=case[0]) for case in PEAKS]
)
def test_peaks_that_cannot_be_used_are_one_line(
    tiny: TinyWorld, regtrack, edit: Edit, message: str
) -> None:
    edit(tiny)
    before = sorted(tiny.folder.rglob("*"))
    given, out, err = regtrack(
        *("prepare", "--genome", tiny.genome, "--peaks", tiny.markers, "--window", "2000"),
        *("--out", tiny.folder / "dataset"),
    )
    assert (given, out) == (1, "")
    assert re.search(message, re.split(r"[\r\n]+", err.strip())[-1]), err
    assert "Traceback" not in err
    assert [one for one in sorted(tiny.folder.rglob("*")) if one.suffix != ".fai"] == before


def test_another_assembly_can_be_insisted_on(tiny: TinyWorld, regtrack) -> None:
    other_assembly(tiny)
    out = tiny.folder / "tracks"
    status, _, _ = regtrack(*predict_arguments(tiny, out, "--any-genome", regions=["chrM"]))
    assert status == 0
    assert (out / "tracks.json").is_file()


def test_chromosomes_without_prefix_are_found(tiny: TinyWorld, regtrack) -> None:
    write_fasta(tiny.genome, {name[3:]: text for name, text in tiny.sequences.items()})
    out = tiny.folder / "tracks"
    status, _, _ = regtrack(*predict_arguments(tiny, out, regions=["chrM"]))
    assert status == 0
    assert (out / "predicted.bed").read_text() == "M\t0\t16\n"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda w, t: (t / "tracks.json").unlink(), r"not a tracks folder \(no tracks\.json\)"),
        (lambda w, t: replace(t / "tracks.json", '"format": 1', '"format": 9'), r"format 9; .* 2:"),
        (lambda w, t: cut(t / "tracks.json"), r"tracks\.json: damaged"),
        (lambda w, t: cut(t / "bigwig" / "0_K562_CTCF_None.bw"), r"0_K562_CTCF_None\.bw: "),
        (lambda w, t: (t / "predicted.bed").unlink(), r"predicted\.bed: No such file"),
        (
            lambda w, t: write_markers(w.markers, [a_marker(name="other")]),
            r"markers\.tsv:2: no peak",
        ),
    ],
)
def test_eval_says_in_one_line(
    predicted: tuple[TinyWorld, Path], tiny: TinyWorld, regtrack, edit, message: str
) -> None:
    import shutil

    tracks = tiny.folder / "tracks"
    shutil.copytree(predicted[1], tracks)
    edit(tiny, tracks)
    status, out, err = regtrack("eval", tracks, "--peaks", tiny.markers)
    assert status == 1
    assert re.search(message, err), err
    assert out == ""


def test_an_earlier_report_is_replaced_only_when_forced(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    command = ("eval", tracks, "--peaks", world.markers, "--out", tmp_path)
    assert regtrack(*command)[0] == 0
    status, _, err = regtrack(*command)
    assert (status, "holds a report already; --force" in err) == (1, True)
    assert regtrack(*command, "--force")[0] == 0
    file = tmp_path / "file"
    file.touch()
    assert "is a file" in regtrack(*command[:-1], file)[2]


def test_eval_where_nothing_was_predicted(predicted: tuple[TinyWorld, Path], regtrack) -> None:
    world, tracks = predicted
    status, _, err = regtrack("eval", tracks, "--peaks", world.markers, "--region", "chr1:1-1000")
    assert status == 1
    assert "nothing was predicted there" in err


def test_a_chromosome_too_long_for_the_format_is_told_before_any_work(
    tiny: TinyWorld, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtrack.prediction.scope.LONGEST_CHROM", 40_000)
    status, _, err = regtrack(*predict_arguments(tiny, tiny.folder / "tracks"))
    assert status == 1
    assert err.splitlines()[-1].endswith(
        "genome.fa: chr1 has 45,000 bases; BigWig files count to 40,000"
    )
    assert not list(tiny.folder.glob("tracks*"))


# The files of a pattern without quotes, as bash puts them in place of it; `{a}` is the first.
@pytest.mark.parametrize(
    "command",
    [
        "init --peaks {a} {b}",
        "init --peaks {a} {b} {c}",
        "prepare --out out --peaks {a} {b} {c}",
        "doctor --peaks {a} {b}",
        "eval tracks --peaks {a} {b}",
        "session --peaks {a} {b} tracks",
        "predict chr1 --out out --peaks {a} {b} {c}",
        "explain model.safetensors --peaks {a} {b} {c} --out out",
    ],
)
def test_a_pattern_that_the_shell_took_apart_is_said_to_need_quotes(
    tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p").mkdir()
    names = {name: f"p/{name}.narrowPeak" for name in "abc"}
    for file in names.values():
        Path(file).touch()
    status, out, err = regtrack(*command.format(**names).split())
    many = command.count("{")
    assert (status, out, err) == (
        2,
        "",
        f"regtrack: --peaks: {many} files follow, p/a.narrowPeak first: a pattern needs quotes, as "
        "'p/*'\n",
    )


def test_a_region_may_stand_behind_peaks(tiny: TinyWorld, regtrack) -> None:
    peaks, region = (tiny.folder / f"{name}.bed" for name in ("K562|CTCF|None", "region"))
    for path in peaks, region:
        path.write_text("chr1\t20000\t20900\n")
    status, _, err = regtrack(
        *("predict", "--peaks", peaks, region, "--model", tiny.model, "--genome", tiny.genome),
        *("--out", tiny.folder / "out", "--plan"),
    )
    assert status == 0, err


def test_of_several_peaks_none_is_passed_over_in_silence(
    tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.bed", "b.bed"):
        Path(name).write_text("chr1\t100\t900\n")
    for words in (
        ("prepare", "--out", "out", "--peaks", "a.bed", "--peaks", "b.bed"),
        ("eval", "tracks", "--peaks=a.bed", "--peaks", "b.bed"),
    ):
        assert regtrack(*words) == (
            2,
            "",
            "regtrack: --peaks: given twice; regtrack init --peaks A --peaks B makes one markers "
            "table of several\n",
        )
    status, out, err = regtrack("init", "--peaks", "a.bed", "--peaks", "b.bed")
    assert (status, err) == (0, "")
    assert out.startswith("wrote markers.tsv: 2 markers (2 TFBS)\n")
