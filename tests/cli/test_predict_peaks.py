"""`regtrack predict --peaks`: tracks, and the scores of their model, in one pass."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from builders import TINY_SIZES, TinyWorld, make_tiny_world, random_sequence, write_fasta
from cli_helpers import rows_of
from forking import COMMAND, forked

from regtrack.cli.main import run
from regtrack.genome.bed import read_bed


@pytest.fixture(scope="module")
def with_report(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyWorld, Path]:
    """A world, and tracks of its two chromosomes that were scored in the same pass."""
    world = make_tiny_world(tmp_path_factory.mktemp("scored") / "world")
    out = world.folder / "tracks"
    assert run([str(one) for one in predict(world, out)]) == 0
    return world, out


def predict(world: TinyWorld, out: Path) -> tuple[object, ...]:
    return (
        *("predict", "chr1", "chr2", "--out", out, "--model", world.model),
        *("--genome", world.genome, "--peaks", world.markers, "--workers", 1),
    )


def test_predict_leaves_the_report_of_its_unrounded_predictions(
    with_report: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = with_report
    status, _, _ = regtrack(
        *("eval", world.model, "--genome", world.genome, "--peaks", world.markers),
        *("--region", "chr1", "--region", "chr2", "--out", tmp_path),
    )
    assert status == 0
    same = ("bases", "positives", "average_precision", "average_precision_low", "auroc", "recall")
    for one, other in zip(rows_of(tracks), rows_of(tmp_path), strict=True):
        assert [one[name] for name in same] == [other[name] for name in same]


def test_its_called_peaks_are_those_in_the_peak_files(
    with_report: tuple[TinyWorld, Path],
) -> None:
    _, tracks = with_report
    for row in rows_of(tracks):
        (file,) = (tracks / "peaks").glob(f"{row['index']}_*.gz")
        lines = read_bed(file, TINY_SIZES)
        assert int(row["called_peaks"]) == sum(len(one) for one in lines.values())


def test_the_tracks_are_those_without_a_report(
    with_report: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = with_report
    out = tmp_path / "tracks"
    arguments = [one for one in predict(world, out) if one not in ("--peaks", world.markers)]
    assert regtrack(*arguments)[0] == 0
    for path in (path for path in out.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tracks / path.relative_to(out)).read_bytes()


def test_scaffolds_share_files_and_a_killed_run_of_them_goes_on(tmp_path: Path) -> None:
    world = make_tiny_world(tmp_path / "world")
    # The first hundred have scores of their own, and a file each; the others share two.
    random = np.random.default_rng(1)
    sizes = {f"scaffold_{number}": 200 if number < 100 else 90 for number in range(140)}
    write_fasta(world.genome, {name: random_sequence(random, size) for name, size in sizes.items()})
    for path in (world.folder / "peaks").iterdir():
        path.write_text("".join(f"{name}\t10\t40\n" for name in list(sizes)[::3]))
    arguments = ["all", "--model", world.model, "--genome", world.genome, "--any-genome"]
    arguments += ["--peaks", world.markers, "--workers", 1, "--out"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command = ["predict", *map(str, arguments)]
    assert run([*command, str(whole)]) == 0
    code = (
        "import os, signal, sys\n"
        "from regtrack.tracks.blocks import BlockStore\n"
        "from regtrack.cli.main import run\n"
        "save = BlockStore.save\n"
        "def saved(store, blocks, encoded):\n"
        "    save(store, blocks, encoded)\n"
        "    if len(blocks) == 32:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "BlockStore.save = saved\n"
        "run(sys.argv[1:])\n"
    )
    done = forked(code, *command, killed)
    assert done.returncode == -signal.SIGKILL
    for kind in "blocks/*.blk", "counts/*.cnt":
        assert len(list(tmp_path.glob(f"killed.partial/{kind}"))) == 101
    assert run([*command, str(killed)]) == 0
    files = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert len(files) > 9
    for file in files:
        assert (whole / file).read_bytes() == (killed / file).read_bytes(), file


def test_a_killed_run_loses_no_counts(with_report: tuple[TinyWorld, Path], tmp_path: Path) -> None:
    world, tracks = with_report
    out = tmp_path / "tracks"
    # Killed when the second block is about to be saved: its counts are there, the block is not.
    code = (
        "import os, signal, sys\n"
        "import regtrack.prediction.run as r\n"
        "from regtrack.tracks.blocks import BlockStore\n"
        "from regtrack.cli.main import run\n"
        "whole, saved = BlockStore.save, []\n"
        "def killed(*arguments):\n"
        "    if saved:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    saved.append(whole(*arguments))\n"
        "BlockStore.save = killed\n"
        "r.in_processes = lambda work, tasks, _: ((task, work(task)) for task in tasks)\n"
        "run(sys.argv[1:])\n"
    )
    arguments = [str(one) for one in predict(world, out)]
    done = forked(code, *arguments)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("tracks.partial/counts/*.cnt"))) == 2
    again = forked(COMMAND, *arguments)
    assert again.returncode == 0, again.stderr
    assert not list(tmp_path.glob("*.partial"))
    for path in (path for path in tracks.rglob("*") if path.is_file()):
        assert path.read_bytes() == (out / path.relative_to(tracks)).read_bytes(), path


def test_an_unfinished_run_without_peaks_is_another_run(
    with_report: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, _ = with_report
    out = tmp_path / "tracks"
    work = tmp_path / "tracks.partial"
    arguments = [one for one in predict(world, out) if one not in ("--peaks", world.markers)]
    code = (
        "import os, signal, sys\n"
        "import regtrack.prediction.run as r\n"
        "from regtrack.cli.main import run\n"
        "r.write_markers = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "r.in_processes = lambda work, tasks, _: ((task, work(task)) for task in tasks)\n"
        "run(sys.argv[1:])\n"
    )
    forked(code, *arguments)
    assert work.exists()
    status, _, err = regtrack(*predict(world, out))
    assert status == 1
    assert "holds an unfinished run with other peaks" in err
