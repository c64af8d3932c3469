"""`regtrack predict`: what its tracks promise, read back as a user would."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig
import pytest
import torch
from builders import TINY_SIZES, TINY_THRESHOLD, TinyWorld, write_fasta
from cli_helpers import files_of, predict_arguments
from encoded import peaks_of
from forking import Forked, forked
from waiting import wait_until

from regtrack import work_folders
from regtrack.cli.main import run
from regtrack.genome.fasta import Genome
from regtrack.models.checkpoint import load_network
from regtrack.prediction import plan as planning
from regtrack.prediction import run as prediction
from regtrack.prediction.job import make_job
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.folder import TrackSet
from regtrack.tracks.peaks.files import PeakLine, read_peaks
from regtrack.tracks.peaks.rules import PeakRules

MAX_ERROR, FLOOR = PredictionSettings.max_error, PredictionSettings.floor
NAMES = ("0_K562_CTCF_None", "1_HepG2_DNase_None", "2_K562_H3K4me3_None")

# Something happens to the command when its first block is saved.
AFTER_A_BLOCK = """
import os, signal, sys
import regtrack.prediction.dispatch as d, regtrack.prediction.run as r
from regtrack.cli.main import main
d._WORTH_A_PROCESS = r._WORTH_A_PROCESS = 0
whole = r.in_processes
def stopping(*given):
    for done in whole(*given):
        {}
        yield done
r.in_processes = stopping
main()
"""


def exact_probabilities(world: TinyWorld) -> Mapping[str, np.ndarray]:
    """(markers, length) of each chromosome, in one forward pass with N all around."""
    network = load_network(world.model, torch.device("cpu"))
    genome = Genome(world.genome)
    halo = 6_000
    found = {}
    for chrom, size in genome.chrom_sizes.items():
        end = -(-size // 10) * 10 + halo
        codes = torch.from_numpy(genome.codes(chrom, -halo, end).astype(np.int32))
        with torch.inference_mode():
            found[chrom] = network(codes[None])[0].sigmoid().numpy()[:, halo : halo + size]
    return found


def values(path: Path, chrom: str) -> np.ndarray:
    """Per base; NaN where the track says nothing."""
    with pyBigWig.open(str(path)) as file:
        return file.values(chrom, 0, TINY_SIZES[chrom], numpy=True)


def test_every_base_keeps_the_promise(predicted: tuple[TinyWorld, Path]) -> None:
    world, tracks = predicted
    for chrom, probabilities in exact_probabilities(world).items():
        known = Genome(world.genome).codes(chrom, 0, TINY_SIZES[chrom]) > 0
        for name, expected in zip(NAMES, probabilities, strict=True):
            written = values(tracks / "bigwig" / f"{name}.bw", chrom)
            present = ~np.isnan(written)
            assert not present[~known].any(), "a value on N"
            assert np.abs(written - expected)[present].max() <= MAX_ERROR
            assert np.all(expected[~present & known] < FLOOR)


def test_all_known_bases_but_those_under_the_floor_are_there(
    predicted: tuple[TinyWorld, Path],
) -> None:
    _, tracks = predicted
    shares = [
        np.mean(~np.isnan(values(tracks / "bigwig" / f"{name}.bw", "chr1"))) for name in NAMES
    ]
    assert max(shares) > 0.5  # the promise above would also hold for empty tracks


def test_other_readers_see_the_same_values(predicted: tuple[TinyWorld, Path]) -> None:
    _, tracks = predicted
    for name in NAMES:
        path = tracks / "bigwig" / f"{name}.bw"
        with pyBigWig.open(str(path)) as ours:
            expected = ours.intervals("chr1")
        theirs = pybigtools.open(str(path))
        assert [tuple(record) for record in theirs.records("chr1")] == list(expected)


def test_the_header_lists_all_chromosomes_in_the_genomes_order(
    predicted: tuple[TinyWorld, Path],
) -> None:
    _, tracks = predicted
    with pyBigWig.open(str(tracks / "bigwig" / f"{NAMES[0]}.bw")) as file:
        assert list(file.chroms().items()) == list(TINY_SIZES.items())


def test_peaks_are_where_the_track_reaches_the_threshold(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    other = tmp_path / "other"
    status, _, _ = regtrack(
        *("predict", "chr1", "--model", world.model, "--genome", world.genome, "--out", other),
        *("--max-gap", 3, "--min-length", 40),
    )
    assert status == 0
    for folder, rules in (tracks, PeakRules()), (other, PeakRules(3, 40)):
        assert TrackSet.read(folder).peak_rules == rules
        for name in NAMES:
            written = values(folder / "bigwig" / f"{name}.bw", "chr1")
            expected = peaks_of(np.nan_to_num(written) >= np.float32(TINY_THRESHOLD), rules)
            found = [one for one in peaks_in(folder, name) if one.chrom == "chr1"]
            assert [(one.start, one.end) for one in found] == expected
            for one in found:
                high = np.nanmax(written[one.start : one.end])
                assert one.value == pytest.approx(high, rel=1e-5)
                assert one.score == round(1000 * one.value)
    assert sum(len(peaks_in(other, name)) for name in NAMES) > 0, "nothing to test"


def peaks_in(tracks: Path, name: str) -> list[PeakLine]:
    return read_peaks(tracks / "peaks" / f"{name}.narrowPeak.gz")


def test_no_base_is_predicted_that_is_n(predicted: tuple[TinyWorld, Path]) -> None:
    _, tracks = predicted
    assert (tracks / "predicted.bed").read_text().splitlines() == [
        "chr1\t1000\t20000",
        "chr1\t20137\t30001",
        "chr1\t30002\t45000",
        "chr2\t0\t7003",
        "chrM\t0\t16",
    ]


def test_a_small_job_starts_no_process(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("regtrack.workers._pool", refused)
    world, tracks = predicted
    again = tmp_path / "again"
    assert run([str(word) for word in predict_arguments(world, again, "--workers", 2)]) == 0
    assert files_of(again) == files_of(tracks)


@pytest.mark.usefixtures("in_processes")
def test_two_workers_write_the_same_bytes(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, tracks = predicted
    again = tmp_path / "again"
    assert run([str(one) for one in predict_arguments(world, again, "--workers", 2)]) == 0
    assert files_of(again) == files_of(tracks)


def test_another_window_and_batch_keep_the_same_promise(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, tracks = predicted
    other = tmp_path / "other"
    arguments = predict_arguments(world, other, "--window", 11_110, "--batch-size", 7)
    assert run([str(one) for one in arguments]) == 0
    for name in NAMES:
        one, two = (values(folder / "bigwig" / f"{name}.bw", "chr1") for folder in (tracks, other))
        np.testing.assert_array_less(np.abs(np.nan_to_num(one - two)), 2 * MAX_ERROR)


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, tracks = predicted
    out = tmp_path / "killed"
    partial = tmp_path / "killed.partial"
    code = AFTER_A_BLOCK.format("os.kill(os.getpid(), signal.SIGKILL)")
    arguments = [str(one) for one in predict_arguments(world, out, "--workers", 1)]
    done = forked(code, *arguments)
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    kept = {path: path.stat().st_mtime_ns for path in partial.glob("blocks/*.blk")}
    assert kept
    assert run([str(one) for one in predict_arguments(world, out, "--workers", 2)]) == 0
    assert files_of(out) == files_of(tracks)
    assert not partial.exists()


def test_a_run_killed_among_the_writers_ends_with_the_same_bytes(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, tracks = predicted
    out = tmp_path / "killed"
    # Every marker is a group of its own, and the second one's writer is killed half way.
    code = (
        "import os, signal, sys\n"
        "import regtrack.prediction.run as r, regtrack.tracks.write as w\n"
        "from regtrack.cli.main import run\n"
        "r.group_size = lambda *_: 1\n"
        "whole = w.write_peaks\n"
        "def killed(path, *more):\n"
        "    if path.name.startswith('1_'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    whole(path, *more)\n"
        "w.write_peaks = killed\n"
        "r.in_processes = lambda work, tasks, _: ((task, work(task)) for task in tasks)\n"
        "run(sys.argv[1:])\n"
    )
    arguments = [str(one) for one in predict_arguments(world, out)]
    done = forked(code, *arguments)
    assert done.returncode == -signal.SIGKILL
    written = tmp_path / "killed.partial" / "tracks"
    assert sorted(path.name for path in written.glob("*/*.bw")) == [f"{n}.bw" for n in NAMES[:2]]
    assert len(list(written.glob("peaks/*.gz"))) == 1
    assert run(arguments) == 0
    assert files_of(out) == files_of(tracks)


def test_all_is_the_whole_genome(predicted: tuple[TinyWorld, Path], tmp_path: Path) -> None:
    world, tracks = predicted
    again = tmp_path / "again"
    assert run([str(one) for one in predict_arguments(world, again, regions=["all"])]) == 0
    assert files_of(again) == files_of(tracks)


def test_a_plan_is_said_and_nothing_is_written(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world, _ = predicted
    assert run([str(one) for one in predict_arguments(world, tmp_path / "tracks", "--plan")]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "bases",
        "markers",
        "device",
        "time",
        "stages",
        "tracks",
        "disk",
        "memory",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", [["--plan"], []])
def test_a_long_run_is_refused_where_the_disk_cannot_hold_it(
    option: list[str],
    predicted: tuple[TinyWorld, Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, _ = predicted
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(planning, "LONG", 1)
    out = tmp_path / "tracks"
    assert run([str(one) for one in predict_arguments(world, out, *option)]) == 1
    out_text, err = capfd.readouterr()
    assert f"{out}: the disk is too small" in err.splitlines()[-1]
    assert "time     about" in (out_text if option else err)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def unfinished(predicted: tuple[TinyWorld, Path], tmp_path: Path) -> Path:
    """Where a run with a larger error bound was stopped before its first track."""
    world, _ = predicted
    out = tmp_path / "tracks"
    arguments = [str(one) for one in predict_arguments(world, out, "--max-error", 0.01)]
    stop = "import regtrack.prediction.run as r; r.write_markers = lambda *_: 1 / 0"
    code = f"{stop}; from regtrack.cli.main import run; run({arguments})"
    done = forked(code)
    assert "ZeroDivisionError" in done.stderr  # a bug keeps its traceback
    return out


@pytest.mark.parametrize("damage", ["a flipped bit", "empty", "NUL"])
def test_a_damaged_block_is_predicted_anew(
    damage: str,
    predicted: tuple[TinyWorld, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    world, tracks = predicted
    out = tmp_path / "tracks"
    arguments = [str(one) for one in predict_arguments(world, out, "--workers", 1)]
    with monkeypatch.context() as patch:
        patch.setattr(prediction, "write_markers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(arguments)
    block = min(tmp_path.glob("tracks.partial/blocks/*.blk"))
    good = block.read_bytes()
    flipped = good[:-9] + bytes([good[-9] ^ 4]) + good[-8:]
    block.write_bytes({"a flipped bit": flipped, "empty": b"", "NUL": b"\0" * len(good)}[damage])
    capfd.readouterr()
    assert run(arguments) == 0
    assert f"note: {block}: damaged, 1 of 1 such files; predicted again" in capfd.readouterr().err
    assert files_of(out) == files_of(tracks)


def test_an_existing_empty_folder_is_taken(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, tracks = predicted
    out = tmp_path / "tracks"
    out.mkdir()
    assert run([str(one) for one in predict_arguments(world, out, "--workers", 1)]) == 0
    assert files_of(out) == files_of(tracks)


def test_in_a_mount_point_the_work_lies_inside_and_goes_on(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, tracks = predicted
    out = tmp_path / "tracks"
    out.mkdir()
    monkeypatch.setattr(work_folders, "_mount_points", lambda: {out})
    arguments = [str(one) for one in predict_arguments(world, out, "--workers", 1)]
    with monkeypatch.context() as patch:
        patch.setattr(prediction, "write_markers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(arguments)
    assert [path.name for path in out.iterdir()] == [".regtrack.partial"]
    # All blocks are there.
    monkeypatch.setattr("regtrack.prediction.dispatch.predict_blocks", lambda _: 1 / 0)
    assert run(arguments) == 0
    assert files_of(out) == files_of(tracks)
    assert list(tmp_path.iterdir()) == [out]


def test_an_unfinished_run_with_other_settings_is_named_not_mixed(
    predicted: tuple[TinyWorld, Path], unfinished: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world, _ = predicted
    assert run([str(one) for one in predict_arguments(world, unfinished)]) == 1
    assert "unfinished run with another max_error (0.01, now 0.003)" in capfd.readouterr().err
    assert not unfinished.exists()


def test_a_run_without_a_block_is_in_nobodys_way(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = predicted
    out = tmp_path / "tracks"
    with monkeypatch.context() as patch:
        patch.setattr(prediction, "predict_missing", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run([str(one) for one in predict_arguments(world, out, "--max-error", 0.01)])
    assert not any(tmp_path.iterdir())


def test_force_drops_an_unfinished_run_with_other_settings(
    predicted: tuple[TinyWorld, Path], unfinished: Path
) -> None:
    world, tracks = predicted
    assert run([str(one) for one in predict_arguments(world, unfinished, "--force")]) == 0
    assert files_of(unfinished) == files_of(tracks)


def test_force_replaces_finished_tracks_and_markers_choose(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, _ = predicted
    out = tmp_path / "tracks"
    only_chr2 = predict_arguments(world, out, "--markers", "k562*", regions=["2:1-3,000"])
    assert run([str(one) for one in only_chr2]) == 0
    assert sorted(path.stem for path in (out / "bigwig").iterdir()) == [NAMES[0], NAMES[2]]
    only_dnase = predict_arguments(world, out, "--markers", "DNase", "--force", regions=["chrM"])
    assert run([str(one) for one in only_dnase]) == 0
    assert [path.stem for path in (out / "bigwig").iterdir()] == [NAMES[1]]
    assert list(tmp_path.iterdir()) == [out]


def test_tracks_under_a_high_floor_still_open_in_browsers(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, _ = predicted
    out = tmp_path / "tracks"
    arguments = predict_arguments(world, out, "--floor", 1, "--max-error", 0.1, regions=["chr2"])
    assert run([str(one) for one in arguments]) == 0
    for name in NAMES:
        with pyBigWig.open(str(out / "bigwig" / f"{name}.bw")) as file:
            assert len(file.intervals("chr2")) >= 1


def test_tracks_json_says_what_they_were_made_with(predicted: tuple[TinyWorld, Path]) -> None:
    _, tracks = predicted
    record = json.loads((tracks / "tracks.json").read_text())
    assert record["format"] == 1
    assert record["settings"]["max_error"] == MAX_ERROR
    assert record["model"]["assembly"] == "tiny"
    assert [track["bigwig"] for track in record["tracks"]] == [f"bigwig/{n}.bw" for n in NAMES]


def test_a_run_that_ended_before_its_folder_was_moved_only_moves_it(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, tracks = predicted
    out = tmp_path / "tracks"

    def no_more(*_: object) -> None:
        raise OSError("the machine went down")

    with monkeypatch.context() as patch:
        patch.setattr(prediction, "move_in", no_more)
        assert run([str(one) for one in predict_arguments(world, out)]) == 1
    assert not out.exists()
    monkeypatch.setattr(prediction, "in_processes", no_more)  # nothing is left to do
    assert run([str(one) for one in predict_arguments(world, out)]) == 0
    assert files_of(out) == files_of(tracks)
    assert list(tmp_path.iterdir()) == [out]


def test_two_runs_do_not_work_in_one_folder(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world, _ = predicted
    work = tmp_path / "tracks.partial"
    work.mkdir()
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run([str(one) for one in predict_arguments(world, tmp_path / "tracks")]) == 75
    assert "another run is at work here" in capfd.readouterr().err


def is_alive(group: int) -> bool:
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("sent", "to_all", "status", "said"),
    [
        (signal.SIGINT, True, 130, "interrupted"),
        (signal.SIGTERM, True, 143, "terminated"),
        (signal.SIGTERM, False, 143, "terminated"),
    ],
)
def test_a_signal_ends_all_at_once_and_the_same_command_goes_on(
    predicted: tuple[TinyWorld, Path],
    tmp_path: Path,
    sent: signal.Signals,
    to_all: bool,
    status: int,
    said: str,
) -> None:
    world, _ = predicted
    out = tmp_path / "stopped"
    arguments = predict_arguments(world, out, "--workers", 2)
    group, me = f"os.killpg(0, {sent:d})", f"os.kill(os.getpid(), {sent:d})"
    code = AFTER_A_BLOCK.format(group if to_all else me)
    process = Forked(code, *arguments, new_session=True)
    _, err = process.communicate()
    assert process.returncode == status
    last = err.splitlines()[-1]
    assert re.fullmatch(rf"regtrack: {said}( at .*)?; run the same command again to continue", last)
    wait_until(lambda: not is_alive(process.pid))  # no worker lives on
    assert "Traceback" not in err
    assert not out.exists()


def test_what_the_network_sees_beside_the_region_belongs_to_the_run(tiny: TinyWorld) -> None:
    def identity() -> object:
        settings = PredictionSettings()
        return make_job(
            tiny.model, tiny.genome, ["chr1:30,003-31,000"], [], settings, "cpu"
        ).identity()

    before = identity()
    text = list(tiny.sequences["chr1"])
    text[31_500] = "A" if text[31_500] != "A" else "C"  # behind the region, inside the context
    write_fasta(tiny.genome, {**tiny.sequences, "chr1": "".join(text)})
    tiny.genome.with_name("genome.fa.fai").unlink()
    assert identity() != before


def test_a_link_to_the_folder_stays_a_link(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, _ = predicted
    (tmp_path / "far").mkdir()
    link = tmp_path / "tracks"
    link.symlink_to(tmp_path / "far")
    arguments = predict_arguments(world, link, "--force", regions=["chrM"])
    assert run([str(one) for one in arguments]) == 0
    assert link.is_symlink()
    assert (tmp_path / "far" / "tracks.json").is_file()


@pytest.mark.parametrize("command", ["predict", "predict --plan", "predict --peaks", "eval"])
def test_the_checkpoint_is_read_once_by_the_command_and_once_by_what_predicts(
    command: str, tiny: TinyWorld, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A copy, of which no earlier test has opened the network.
    world = replace(tiny, model=Path(shutil.copy(tiny.model, tmp_path / "copy.safetensors")))
    opened = []
    whole = Path.open

    def noting(path: Path, *given: str, **named: str):
        opened.append(path)
        return whole(path, *given, **named)

    monkeypatch.setattr(Path, "open", noting)
    name, *options = command.split()
    if name == "eval":
        arguments = ["eval", world.model, "--genome", world.genome, "--peaks", world.markers]
    else:
        arguments = predict_arguments(world, tmp_path / "tracks", *options)
        arguments += [world.markers] if "--peaks" in options else []
    status, _, _ = regtrack(*arguments, "--workers", 1)
    assert status == 0
    # Its head alone is looked at before that, without torch.
    heads = 0 if name == "eval" else 1
    assert opened.count(world.model) == heads + 2
