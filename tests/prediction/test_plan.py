"""What a prediction is said to take, against what it takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from builders import TINY_SIZES, TinyWorld, Unwatched

from regtrack.errors import InputError
from regtrack.prediction import blockwork
from regtrack.prediction.gpu_memory import MemoryNeed
from regtrack.prediction.job import Job, make_job
from regtrack.prediction.plan import Plan, make_plan
from regtrack.prediction.run import run
from regtrack.prediction.settings import PredictionSettings

KNOWN = sum(TINY_SIZES.values()) - 1_000 - 137 - 1


@pytest.fixture
def job(tiny: TinyWorld) -> Job:
    settings = PredictionSettings(window=15_000)
    return make_job(tiny.model, tiny.genome, ["all"], [], settings, "cpu")


def a_plan(**changes: object) -> Plan:
    """Of a whole chromosome, on a disk that is large enough."""
    usual = {
        "bases": 1_000_000,
        "left": 1_000_000,
        "windows": 10,
        "markers": 919,
        "files": 2_759,
        "stages": {"predicting": 170.0, "writing tracks": 30.0},
        "at_once": frozenset(),
        "tracks_bytes": 10_000_000_000,
        "disk_bytes": 20_000_000_000,
        "free_bytes": 30_000_000_000,
        "memory_bytes": 1_500_000_000,
        "device": "cpu (4 cores)",
    }
    return Plan(**{**usual, **changes})  # type: ignore[arg-type]


def test_a_plan_counts_what_the_run_then_makes(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "tracks"
    plan = make_plan(job, out, 2)
    assert list(tmp_path.iterdir()) == [tmp_path / "world"]  # nothing is left behind
    run(job, out, 2, False, Unwatched())
    files = [path for path in out.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    assert plan.bases == plan.left == KNOWN
    assert plan.markers == 3
    assert plan.files == len(files)
    assert size / 2 < plan.tracks_bytes < size * 2
    assert plan.disk_bytes == pytest.approx(2 * plan.tracks_bytes, rel=0.01)
    assert plan.seconds > 0
    assert plan.memory_bytes > 50_000_000
    assert plan.device.endswith(", 2 processes")


def test_windows_are_those_that_the_network_reads(job: Job, tmp_path: Path) -> None:
    # A core of 15,000 - 10,940 bases; one block for each chromosome.
    core = 4_060
    expected = sum(-(-bases // core) for bases in (44_000, 7_003, 16))
    assert make_plan(job, tmp_path / "tracks", 1).windows == pytest.approx(expected, abs=1)


def test_what_an_unfinished_run_has_predicted_is_not_counted_again(
    job: Job, tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "tracks"
    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.run.write_markers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(job, out, 1, False, Unwatched())
    plan = make_plan(job, out, 1)
    assert (plan.bases, plan.left) == (KNOWN, 0)
    assert plan.disk_bytes == plan.tracks_bytes
    assert 0 < plan.seconds < 0.5 * make_plan(job, tmp_path / "anew", 1).seconds
    assert f"{KNOWN:,} are predicted already" in plan.describe()
    # Of a run with other settings nothing can be used.
    settings = PredictionSettings(window=15_000, max_error=0.01)
    other = make_job(tiny.model, tiny.genome, ["all"], [], settings, "cpu")
    assert make_plan(other, out, 1).left == KNOWN


def test_a_job_of_a_few_bases_has_a_plan(tiny: TinyWorld, tmp_path: Path) -> None:
    job = make_job(tiny.model, tiny.genome, ["chrM"], [], PredictionSettings(), "cpu")
    plan = make_plan(job, tmp_path / "tracks", 8)
    assert (plan.bases, plan.windows) == (16, 1)


def test_loading_the_network_is_not_what_is_measured(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    whole = blockwork.load_network
    monkeypatch.setattr(
        blockwork, "load_network", lambda *given: loaded.append(given) or whole(*given)
    )
    make_plan(job, tmp_path / "tracks", 1)
    assert len(loaded) <= 1


def test_planning_leaves_torch_as_it_was(job: Job, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        make_plan(job, tmp_path / "tracks", 1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_disk_is_that_of_the_folder_to_be(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or usage)
    make_plan(job, tmp_path / "not" / "there" / "tracks", 1)
    assert asked == [tmp_path]


@pytest.mark.parametrize(("free", "fits"), [(20.1e9, True), (19.9e9, False), (0, False)])
def test_a_disk_that_is_too_small_is_refused(free: float, fits: bool) -> None:
    plan = a_plan(free_bytes=int(free))
    if fits:
        plan.check(Path("tracks"))
        return
    message = r"tracks: the disk is too small: about 20\.0 GB more are needed .* (GB|kB) are free"
    with pytest.raises(InputError, match=message):
        plan.check(Path("tracks"))


def test_a_plan_is_a_line_for_each_resource() -> None:
    assert a_plan().describe().splitlines() == [
        "bases    1,000,000 that are not N, in 10 windows",
        "markers  919",
        "device   cpu (4 cores)",
        "time     about 3 min 20 s, and some seconds to start",
        "stages   predicting 2 min 50 s, writing tracks 30 s",
        "tracks   about 10.0 GB in 2,759 files",
        "disk     about 20.0 GB more while it runs; 30.0 GB are free",
        "memory   about 1.5 GB at most",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (7_500, "2 h 5 min")],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert f"about {text}, and some" in a_plan(stages={"predicting": seconds}).describe()


def test_with_gpus_the_slower_of_what_is_done_side_by_side_counts_and_memory_is_told() -> None:
    spent = {"on 2 GPUs": 40.0, "packing and saving": 25.0, "writing tracks": 5.0}
    memory = MemoryNeed(free=70 * 10**9, at_once=6_400_000, a_base=3_800.0, fixed=10**9)
    plan = a_plan(
        stages=spent,
        at_once=frozenset(["on 2 GPUs", "packing and saving"]),
        device="cuda:0,1 (2 x NVIDIA H100), 16 processes",
        gpu_memory=memory,
    )
    assert plan.seconds == 45
    told = plan.describe().splitlines()
    assert told[3:5] == [
        "time     about 45 s, and some seconds to start",
        "stages   on 2 GPUs 40 s, packing and saving 25 s (side by side), writing tracks 5 s",
    ]
    assert told[-1] == (
        "GPU      about 4.8 GB of 70.0 GB that are free; 5 blocks of 200,000 bases at a time"
    )
    asked = plan.summary().more["plan"]
    assert asked["at_once"] == ["on 2 GPUs", "packing and saving"]
    assert asked["gpu"] == {
        "free": 70 * 10**9,
        "at_once": 6_400_000,
        "a_base": 3_800.0,
        "fixed": 10**9,
    }
