"""`predict_tracks`: the tracks that `regtrack predict` writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import TinyWorld
from cli_helpers import files_of, predict_arguments

import regtrack as rt
from regtrack.cli.main import run


def test_the_command_writes_the_same_bytes(
    model: rt.Model, world: TinyWorld, tmp_path: Path
) -> None:
    more = ("--markers", "K562*", "--max-error", 0.01, "--min-length", 50)
    typed = predict_arguments(world, tmp_path / "typed", *more, regions=["chr1:2,001-20,000"])
    assert run([str(one) for one in typed]) == 0
    tracks = rt.predict_tracks(
        model,
        world.genome,
        [("chr1", 2_000, 20_000)],
        tmp_path / "called",
        "K562*",
        max_error=0.01,
        min_length=50,
        window=15_000,
        workers=1,
        device="cpu",
    )
    assert tracks.folder == tmp_path / "called"
    assert files_of(tmp_path / "called") == files_of(tmp_path / "typed")


def test_regions_may_be_one_or_several_and_files(
    model: rt.Model, world: TinyWorld, tmp_path: Path
) -> None:
    bed = tmp_path / "some.bed"
    bed.write_text("chr1\t5000\t5100\n")

    def predicted(name: str, regions: object) -> str:
        out = tmp_path / name
        rt.predict_tracks(model, world.genome, regions, out, "CTCF", workers=1, device="cpu")  # type: ignore[arg-type]
        return (out / "predicted.bed").read_text()

    assert predicted("one", "chr1:5,001-5,100") == "chr1\t5000\t5100\n"
    assert predicted("tuple", ("chr1", 5_000, 5_100)) == "chr1\t5000\t5100\n"
    several = [bed, ("chr2", 10, 20), "chr2:41-50"]
    expected = "chr1\t5000\t5100\nchr2\t10\t20\nchr2\t40\t50\n"
    assert predicted("list", several) == expected
    assert predicted("three", tuple(several)) == expected


def test_tracks_that_are_there_are_replaced_only_by_force(
    model: rt.Model, world: TinyWorld, tmp_path: Path
) -> None:
    out = tmp_path / "tracks"
    region = ("chr1", 5_000, 5_100)
    rt.predict_tracks(model, world.genome, region, out, "CTCF", workers=1, device="cpu")
    with pytest.raises(rt.InputError, match=r"exists already; force=True replaces it$"):
        rt.predict_tracks(model, world.genome, region, out, workers=1, device="cpu")
    again = rt.predict_tracks(
        world.model, world.genome, region, out, workers=1, device="cpu", force=True
    )
    assert len(again) == 3


def test_measured_peaks_leave_a_report_with_the_tracks(
    model: rt.Model, world: TinyWorld, tmp_path: Path
) -> None:
    out = tmp_path / "tracks"
    rt.predict_tracks(
        model, world.genome, "chr1", out, peaks=world.markers, workers=1, device="cpu"
    )
    assert (out / "report.tsv").is_file()


def test_a_program_without_a_main_guard_predicts_in_several_processes_and_runs_once(
    world: TinyWorld, tmp_path: Path
) -> None:
    """A worker that imported the program would run it, and so start workers, without end."""
    program = tmp_path / "program.py"
    program.write_text(
        "import regtrack as rt\n"
        "print('begun', flush=True)\n"
        "tracks = rt.predict_tracks(\n"
        f"    {str(world.model)!r}, {str(world.genome)!r}, ['chr1', 'chr2'], 'tracks',\n"
        "    workers=2, device='cpu')\n"
        "print(*tracks)\n"
    )
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "begun\nK562|CTCF|None HepG2|DNase|None K562|H3K4me3|None\n"
