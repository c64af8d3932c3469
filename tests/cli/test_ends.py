"""Every end says what next: what is missing, what is left, what differs, what comes now."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from builders import TinyDatasets, TinyWorld
from cli_helpers import predict_arguments

from regtrack.listing import counted

BRIEF = ("--batch-size", 2, "--device", "cpu", "--precision", "float32")


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Ctrl-C comes as soon as anything is done."""
    from regtrack.cli.progress import Progress

    whole = Progress.advanced

    def advanced(self: Progress, units: int) -> None:
        whole(self, units)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "advanced", advanced)
    return monkeypatch


def test_ctrl_c_says_how_far_it_came_and_that_the_same_command_goes_on(
    tiny: TinyWorld, tmp_path: Path, interrupted: pytest.MonkeyPatch, regtrack
) -> None:
    words = predict_arguments(tiny, tmp_path / "tracks")
    for quiet in ([], ["--quiet"]):
        status, out, err = regtrack(*words, *quiet)
        assert (status, out) == (130, "")
        assert re.fullmatch(
            r"regtrack: interrupted at \d+% of predicting; "
            "run the same command again to continue",
            err.splitlines()[-1],
        )
    interrupted.undo()
    assert regtrack(*words)[0] == 0


@pytest.mark.usefixtures("interrupted")
def test_ctrl_c_says_that_nothing_was_written_where_nothing_was(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    sources = ("--genome", tiny.genome, "--peaks", tiny.markers, "--window", 2_000)
    before = sorted(tmp_path.iterdir())
    status, _, err = regtrack("prepare", *sources, "--out", tmp_path / "dataset")
    assert status == 130
    assert re.fullmatch(
        r"regtrack: interrupted at \d+% of .*; nothing was written", err.splitlines()[-1]
    )
    assert sorted(tmp_path.iterdir()) == before


def test_other_settings_are_named_with_both_values_and_both_ways_out(
    tiny: TinyWorld, tmp_path: Path, interrupted: pytest.MonkeyPatch, regtrack
) -> None:
    out = tmp_path / "tracks"
    assert regtrack(*predict_arguments(tiny, out))[0] == 130
    interrupted.undo()
    more = ("--max-error", 0.01, "--peak-threshold", 0.4, "--markers", "CTCF")
    status, _, err = regtrack(*predict_arguments(tiny, out, *more))
    assert status == 1
    line = err.splitlines()[-1]
    assert line.startswith(f"regtrack: {out}.partial: holds an unfinished run with other ")
    for difference in (
        "max_error (0.003, now 0.01)",
        "peak_threshold (none, now 0.4)",
        "markers (3, now 1)",
    ):
        assert difference in line
    assert line.endswith("; --force drops it, with the former it continues")
    assert regtrack(*predict_arguments(tiny, out))[0] == 0


@pytest.mark.parametrize(
    "command",
    [
        ("predict", "chr1", "--out", "o", "--model"),
        ("thresholds",),
        ("info",),
        ("explain",),
    ],
    ids=lambda command: command[0],
)
def test_a_missing_checkpoint_is_answered_with_how_to_come_by_one(
    command: tuple[str, ...], tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    sources = (
        "--genome",
        tiny.genome,
        "--peaks",
        tiny.markers,
        "--out",
        tmp_path / "o.safetensors",
    )
    more: dict[str, tuple[object, ...]] = {
        "predict": ("--genome", tiny.genome),
        "thresholds": sources,
        "explain": ("chr1:1-100", "--all", *sources),
        "info": (),
    }
    status, out, err = regtrack(*command, "mine.safetensors", *more[command[0]])
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        "regtrack: mine.safetensors: no such checkpoint; regtrack train makes one, regtrack fetch "
        "model brings a published network, and demo comes with regtrack"
    )


def test_a_missing_genome_missing_peaks_and_missing_tracks_are_answered_alike(
    tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.chdir(tmp_path)
    err = regtrack("predict", "chr1", "--out", "t")[2]
    assert "Missing option '--genome'. A FASTA file, or: regtrack fetch genome hg19" in err
    err = regtrack("predict", "chr1", "--out", "t", "--genome", "no.fa")[2]
    assert err == (
        "regtrack: no.fa: no such file; expected FASTA (regtrack fetch genome hg19 brings one)\n"
    )
    err = regtrack("prepare", "--out", "d", "--genome", tiny.genome)[2]
    assert "Missing option '--peaks'. Your peak files, or those of hg19: regtrack fetch pe" in err
    err = regtrack("eval", "t", "--peaks", tiny.markers)[2]
    assert err.startswith("regtrack: t: no such file or folder; expected tracks (regtrack predict")


@pytest.mark.parametrize(
    ("region", "use"),
    [
        ("chr2:7,000-7,100", "chr2:7,000-7,003"),
        ("chr2:9,001-9,100", "chr2:6,904-7,003"),
        ("chr2:9,001-99,100", "chr2:1-7,003"),
        ("chr2:200-100", "chr2:100-200"),
        ("chr2:0-100", "chr2:1-100"),
    ],
)
def test_a_region_that_is_none_is_answered_with_the_nearest_that_is(
    region: str, use: str, tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    assert len(tiny.sequences["chr2"]) == 7_003
    out = tmp_path / "tracks"
    status, _, err = regtrack(*predict_arguments(tiny, out, regions=[region]))
    assert status == 1
    assert err.endswith(f"; use {use}\n")
    assert regtrack(*predict_arguments(tiny, out, "--plan", regions=[use]))[0] == 0


def test_commands_that_come_next_are_told_unless_it_is_to_be_quiet(
    datasets: TinyDatasets, tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    sources = ("--genome", tiny.genome, "--peaks", tiny.markers, "--window", 2_000)
    train = ("train", datasets.dense, "--model", "cnn1", "--steps", 1, *BRIEF)
    jobs: dict[str, tuple[tuple[object, ...], str]] = {
        "dataset": (("prepare", *sources), "next: regtrack train {} --out model.safetensors"),
        "t": (
            tuple(predict_arguments(tiny, Path("unused"), regions=["chrM"])),
            "look at them:  regtrack browse {}",
        ),
        "m.safetensors": (train, "predict with it: regtrack predict REGION --model {}"),
    }
    for name, (words, following) in jobs.items():
        loud, quiet = tmp_path / name, tmp_path / f"quiet-{name}"
        status, out, err = regtrack(*words, "--out", loud)
        assert status == 0, err
        assert out.count(following.format(loud)) == 1
        status, out, err = regtrack(*words, "--out", quiet, "--quiet")
        assert status == 0, err
        assert out.startswith(str(quiet)) or str(quiet) in out
        assert "regtrack " not in out


def test_numbers_of_one_are_singular_and_nothing_is_none(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    assert [counted(number, "marker") for number in (0, 1, 2, 1_000)] == [
        *("0 markers", "1 marker", "2 markers", "1,000 markers"),
    ]
    assert counted(1, "process", "processes") == "1 process"
    out, report = tmp_path / "tracks", tmp_path / "report"
    marker = ("--markers", "K562*")
    dataset = tmp_path / "dataset"
    sources = ("--genome", tiny.genome, "--peaks", tiny.markers)
    said = [
        regtrack(*predict_arguments(tiny, out, *marker, "--shards", 1)),
        regtrack("predict", "--shard", "1/1", "--out", out, "--workers", 1),
        regtrack("finish", out, "--workers", 1),
        regtrack("info", out),
        regtrack("eval", out, "--peaks", tiny.markers, "--out", report, "--region", "chr1"),
        regtrack("info", report),
        regtrack("prepare", *sources, *marker, "--window", 6_000, "--out", dataset),
        regtrack("info", dataset),
        regtrack("session", out),
    ]
    assert [status for status, _, _ in said] == [0] * len(said), said
    text = "".join(printed + err for _, printed, err in said)
    assert "1 marker" in text
    assert (
        re.findall(r"(?<![\d,.%/])\b1 \w+s\b", text.replace("1 is ", "").replace("1 has ", ""))
        == []
    )
    assert re.findall(r"(?<!\|)\bNone\b", text) == []


def test_ctrl_c_before_anything_is_done_does_not_promise_to_continue(
    tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    words = predict_arguments(tiny, tmp_path / "tracks")
    with monkeypatch.context() as patched:
        patched.setattr(
            "regtrack.cli.progress.Progress.advanced",
            lambda *_: signal.raise_signal(signal.SIGINT),
        )
        status, _, err = regtrack(*words)
    assert (status, err.splitlines()[-1]) == (
        130,
        "regtrack: interrupted at 0% of predicting; run the same command again",
    )
    assert regtrack(*words)[0] == 0


@pytest.mark.parametrize(
    ("done", "shown"), [(0, "0%"), (1, "less than 1%"), (10, "1%"), (999, "100%")]
)
def test_what_is_hardly_begun_is_not_called_0_percent(done: int, shown: str) -> None:
    from regtrack.cli.progress import Progress
    from regtrack.cli.teller import Teller

    teller = Teller(["predict", "--quiet"])
    bar = object.__new__(Progress)
    bar._teller, bar._stage, bar._total, bar._done = teller, "predicting", 1_000, done
    bar._reach()
    assert (teller.reached, teller.is_begun) == (f"at {shown} of predicting", done > 0)


@pytest.mark.parametrize(
    ("words", "usage", "error"),
    [
        (
            ("predict", "--max-eror", "1"),
            "Usage: regtrack predict [OPTIONS] REGION...  (--help says more)",
            "Error: No such option '--max-eror'. (Did you mean one of: '--markers', "
            "'--max-error', '--max-gap'?)",
        ),
        (
            ("fetch", "genom"),
            "Usage: regtrack fetch [OPTIONS] COMMAND [ARGS]...  (--help says more)",
            "Error: No such command 'genom'. (Did you mean one of: 'genes', 'genome'?)",
        ),
        (
            ("predict", "chr1", "--max-error", "x"),
            "Usage: regtrack predict [OPTIONS] REGION...  (--help says more)",
            "Error: Invalid value for '--max-error': 'x' is not a valid float.",
        ),
    ],
    ids=["option", "command", "value"],
)
def test_what_is_typed_wrong_is_answered_in_two_lines(
    words: tuple[str, ...], usage: str, error: str, regtrack
) -> None:
    assert regtrack(*words) == (2, "", f"{usage}\n{error}\n")


def test_a_path_is_told_as_it_was_typed(
    tiny: TinyWorld, tmp_path: Path, interrupted: pytest.MonkeyPatch, regtrack
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    interrupted.chdir(here)
    assert regtrack(*predict_arguments(tiny, Path("tracks")))[0] == 130
    interrupted.undo()
    interrupted.chdir(here)
    other = ("--max-error", 0.01)
    err = regtrack(*predict_arguments(tiny, Path("tracks"), *other))[2]
    assert err.splitlines()[-1].startswith("regtrack: tracks.partial: holds an unfinished run")
    err = regtrack(*predict_arguments(tiny, here / "tracks", *other))[2]
    assert err.splitlines()[-1].startswith(f"regtrack: {here}/tracks.partial: holds an")


def test_finish_of_a_run_that_is_not_in_shards_says_what_goes_on_with_it(
    tiny: TinyWorld, tmp_path: Path, interrupted: pytest.MonkeyPatch, regtrack
) -> None:
    interrupted.chdir(tmp_path)
    assert regtrack(*predict_arguments(tiny, Path("tracks")))[0] == 130
    assert regtrack("finish", "tracks") == (
        1,
        "",
        "regtrack: tracks: not finished, and not in shards (its work lies in tracks.partial): the "
        "command that began it goes on with it\n",
    )
    assert regtrack("finish", "nothing")[2] == (
        "regtrack: nothing: no plan of shards there; regtrack predict or eval with --shards makes "
        "one\n"
    )


def test_init_tells_of_a_line_of_column_names_as_other_commands_do(
    tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.bed").write_text("Chr\tStart\tEnd\nchr1\t100\t900\n")
    status, _, err = regtrack("init", "--genome", tiny.genome, "--peaks", "mine.bed")
    assert status == 0, err
    told = "peaks: passed over 1 row of mine.bed, a header without # (Chr Start End)"
    assert f"regtrack: note: {told}\n" in err
