"""Rows that reach past an end of their chromosome: refused, or clipped where that is asked for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import TINY_SIZES, TinyWorld
from cli_helpers import files_of, predict_arguments

PEAKS = f"chr1\t-20\t200\nchr1\t{TINY_SIZES['chr1'] - 400}\t{TINY_SIZES['chr1'] + 1}\n"
WITHIN = f"chr1\t0\t200\nchr1\t{TINY_SIZES['chr1'] - 400}\t{TINY_SIZES['chr1']}\n"
NOTE = re.compile(r"note: peaks: clipped 2 rows of \S+0\.narrowPeak, past an end of their chrom")

Command = Callable[[TinyWorld, Path, Path], list[object]]


def prepare(world: TinyWorld, _: Path, out: Path) -> list[object]:
    command = ["prepare", "--genome", world.genome, "--peaks", world.markers, "--window", 2000]
    return [*command, "--valid", "chr1", "--out", out]


def predict(world: TinyWorld, _: Path, out: Path) -> list[object]:
    return predict_arguments(world, out, "--peaks", world.markers, regions=["chr1:1-3,000"])


def evaluate(world: TinyWorld, tracks: Path, out: Path) -> list[object]:
    return ["eval", tracks, "--peaks", world.markers, "--out", out]


def session(world: TinyWorld, tracks: Path, out: Path) -> list[object]:
    shutil.copytree(tracks, out)
    return ["session", out, "--peaks", world.markers]


@pytest.fixture
def world(tiny: TinyWorld) -> TinyWorld:
    (tiny.folder / "peaks" / "0.narrowPeak").write_text(PEAKS)
    return tiny


def test_a_row_past_an_end_is_refused_with_the_option_that_clips_it(
    world: TinyWorld, tmp_path: Path, regtrack
) -> None:
    status, _, err = regtrack(*prepare(world, tmp_path, tmp_path / "out"))
    assert status == 1
    assert "0.narrowPeak:1: starts at -20, before the beginning of chr1; --clip " in err


@pytest.mark.parametrize("command", [prepare, predict, evaluate, session])
def test_with_clip_it_counts_up_to_the_end(
    command: Command, world: TinyWorld, predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    status, _, err = regtrack(*command(world, predicted[1], tmp_path / "clipped"), "--clip")
    assert status == 0, err
    assert NOTE.search(err)
    (world.folder / "peaks" / "0.narrowPeak").write_text(WITHIN)
    assert regtrack(*command(world, predicted[1], tmp_path / "within"))[0] == 0
    clipped, within = files_of(tmp_path / "clipped"), files_of(tmp_path / "within")
    assert sorted(clipped) == sorted(within)
    same = [name for name in clipped if clipped[name] == within[name]]
    assert {"labels.npy", "report.tsv", "measured/0_K562_CTCF_None.bed.gz"} & set(same)


def test_the_configuration_may_ask_for_it(
    world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    (tmp_path / "regtrack.toml").write_text("[defaults]\nclip = true\n")
    monkeypatch.chdir(tmp_path)
    status, _, err = regtrack(*prepare(world, tmp_path, tmp_path / "dataset"))
    assert status == 0, err
    assert NOTE.search(err)
