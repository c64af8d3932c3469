"""A job that is finished, or planned with other settings, when it is planned again."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from builders import TINY_SIZES, TinyWorld, write_checkpoint
from cli_helpers import files_of, predict_arguments

from regtrack.genome.markers import read_markers
from regtrack.leases import Holder


@pytest.fixture
def tracks(predicted: tuple[TinyWorld, Path], tmp_path: Path) -> Path:
    """Finished tracks, younger than their genome."""
    return shutil.copytree(predicted[1], tmp_path / "tracks")


@pytest.fixture(scope="session")
def scored(
    predicted: tuple[TinyWorld, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[object], Path]:
    """A command line that scores a model, but for its last option, and its finished report."""
    from regtrack.cli.main import run

    world, _ = predicted
    report = tmp_path_factory.mktemp("scored") / "report"
    sources = ["--genome", world.genome, "--peaks", world.markers, "--region", "chr1"]
    words = ["eval", world.model, *sources, "--device", "cpu", "--workers", 1]
    assert run([str(word) for word in (*words, "--out", report)]) == 0
    return words, report


PLANNING = pytest.mark.parametrize("planning", [["--shards", 3], ["--shards", "auto"], ["--plan"]])


@PLANNING
def test_finished_tracks_are_not_planned_again_which_is_no_error(
    predicted: tuple[TinyWorld, Path], tracks: Path, regtrack, planning: Sequence[object]
) -> None:
    world, _ = predicted
    before = files_of(tracks)
    status, out, _ = regtrack(*predict_arguments(world, tracks, *planning))
    assert (status, out) == (
        0,
        f"{tracks}: finished already, with these settings; --force makes it anew\n"
        f"next: regtrack browse {tracks}\n",
    )
    assert (files_of(tracks), list(tracks.parent.iterdir())) == (before, [tracks])


def test_programs_are_told_that_a_job_is_finished(
    predicted: tuple[TinyWorld, Path], tracks: Path, regtrack
) -> None:
    world, _ = predicted
    for words in (
        predict_arguments(world, tracks, "--shards", 3),
        predict_arguments(world, tracks, "--plan"),
        ["predict", "--shard", "1/3", "--out", tracks],
        ["finish", tracks],
    ):
        status, out, err = regtrack(*words, "--json")
        assert status == 0, err
        document = json.loads(out)
        assert (document["finished"], document["written"]) == (True, [str(tracks)])


@pytest.mark.parametrize(
    ("more", "regions", "named"),
    [
        (["--max-error", 0.01], ["all"], "another max_error (0.003, now 0.01)"),
        (["--markers", "CTCF"], ["all"], "other markers (3, now 1)"),
        ([], ["chr1"], "other regions (50,881 bases, now 43,862 bases)"),
        ([], ["chr1", "chrM", "chr2:2-7003"], "other regions (50,881 bases, now 50,880 bases)"),
        (["--peaks", "MARKERS"], ["all"], "other peaks (none, now markers.tsv)"),
        (["--max-error", 0.01, "--floor", 0.1], ["all"], "max_error (0.003, now 0.01), floor ("),
    ],
)
def test_of_finished_tracks_of_other_settings_these_are_named(
    predicted: tuple[TinyWorld, Path],
    tracks: Path,
    regtrack,
    more: Sequence[object],
    regions: Sequence[str],
    named: str,
) -> None:
    world, _ = predicted
    more = [world.markers if word == "MARKERS" else word for word in more]
    for planning in (["--shards", 3], ["--plan"]):
        words = predict_arguments(world, tracks, *planning, *more, regions=regions)
        status, out, err = regtrack(*words)
        assert (status, out) == (1, "")
        last = err.splitlines()[-1]
        assert last.startswith(f"regtrack: {tracks}: exists already, with ")
        assert named in last
        assert last.endswith("; --force replaces it")


def test_as_many_bases_at_another_place_are_others(
    predicted: tuple[TinyWorld, Path], tracks: Path, regtrack
) -> None:
    world, _ = predicted
    first, *rest = (tracks / "predicted.bed").read_text().splitlines()
    chrom, start, end = first.split("\t")
    moved = f"{chrom}\t{int(start) - 1}\t{int(end) - 1}"
    (tracks / "predicted.bed").write_text("\n".join([moved, *rest, ""]))
    status, _, err = regtrack(*predict_arguments(world, tracks, "--shards", 3))
    assert (status, "with other regions (50,881 bases elsewhere, now " in err) == (1, True)


def test_finished_tracks_of_another_model_are_not_taken_for_this_ones(
    predicted: tuple[TinyWorld, Path], tracks: Path, tmp_path: Path, regtrack
) -> None:
    world, _ = predicted
    other = write_checkpoint(
        tmp_path / "other.safetensors", read_markers(world.markers), TINY_SIZES, seed=1
    )
    words = predict_arguments(world, tracks, "--shards", 3)
    words[words.index(world.model)] = other
    status, _, err = regtrack(*words)
    assert (status, "exists already, with another model; --force" in err) == (1, True)


def test_a_genome_that_was_written_after_the_tracks_may_be_another(
    predicted: tuple[TinyWorld, Path], tracks: Path, tmp_path: Path, regtrack
) -> None:
    world, _ = predicted
    genome = shutil.copy(world.genome, tmp_path / "genome.fa")
    words = predict_arguments(world, tracks, "--shards", 3)
    words[words.index(world.genome)] = genome
    later = time.time() + 100
    os.utime(genome, (later, later))
    status, _, err = regtrack(*words)
    assert status == 1
    assert f"exists already, and {genome} was written after it; if that is the same" in err


def test_peaks_that_were_written_after_the_report_may_be_others(
    scored: tuple[list[object], Path], tmp_path: Path, regtrack
) -> None:
    words, report = scored
    table = Path(str(words[words.index("--peaks") + 1]))
    other = [tmp_path / table.name if word == table else word for word in words]
    shutil.copy(table, tmp_path)
    shutil.copytree(table.parent / "peaks", tmp_path / "peaks")
    status, out, _ = regtrack(*other, "--out", report, "--shards", 3)
    assert (status, "finished already, with these settings" in out) == (0, True)
    changed = tmp_path / "peaks" / "0.narrowPeak"
    later = time.time() + 100
    os.utime(changed, (later, later))
    status, _, err = regtrack(*other, "--out", report, "--shards", 3)
    assert status == 1
    assert f"exists already, and {changed} was written after it; if these are the same peaks" in err


def test_a_finished_job_is_planned_anew_with_force(
    predicted: tuple[TinyWorld, Path], tracks: Path, regtrack
) -> None:
    world, _ = predicted
    status, out, _ = regtrack(*predict_arguments(world, tracks, "--shards", 3, "--force"))
    assert (status, out.startswith("planned 3 shards")) == (0, True)
    # Which is not finished any more.
    status, _, err = regtrack(*predict_arguments(world, tracks, "--shards", 3))
    assert (status, "tracks: exists already; --force replaces it" in err) == (1, True)


@PLANNING
def test_a_finished_report_is_not_planned_again_which_is_no_error(
    scored: tuple[list[object], Path], regtrack, planning: Sequence[object]
) -> None:
    words, report = scored
    status, out, _ = regtrack(*words, "--out", report, *planning)
    assert (status, out) == (
        0,
        f"{report}: finished already, with these settings; --force makes it anew\n"
        f"next: open {report}/report.html in a browser\n",
    )
    assert not report.with_name("report.partial").exists()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--markers", "CTCF"], "other scored markers (3, now 1)"),
        (["--region", "chr2"], "other scored regions (43,862 bases, now 50,865 bases)"),
        (["--exclude", "EXCLUDED"], "another excluded (nothing, now some.bed), scored regions ("),
    ],
)
def test_of_a_finished_report_of_other_settings_these_are_named(
    scored: tuple[list[object], Path],
    tmp_path: Path,
    regtrack,
    more: Sequence[object],
    named: str,
) -> None:
    words, report = scored
    excluded = tmp_path / "some.bed"
    excluded.write_text("chr1\t2000\t3000\n")
    more = [excluded if word == "EXCLUDED" else word for word in more]
    for planning in (["--shards", 3], ["--plan"]):
        status, out, err = regtrack(*words, "--out", report, *planning, *more)
        assert (status, out) == (1, "")
        assert f"report: exists already, with {named}" in err


def test_a_finished_report_of_tracks_is_not_taken_for_that_of_their_model(
    scored: tuple[list[object], Path],
    predicted: tuple[TinyWorld, Path],
    tmp_path: Path,
    regtrack,
) -> None:
    world, tracks = predicted
    report = tmp_path / "report"
    assert regtrack("eval", tracks, "--peaks", world.markers, "--out", report)[0] == 0
    status, _, err = regtrack(*scored[0], "--out", report, "--shards", 3)
    named = f"{report}: exists already, with another subject (tracks, now model), "
    assert (status, named in err) == (1, True)


def test_a_finished_report_that_says_nothing_of_its_model_is_of_another_one(
    scored: tuple[list[object], Path], tmp_path: Path, regtrack
) -> None:
    report = shutil.copytree(scored[1], tmp_path / "report")
    record = json.loads((report / "report.json").read_text())
    (report / "report.json").write_text(json.dumps({**record, "about": {}}))
    status, _, err = regtrack(*scored[0], "--out", report, "--plan")
    assert (status, f"{report}: exists already, with another model, " in err) == (1, True)


@pytest.mark.parametrize("busy", [False, True])
def test_what_differs_from_the_plan_that_is_there_is_named_whoever_is_at_work(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack, busy: bool
) -> None:
    world, _ = predicted
    out, plan = tmp_path / "tracks", tmp_path / "tracks.partial" / "plan.json"
    assert regtrack(*predict_arguments(world, out, "--shards", 3))[0] == 0
    if busy:
        leases = plan.with_name("leases")
        leases.mkdir()
        holder = json.dumps(vars(Holder("node7", 4711, time.time())))
        (leases / "shard 2-of-3.0001.lease").write_text(holder)
    before = plan.read_bytes()
    words = predict_arguments(world, out, "--shards", 3, "--max-error", 0.01, "--any-cpu")
    status, said, err = regtrack(*words)
    assert (status, said) == (1, "")
    assert err.endswith(
        f"regtrack: {out}.partial: holds a plan with another max_error (0.003, now 0.01), "
        "any_cpu (False, now True); --force drops it, with the former it continues\n"
    )
    assert plan.read_bytes() == before


def test_the_same_work_is_planned_anew_wherever_its_files_lie_now(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    out, moved = tmp_path / "tracks", tmp_path / "moved.fa"
    words = predict_arguments(world, out, "--workers", 1)
    assert regtrack(*words, "--shards", 1)[0] == 0
    shutil.copy(world.genome, moved)
    words[words.index(world.genome)] = moved
    assert regtrack(*words, "--shards", 1)[0] == 0
    assert regtrack("predict", "--shard", "1/1", "--out", out, "--workers", 1)[0] == 0
    assert regtrack("finish", out, "--workers", 1)[0] == 0
    assert files_of(out) == files_of(tracks)
