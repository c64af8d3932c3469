"""A job in shards: whatever is killed, repeated or done at once, the bytes are one machine's."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from builders import TINY_SIZES, TinyDatasets, TinyWorld, write_checkpoint, write_fasta
from cli_helpers import files_of, predict_arguments
from forking import forked

from regtrack import leases
from regtrack.cli.main import run
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers
from regtrack.leases import Holder, leased
from regtrack.models.arithmetic import arithmetic_of
from regtrack.prediction import job as jobs
from regtrack.prediction import planning
from regtrack.prediction import shards as sharing


@pytest.fixture(autouse=True)
def several_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny world's blocks are not saved together, or there would be one shard."""
    monkeypatch.setattr(jobs, "_MOST_TOGETHER", 1)


@pytest.fixture
def world(predicted: tuple[TinyWorld, Path]) -> TinyWorld:
    return predicted[0]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "tracks"


def regtrack(*words: object) -> int:
    return run([str(word) for word in words])


def plan(world: TinyWorld, out: Path, *more: object) -> int:
    return regtrack(*predict_arguments(world, out, "--workers", 1, "--shards", 3, *more))


def do_shard(out: Path, share: str, *more: object) -> int:
    return regtrack("predict", "--shard", share, "--out", out, "--workers", 1, *more)


def score_arguments(world: TinyWorld, out: Path, *more: object) -> list[object]:
    files = ["--genome", world.genome, "--peaks", world.markers]
    return ["eval", world.model, *files, "--out", out, "--workers", 1, *more]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
@pytest.mark.parametrize("shares_of_files", [[], ["2/2", "1/2"], ["1/5"]])
def test_shards_in_any_order_make_the_tracks_of_one_machine(
    predicted: tuple[TinyWorld, Path],
    out: Path,
    order: Sequence[int],
    shares_of_files: Sequence[str],
) -> None:
    world, tracks = predicted
    assert plan(world, out) == 0
    for number in order:
        assert do_shard(out, f"{number}/3") == 0
    for share in shares_of_files:
        assert regtrack("finish", out, "--shard", share, "--workers", 1) == 0
    assert not out.exists()
    assert regtrack("finish", out, "--workers", 1) == 0
    assert files_of(out) == files_of(tracks)
    assert list(out.parent.iterdir()) == [out]


def test_every_step_says_what_it_did_in_one_line_and_skips_what_is_there(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(status: int) -> str:
        assert status == 0
        return capsys.readouterr().out.replace(str(out), "OUT")

    planned = (
        "planned 3 shards for 50,881 bases in all, in OUT.partial; shards 1, 3 have work, more "
        "than 2 are no use\n"
        "next, for K from 1 to 3: regtrack predict --shard K/3 --out OUT\n"
        "then: regtrack finish OUT\n"
    )
    assert said(plan(world, out)) == planned
    assert said(plan(world, out)) == planned
    assert said(do_shard(out, "1/3")) == "shard 1/3: 43,862 bases predicted\n"
    assert said(do_shard(out, "1/3")) == "shard 1/3: done already, 43,862 bases\n"
    assert said(do_shard(out, "2/3")) == "shard 2/3: empty\n"
    assert said(do_shard(out, "3/3")) == "shard 3/3: 7,019 bases predicted\n"
    files = ("finish", out, "--shard", "1/2", "--workers", 1)
    assert said(regtrack(*files)) == "share 1/2 of the files: 2 markers written\n"
    assert said(regtrack(*files)) == "share 1/2 of the files: done already, 2 markers\n"
    assert said(regtrack("finish", out, "--workers", 1)).startswith("OUT: 3 BigWig files in")
    for again in (("finish", out), ("predict", "--shard", "2/3", "--out", out)):
        assert said(regtrack(*again)) == "OUT: finished already\n"


def test_the_folder_of_the_plan_may_be_typed_for_what_is_made(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    assert do_shard(Path(f"{out}.partial"), "3/3") == 0
    assert regtrack("info", out) == 0
    told = capsys.readouterr().out
    assert f"plan     regtrack predict --out {out}, in 3 shards; shards 1, 3 have work\n" in told
    assert "\ndone     1 of 2 shards\n" in told


def test_a_plan_of_another_command_is_named(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert regtrack(*score_arguments(world, out, "--shards", 1)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1] == f"next: regtrack eval --shard 1/1 --out {out}"
    assert do_shard(out, "1/1") == 2
    assert "is planned by regtrack eval; use that" in capsys.readouterr().err


def test_scores_of_a_model_in_shards_are_those_of_one_machine(
    world: TinyWorld, tmp_path: Path
) -> None:
    whole, report = tmp_path / "whole", tmp_path / "report"
    assert regtrack(*score_arguments(world, whole)) == 0
    assert regtrack(*score_arguments(world, report, "--shards", 2)) == 0
    for share in ("2/2", "1/2"):
        assert regtrack("eval", "--shard", share, "--out", report, "--workers", 1) == 0
    assert regtrack("finish", report, "--workers", 1) == 0
    assert files_of(report) == files_of(whole)
    assert sorted(tmp_path.iterdir()) == [report, whole]


def test_what_the_plan_of_a_report_has_told_is_not_told_by_each_shard(
    world: TinyWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = world.copied(tmp_path / "own")
    with (own.folder / "peaks" / "0.narrowPeak").open("a") as file:
        file.write("chrUn_1\t100\t400\n")
    report = tmp_path / "report"
    assert regtrack(*score_arguments(own, report, "--shards", 2)) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "note: " in line]
    assert any("left out 1 row" in line for line in told)
    for share in ("1/2", "2/2"):
        assert regtrack("eval", "--shard", share, "--out", report, "--workers", 1) == 0
    assert regtrack("finish", report, "--workers", 1) == 0
    assert "note: " not in capsys.readouterr().err


def test_scores_on_a_dataset_in_shards_are_those_of_one_machine(
    datasets: TinyDatasets, tmp_path: Path
) -> None:
    whole, report = tmp_path / "whole", tmp_path / "report"
    scored = ["eval", datasets.world.model, "--dataset", datasets.dense, "--split", "valid"]
    assert regtrack(*scored, "--out", whole, "--workers", 1) == 0
    assert regtrack(*scored, "--out", report, "--workers", 1, "--shards", 2) == 0
    for share in ("1/2", "2/2"):
        assert regtrack("eval", "--shard", share, "--out", report, "--workers", 1) == 0
    assert regtrack("finish", report, "--workers", 1) == 0
    assert files_of(report) == files_of(whole)


@pytest.mark.parametrize("command", ["predict", "eval"])
def test_a_short_job_is_cut_in_one_shard_by_itself(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    make = score_arguments if command == "eval" else predict_arguments
    assert regtrack(*make(world, out, "--workers", 1, "--shards", "auto")) == 0
    told = capsys.readouterr()
    assert "five minutes each, with 1 process\n" in told.err
    assert told.out.startswith("planned 1 shard for ")


def test_a_job_that_is_measured_for_its_shards_is_refused_where_the_disk_is_too_small(
    world: TinyWorld,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("regtrack.prediction.plan.free_bytes", lambda _: 1000)
    assert regtrack(*predict_arguments(world, out, "--workers", 1, "--shards", "auto")) == 1
    assert "tracks: the disk is too small" in capsys.readouterr().err
    assert list(out.parent.iterdir()) == []
    # What counts take is told too high for many bases, and refuses nothing.
    assert regtrack(*score_arguments(world, out, "--shards", "auto")) == 0


def test_tracks_that_are_still_planned_are_not_scored(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    for named in (out, f"{out}.partial"):
        assert regtrack("eval", named, "--peaks", world.markers) == 1
        assert f"not finished yet: regtrack info {out}.partial says" in capsys.readouterr().err


def test_scores_in_the_same_pass_are_those_of_one_machine(world: TinyWorld, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    scored = ("--peaks", world.markers)
    assert regtrack(*predict_arguments(world, whole, "--workers", 1, *scored)) == 0
    assert plan(world, parts, *scored) == 0
    for share in ("3/3", "2/3", "1/3"):
        assert do_shard(parts, share) == 0
    assert regtrack("finish", parts, "--workers", 1) == 0
    assert files_of(parts) == files_of(whole)


def test_what_is_missing_is_named(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    assert do_shard(out, "1/3") == 0
    for more in ((), ("--shard", "1/2")):
        assert regtrack("finish", out, *more) == 1
        assert capsys.readouterr().err.endswith(
            f"tracks: 1 of 3 shards is not finished (3); "
            f"next: regtrack predict --shard 3/3 --out {out}\n"
        )


def test_a_shard_whose_block_is_damaged_is_done_again(
    predicted: tuple[TinyWorld, Path], out: Path
) -> None:
    world, tracks = predicted
    assert plan(world, out) == 0
    for share in ("1/3", "3/3"):
        assert do_shard(out, share) == 0
    block = min(out.parent.glob("tracks.partial/work-*/blocks/*.blk"))
    block.write_bytes(block.read_bytes()[:-1])
    assert regtrack("finish", out, "--workers", 1) == 1
    assert do_shard(out, "1/3") == 0
    assert regtrack("finish", out, "--workers", 1) == 0
    assert files_of(out) == files_of(tracks)


def of_another_model(world: TinyWorld, folder: Path) -> Sequence[object]:
    markers = read_markers(world.markers)
    other = write_checkpoint(folder / "other.safetensors", markers, TINY_SIZES, seed=1)
    return ("--model", other)


def of_another_genome(world: TinyWorld, folder: Path) -> Sequence[object]:
    turned = {**world.sequences, "chr2": world.sequences["chr2"][::-1]}
    return ("--genome", write_fasta(folder / "other.fa", turned))


def of_a_longer_chromosome(world: TinyWorld, folder: Path) -> Sequence[object]:
    longer = {**world.sequences, "chr2": world.sequences["chr2"] + "ACGT"}
    return ("--genome", write_fasta(folder / "longer.fa", longer))


def of_other_chromosomes(world: TinyWorld, folder: Path) -> Sequence[object]:
    more = {**world.sequences, "chr3": "ACGT"}
    return ("--genome", write_fasta(folder / "more.fa", more))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (of_another_model, "another model; use what it was planned with (--model {model})"),
        (of_another_genome, "another sequence; use what it was planned with (--genome {genome})"),
        (
            of_a_longer_chromosome,
            "other chromosomes; use what it was planned with (--gen",
        ),
        (of_other_chromosomes, "other chromosomes (3, now 4); use what it was planned with (--gen"),
    ],
)
def test_a_shard_of_another_model_or_genome_is_refused(
    world: TinyWorld,
    tmp_path: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    changed: Callable[[TinyWorld, Path], Sequence[object]],
    named: str,
) -> None:
    assert plan(world, out) == 0
    assert do_shard(out, "1/3", *changed(world, tmp_path)) == 1
    named = named.format(model=world.model, genome=world.genome)
    assert f"tracks.partial: planned with {named}" in capsys.readouterr().err


def test_files_that_have_moved_are_named_anew(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, tracks = predicted
    here, out = tmp_path / "here", tmp_path / "tracks"
    shutil.copytree(world.folder, here)
    model, genome = (here / path.name for path in (world.model, world.genome))
    moved = ("--model", model, "--genome", genome)
    assert plan(world, out) == 0
    for share in ("1/3", "2/3", "3/3"):
        assert do_shard(out, share, *moved) == 0
    assert regtrack("finish", out, *moved, "--workers", 1) == 0
    assert files_of(out) == files_of(tracks)


def test_the_sequence_is_read_again_only_where_it_may_be_another(
    world: TinyWorld, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genome = tmp_path / "genome.fa"
    shutil.copy2(world.genome, genome)
    arguments = predict_arguments(world, out, "--workers", 1, "--shards", 3)
    arguments[arguments.index(world.genome)] = genome
    assert regtrack(*arguments) == 0
    read: list[int] = []
    digest = Genome.digest
    monkeypatch.setattr(Genome, "digest", lambda *given: (read.append(1), digest(*given))[1])
    assert do_shard(out, "1/3") == 0
    assert len(read) == 0
    assert do_shard(out, "1/3", "--verify") == 0
    assert len(read) == 1
    os.utime(genome, (1, 1))
    assert do_shard(out, "1/3") == 0
    assert len(read) == 2
    genome.write_text(genome.read_text().replace("AC", "CA", 1))
    os.utime(genome, (1, 1))
    assert do_shard(out, "1/3") == 1


def test_another_version_takes_no_part(
    world: TinyWorld,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert plan(world, out) == 0
    monkeypatch.setattr(jobs, "__version__", "9.9")
    assert do_shard(out, "1/3") == 1
    assert "planned with another regtrack (" in capsys.readouterr().err


def test_another_arithmetic_is_not_mixed_in_unless_any_will_do(
    world: TinyWorld,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert plan(world, out) == 0
    maker = arithmetic_of("cpu").rpartition(", ")[2]
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "arithmetic_of", lambda _: f"another, {maker}")
        assert do_shard(out, "3/3") == 0
    assert do_shard(out, "1/3") == 1
    err = capsys.readouterr().err
    assert f"other shards were computed with another arithmetic (another, {maker}, now " in err
    assert "--isa avx2" in err
    assert do_shard(out, "1/3", "--any-cpu") == 0


def test_a_cpu_and_a_gpu_are_not_mixed_even_where_any_will_do(
    world: TinyWorld,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert plan(world, out) == 0
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "kind_of", lambda _: "cuda")
        assert do_shard(out, "3/3") == 0
    capsys.readouterr()
    assert do_shard(out, "1/3", "--any-cpu") == 1
    err = capsys.readouterr().err
    assert "with another device (cuda, now cpu); use --device cuda\n" in err


def test_a_plan_for_any_processor_takes_any(
    world: TinyWorld, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan(world, out, "--any-cpu") == 0
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "arithmetic_of", lambda _: "that of the first")
        assert do_shard(out, "3/3") == 0
    assert do_shard(out, "1/3") == 0


@pytest.mark.parametrize("name", ["cudafoo", "cpux", "autobahn", "cuda:", "cuda:0,0", "cpu:0"])
@pytest.mark.parametrize("command", ["predict", "eval"])
def test_a_device_that_no_shard_could_use_is_not_planned(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    arguments = predict_arguments if command == "predict" else score_arguments
    assert regtrack(*arguments(world, out, "--shards", 2, "--device", name)) == 2
    assert "--device: " in capsys.readouterr().err
    assert not list(out.parent.glob("tracks*"))


def test_a_device_that_only_other_machines_have_is_planned(world: TinyWorld, out: Path) -> None:
    assert plan(world, out, "--device", "cuda:7,9") == 0


def test_another_plan_is_not_replaced_without_force(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    assert do_shard(out, "1/3") == 0
    other = predict_arguments(world, out, "--shards", 3, "--max-error", 0.01)
    assert regtrack(*other) == 1
    named = "another max_error (0.003, now 0.01); --force drops it, with the former it continues"
    assert f"tracks.partial: holds a plan with {named}\n" in capsys.readouterr().err
    assert regtrack(*other, "--force") == 0
    assert not list(out.parent.glob("tracks.partial/work-*/blocks/*"))


def test_the_same_plan_in_more_shards_keeps_what_is_done(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    assert do_shard(out, "1/3") == 0
    assert regtrack(*predict_arguments(world, out, "--workers", 1, "--shards", 2)) == 0
    kept = "note: this replaces a plan of 3 shards; finished work is kept"
    assert kept in capsys.readouterr().err
    assert regtrack("info", f"{out}.partial") == 0
    assert "done     1 of 2 shards" in capsys.readouterr().out
    assert do_shard(out, "1/3") == 2
    assert "2 shards are planned in " in capsys.readouterr().err
    assert do_shard(out, "1/2") == 0
    assert "shard 1/2: done already, 43,862 bases" in capsys.readouterr().out


def test_a_plan_and_a_run_in_one_piece_do_not_meet(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    assert regtrack(*predict_arguments(world, out)) == 1
    assert "tracks.partial: holds a plan of shards: run them with" in capsys.readouterr().err
    assert regtrack(*predict_arguments(world, out, "--force", "--workers", 1)) == 0
    assert list(out.parent.iterdir()) == [out]


def touched_anew(lease: Path) -> Callable[[Path], float]:
    """When a lease was touched, which is now at each look: its holder lives."""

    def touch(_: Path) -> float:
        lease.touch()
        return lease.stat().st_mtime

    return touch


@pytest.fixture
def at_work(world: TinyWorld, out: Path) -> Iterator[Path]:
    """A plan that another machine works on."""
    assert plan(world, out) == 0
    folder = out.parent / "tracks.partial" / "leases"
    folder.mkdir()
    (folder / "shard 2-of-3.0001.lease").write_text(
        json.dumps(vars(Holder("node7", 4711, time.time())))
    )
    yield out
    shutil.rmtree(out.parent / "tracks.partial")  # nobody will touch it


def test_who_is_at_work_is_named_to_whoever_is_in_the_way(
    world: TinyWorld,
    at_work: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (lease,) = (at_work.parent / "tracks.partial" / "leases").iterdir()
    monkeypatch.setattr(leases, "LOOK", 0)
    monkeypatch.setattr(leases, "_touched_at", touched_anew(lease))
    for words in (
        ["predict", "--shard", "2/3", "--out", at_work],
        ["finish", at_work],
        predict_arguments(world, at_work, "--shards", 3, "--max-error", 0.01, "--force"),
        predict_arguments(world, at_work, "--force"),
    ):
        assert regtrack(*words) == 75
        assert "shard 2/3 is at work" in (err := capsys.readouterr().err)
        assert "process 4711 on node7, since " in err
    assert do_shard(at_work, "1/3") == 0


def test_info_says_how_far_a_plan_is(at_work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert do_shard(at_work, "3/3") == 0
    capsys.readouterr()
    assert regtrack("info", f"{at_work}.partial") == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["plan"] == f"regtrack predict --out {at_work}, in 3 shards; shards 1, 3 have work"
    assert lines["done"] == "1 of 2 shards"
    assert lines["at"].startswith("work  shard 2/3, process 4711 on node7, since ")
    assert lines["left"].startswith("1 shard: 1; about ")
    assert lines["next"] == f"regtrack predict --shard 1/3 --out {at_work}"


def test_programs_are_told_which_shards_have_work_and_which_are_left(
    at_work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert do_shard(at_work, "3/3") == 0
    capsys.readouterr()
    assert regtrack("info", f"{at_work}.partial", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["shards"] == {
        "with_work": [1, 3],
        "without_work": [2],
        "left": [1],
        "at_work": [],  # the lease is of the empty one
    }
    counts = document["counts"]
    assert [counts[name] for name in ("shards", "with_work", "done")] == [3, 2, 1]


def test_info_says_how_much_of_a_shard_that_was_stopped_is_there(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert regtrack(*predict_arguments(world, out, "--shards", 1)) == 0
    assert do_shard(out, "1/1") == 0
    (second,) = out.parent.glob("tracks.partial/work-*/blocks/chr2*.blk")
    second.unlink()
    capsys.readouterr()
    assert regtrack("info", f"{out}.partial") == 0
    assert "\nbegun    shard 1: 43,878 of 50,881 bases\n" in capsys.readouterr().out
    assert regtrack("info", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["counts"] == {
        "shards": 1,
        "with_work": 1,
        "done": 0,
        "at_work": 0,
        "bases": 50_881,
        "bases_done": 43_878,
    }
    assert document["facts"]["kind"] == "job in shards"
    assert document["facts"]["path"] == f"{out}.partial"
    assert document["facts"]["begun"] == "shard 1: 43,878 of 50,881 bases"
    assert do_shard(out, "1/1") == 0
    told = capsys.readouterr()
    assert "note: 43,878 of 50,881 bases are kept from before\n" in told.err
    assert told.out == "shard 1/1: 7,003 bases predicted; 43,878 were there\n"


def test_a_shard_with_nothing_to_do_shows_no_bar_and_a_quiet_one_no_device(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    assert do_shard(out, "1/3") == 0
    assert "predicting" in capsys.readouterr().err
    for share in ("1/3", "2/3"):
        assert do_shard(out, share) == 0
        assert "predicting" not in (err := capsys.readouterr().err)
        assert "device: cpu" in err
    assert regtrack("--quiet", "predict", "--shard", "3/3", "--out", out, "--workers", 1) == 0
    assert capsys.readouterr().err == ""


def test_a_killed_shard_leaves_nothing_in_the_way_and_the_next_one_says_so(
    predicted: tuple[TinyWorld, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, tracks = predicted
    assert plan(world, out) == 0
    code = (
        "import os, signal, regtrack.prediction.job as j, regtrack.prediction.blockwork as b\n"
        "j._MOST_TOGETHER = 1\n"
        "b.BlockStore.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from regtrack.cli.main import main\nmain()\n"
    )
    words = ["predict", "--shard", "1/3", "--out", str(out), "--workers", "1"]
    assert forked(code, *words).returncode == -9
    (lease,) = (out.parent / "tracks.partial" / "leases").iterdir()
    process = json.loads(lease.read_text())["process"]
    capsys.readouterr()
    assert do_shard(out, "1/3") == 0
    err = capsys.readouterr().err
    assert f"note: shard 1/3: taken over from process {process} on " in err
    assert "note: shard 1/3: nothing was kept of it\n" in err
    for share in ("2/3", "3/3"):
        assert do_shard(out, share) == 0
        assert "note: " not in capsys.readouterr().err
    assert regtrack("finish", out, "--workers", 1) == 0
    assert files_of(out) == files_of(tracks)


@pytest.mark.parametrize("where", ["deliver", "clear"])
def test_a_finish_that_was_killed_is_gone_on_with(
    predicted: tuple[TinyWorld, Path], out: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    world, tracks = predicted
    assert plan(world, out) == 0
    for share in ("1/3", "3/3"):
        assert do_shard(out, share) == 0
    with monkeypatch.context() as patch:
        patch.setattr(sharing, where, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            regtrack("finish", out, "--workers", 1)
    assert regtrack("finish", out, "--workers", 1) == 0
    assert files_of(out) == files_of(tracks)
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["predict", "--shard", "1/3"], "Missing option '--out'"),
        (
            ["predict", "--shard", "1/3", "chr1", "--out", "x"],
            "takes no REGION..., which the plan has",
        ),
        (["predict", "--shard", "1/3", "--out", "x", "--floor", "0"], "--floor: is the plan's"),
        (["predict", "--shard", "4/3", "--out", "x"], "expected 1/3 to 3/3"),
        (["predict", "--shard", "3", "--out", "x"], "expected K/N, such as 3/8, got '3'"),
        (["predict", "--shard", "1/3", "--out", "x"], "x: no plan of shards there"),
        (["predict", "--out", "x"], "Missing argument 'REGION...'"),
        (
            ["predict", "chr1", "--out", "x", "--shards", "0"],
            "expected a number from 1 on, or auto, got '0'",
        ),
        (["predict", "chr1", "--out", "x", "--verify"], "--verify: is of a --shard"),
        (["eval", "--out", "x"], "Missing argument 'TRACKS|MODEL'"),
        (["finish", "x"], "x: no plan of shards there"),
    ],
)
def test_what_does_not_go_together_is_told_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: Sequence[str],
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert regtrack(*words) in (1, 2)
    assert line in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_finished_in_one_piece(
    world: TinyWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    assert regtrack(*score_arguments(world, report, "--shards", 2)) == 0
    assert regtrack("finish", report, "--shard", "1/2") == 2
    assert "--shard: is for tracks; a report is made in one piece" in capsys.readouterr().err


def test_tracks_that_are_there_are_replaced_only_with_force(
    predicted: tuple[TinyWorld, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, tracks = predicted
    shutil.copytree(tracks, out)
    (out / "bigwig" / "0_K562_CTCF_None.bw").write_bytes(b"old")
    assert plan(world, out, "--floor", 0.1) == 1
    assert "tracks: exists already, with another floor (0.003, now 0.1)" in capsys.readouterr().err
    assert plan(world, out, "--force") == 0
    for share in ("1/3", "3/3"):
        assert do_shard(out, share) == 0
    assert regtrack("finish", out) == 1
    assert regtrack("finish", out, "--force", "--workers", 1) == 0
    assert files_of(out) == files_of(tracks)


def test_two_shards_work_at_once_and_nothing_is_taken_from_another(
    world: TinyWorld, out: Path
) -> None:
    assert plan(world, out) == 0
    work = next((out.parent / "tracks.partial").glob("work-*"))
    aside = work / "blocks" / f"chr1.00000.blk.node7.4711.{'0' * 16}.tmp"
    aside.write_bytes(b"half a block")
    with leased(out.parent / "tracks.partial" / "leases", "shard 1-of-3"):
        assert do_shard(out, "3/3") == 0
    assert aside.exists()


def test_nothing_that_killed_processes_were_writing_comes_into_the_tracks(
    predicted: tuple[TinyWorld, Path], out: Path
) -> None:
    world, tracks = predicted
    assert plan(world, out) == 0
    for share in ("1/3", "3/3"):
        assert do_shard(out, share) == 0
    (written,) = (out.parent / "tracks.partial").glob("work-*/tracks")
    (written / "peaks" / ".0_K562_CTCF_None.narrowPeak.gz.axub9_c0").write_bytes(b"half of it")
    name = f"0_K562_CTCF_None.bw.node7.4711.{'0' * 16}.tmp"
    (written / "bigwig" / name).write_bytes(b"half of it")
    assert regtrack("finish", out, "--workers", 1) == 0
    assert files_of(out) == files_of(tracks)


def test_a_plan_that_is_refused_leaves_the_unfinished_run_alone(
    predicted: tuple[TinyWorld, Path],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world, _ = predicted
    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.run.write_markers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            regtrack(*predict_arguments(world, out, "--workers", 1))
    before = files_of(out.parent)
    assert plan(world, out) == 1
    told = "holds an unfinished run, which goes on without --shards; --force drops it"
    assert told in capsys.readouterr().err
    assert files_of(out.parent) == before


def test_a_plan_that_cannot_be_written_leaves_nothing(
    world: TinyWorld, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(planning, "write_regions", full)
    assert plan(world, out) == 1
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["predict", "eval"])
def test_a_damaged_file_is_named_with_the_shard_that_makes_it_anew(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    arguments = predict_arguments if kind == "predict" else score_arguments
    assert regtrack(*arguments(world, out, "--workers", 1, "--shards", 2)) == 0
    for share in ("1/2", "2/2"):
        assert regtrack(kind, "--shard", share, "--out", out, "--workers", 1) == 0
    suffix = "blk" if kind == "predict" else "cnt"
    saved = min(out.parent.glob(f"tracks.partial/work-*/**/*.{suffix}"))
    whole = saved.read_bytes()
    saved.write_bytes(whole[:-9] + bytes([whole[-9] ^ 4]) + whole[-8:])
    capsys.readouterr()
    assert regtrack("finish", out, "--workers", 1) == 1
    anew = f"regtrack {kind} --shard 1/2 --out {out}"
    assert capsys.readouterr().err.endswith(f"{saved}: damaged; {anew} makes it anew\n")
    assert regtrack(*anew.split()[1:], "--workers", 1) == 0
    assert ": 0 bases predicted" not in capsys.readouterr().out
    assert regtrack("finish", out, "--workers", 1) == 0


def test_a_finish_that_was_killed_when_all_was_done_is_finished(
    predicted: tuple[TinyWorld, Path],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world, tracks = predicted
    assert plan(world, out) == 0
    for share in ("1/3", "3/3"):
        assert do_shard(out, share) == 0
    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.run.remove_claimed", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            regtrack("finish", out, "--workers", 1)
    capsys.readouterr()
    assert do_shard(out, "2/3") == 0
    assert regtrack("finish", out) == 0
    assert capsys.readouterr().out == f"{out}: finished already\n" * 2
    assert files_of(out) == files_of(tracks)
    assert list(out.parent.iterdir()) == [out]


def test_a_report_that_was_moved_in_half_is_moved_in_whole(
    world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, report = tmp_path / "whole", tmp_path / "report"
    assert regtrack(*score_arguments(world, whole)) == 0
    assert regtrack(*score_arguments(world, report, "--shards", 1)) == 0
    assert regtrack("eval", "--shard", "1/1", "--out", report, "--workers", 1) == 0
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if self.name == "report.tsv" and self.parent.name == "report":
            raise ZeroDivisionError
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(ZeroDivisionError):
            regtrack("finish", report, "--workers", 1)
    assert regtrack("finish", report) == 0
    assert files_of(report) == files_of(whole)
    assert sorted(tmp_path.iterdir()) == [report, whole]


def test_a_shard_that_comes_when_all_is_finished_makes_no_folder(
    predicted: tuple[TinyWorld, Path],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world, _ = predicted
    assert plan(world, out) == 0
    read = sharing.read_plan

    def finished_meanwhile(at: Path) -> object:
        known = read(at)
        shutil.rmtree(out.parent / "tracks.partial")
        return known

    monkeypatch.setattr(sharing, "read_plan", finished_meanwhile)
    assert do_shard(out, "1/3") == 1
    assert "the plan was finished, or dropped, just now" in capsys.readouterr().err
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("first", "remedy"),
    [
        ({"device": "cuda", "arithmetic": "H100, 9.0", "torch": "2.0"}, "use --device cuda"),
        ({"torch": "2.0"}, "use PyTorch 2.0"),
        ({"arithmetic": "AVX2, Another"}, "; mix them with --any-cpu"),
    ],
)
def test_what_helps_against_another_machine_is_said(
    world: TinyWorld,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    first: dict[str, str],
    remedy: str,
) -> None:
    assert plan(world, out) == 0
    assert do_shard(out, "3/3") == 0
    (record,) = (out.parent / "tracks.partial").glob("work-*/machine.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | first))
    assert do_shard(out, "1/3") == 1
    assert remedy in capsys.readouterr().err.splitlines()[-1]


def test_a_first_shard_that_computed_nothing_decides_nothing(world: TinyWorld, out: Path) -> None:
    assert plan(world, out) == 0
    (work,) = (out.parent / "tracks.partial").glob("work-*")
    other = {"device": "cuda", "arithmetic": "H100, 9.0", "torch": "2.0"}
    (work / "machine.json").write_text(json.dumps(other))
    assert do_shard(out, "1/3") == 0


def test_nobody_takes_part_while_a_job_is_being_finished(
    world: TinyWorld, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(world, out) == 0
    folder = out.parent / "tracks.partial" / "leases"
    folder.mkdir()
    holder = json.dumps(vars(Holder("node7", 4711, time.time())))
    (folder / "finish.0001.lease").write_text(holder)
    assert do_shard(out, "1/3") == 75
    assert "finish is at work: process 4711 on node7" in capsys.readouterr().err
