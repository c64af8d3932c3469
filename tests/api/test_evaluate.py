"""`evaluate`: the scores that `regtrack eval` gives."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from builders import TINY_SIZES, TinyWorld, Unwatched, write_checkpoint
from cli_helpers import files_of

import regtrack as rt
from regtrack.cli.main import run
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings

EVERY_BASE = "it gives every base a value of its own; only the short task has steps"


def test_tracks_are_scored_as_the_command_scores_them(
    tracks: rt.Tracks, world: TinyWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", tracks.folder, "--peaks", world.markers, "--region", "chr1", "--out"]
    assert run([str(one) for one in (*command, tmp_path / "typed")]) == 0
    printed = capsys.readouterr().out
    report = rt.evaluate(tracks, world.markers, regions="chr1", workers=1)
    paths = report.write(tmp_path / "called")
    assert [path.name for path in paths] == ["report.tsv", "report.json", "report.html"]
    assert files_of(tmp_path / "called") == files_of(tmp_path / "typed")
    assert str(report) == printed.rpartition("\nwrote ")[0]


def test_a_report_as_a_frame_is_its_table(
    tracks: rt.Tracks, world: TinyWorld, tmp_path: Path
) -> None:
    report = rt.evaluate(tracks.folder, str(world.markers), markers="K562*", workers=1)
    table, *_ = report.write(tmp_path / "report")
    expected = pd.read_csv(table, sep="\t", keep_default_na=False, na_values=[""])
    found = report.to_frame()
    assert list(found.columns) == list(expected.columns)
    assert list(found["name"]) == ["K562|CTCF|None", "K562|H3K4me3|None"]
    for column in ("positives", "average_precision", "base_rate", "auroc"):
        assert found[column].tolist() == pytest.approx(expected[column].tolist(), rel=1e-4)


def test_a_model_is_scored_as_the_command_scores_it(
    model: rt.Model, world: TinyWorld, tmp_path: Path
) -> None:
    command = ["eval", world.model, "--genome", world.genome, "--peaks", world.markers]
    more = ["--region", "chr1:1-20,000", "--device", "cpu", "--out", tmp_path / "typed"]
    assert run([str(one) for one in (*command, *more)]) == 0
    report = rt.evaluate(
        model,
        world.markers,
        genome=world.genome,
        regions=["chr1:1-20,000"],
        device="cpu",
        workers=1,
    )
    report.write(tmp_path / "called")
    assert files_of(tmp_path / "called") == files_of(tmp_path / "typed")


@pytest.mark.parametrize("split", [None, "valid"])
def test_a_model_is_scored_on_a_split_of_a_dataset_as_the_command_scores_it(
    model: rt.Model, world: TinyWorld, tmp_path: Path, split: str | None
) -> None:
    settings = PrepareSettings(
        *(world.markers, world.genome),
        window=2_000,
        valid=["chr1:1-16,000"],
        test=["chr1:24,001-36,000"],
    )
    dataset = tmp_path / "dataset"
    prepare(settings, dataset, False, Unwatched())
    command = ["eval", world.model, "--dataset", dataset, "--device", "cpu"]
    more = [*(["--split", split] if split else []), "--out", tmp_path / "typed"]
    assert run([str(one) for one in (*command, *more)]) == 0
    report = rt.evaluate(
        model, dataset=str(dataset), split=split, markers="TFBS", device="cpu", workers=1
    )
    # 14 windows validate (two are N), 6 test; a window of two N less.
    assert report.evaluation.scored.bases == (14_000 if split else 11_999)
    assert report.to_frame()["name"].tolist() == ["K562|CTCF|None"]
    rt.evaluate(model, dataset=dataset, split=split, device="cpu", workers=1).write(
        tmp_path / "called"
    )
    assert files_of(tmp_path / "called") == files_of(tmp_path / "typed")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"peaks": "markers.tsv"}, "peaks: does not go with a dataset"),
        ({"regions": "chr1"}, "regions: does not go with a dataset"),
        ({"include_training": True}, "include_training: does not go with a dataset"),
        ({"split": "val"}, "split: expected train, valid, test, got 'val'"),
        ({"step": 48}, f"step: dilated: {EVERY_BASE}"),
        ({"dataset": None, "split": "test"}, "split: is of a dataset, and there is none"),
        (
            {"dataset": None, "genome": "GENOME"},
            "peaks: is missing: a markers table or peak files; regtrack fetch peaks has those of "
            "hg19",
        ),
    ],
)
def test_what_does_not_go_with_a_dataset_is_refused(
    model: rt.Model, world: TinyWorld, more: dict[str, object], said: str
) -> None:
    given = {"dataset": "dataset", **more}
    if "genome" in given:
        given["genome"] = world.genome
    with pytest.raises(rt.ArgumentError) as caught:
        rt.evaluate(model, **given)  # type: ignore[arg-type]
    assert str(caught.value).startswith(said)


def test_a_network_of_the_short_task_is_scored_at_the_step_that_is_asked_for(
    world: TinyWorld, tmp_path: Path
) -> None:
    path = tmp_path / "short.safetensors"
    markers = rt.load_model(world.model).markers
    write_checkpoint(path, markers, TINY_SIZES, task="short", architecture="dilated6")
    command = ["eval", path, "--genome", world.genome, "--peaks", world.markers, "--step", 48]
    more = ["--region", "chr2", "--device", "cpu", "--out", tmp_path / "typed"]
    assert run([str(one) for one in (*command, *more)]) == 0
    given = {"genome": world.genome, "regions": "chr2", "device": "cpu", "workers": 1}
    report = rt.evaluate(path, world.markers, step=48, **given)  # type: ignore[arg-type]
    report.write(tmp_path / "called")
    assert files_of(tmp_path / "called") == files_of(tmp_path / "typed")


def test_excluded_bases_are_not_scored(tracks: rt.Tracks, world: TinyWorld, tmp_path: Path) -> None:
    bed = tmp_path / "exclude.bed"
    bed.write_text("chr1\t2000\t12000\n")
    report = rt.evaluate(tracks, world.markers, regions="chr1", exclude=bed, workers=1)
    # 45,000 bases, of which 1,138 are N.
    assert report.evaluation.scored.bases == 33_862


def test_a_report_that_is_there_is_replaced_only_by_force(
    tracks: rt.Tracks, world: TinyWorld, tmp_path: Path
) -> None:
    report = rt.evaluate(tracks, world.markers, workers=1)
    report.write(tmp_path)
    with pytest.raises(rt.InputError, match=r"holds a report already; force=True replaces it$"):
        report.write(tmp_path)
    assert len(report.write(tmp_path, force=True)) == 3


@pytest.mark.parametrize(
    "more",
    [
        {"dataset": "dataset"},
        {"split": "test"},
        {"step": 48},
        {"genome": "genome.fa"},
        {"any_genome": True},
        {"device": "cpu"},
    ],
)
def test_what_is_for_a_model_is_refused_for_tracks(
    tracks: rt.Tracks, world: TinyWorld, more: dict[str, object]
) -> None:
    (name,) = more
    with pytest.raises(rt.ArgumentError, match=f"^{name}: is for a model; these are tracks$"):
        rt.evaluate(tracks, world.markers, **more)  # type: ignore[arg-type]


def test_a_frame_of_a_report_without_pandas_says_what_to_install(
    tracks: rt.Tracks, world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = rt.evaluate(tracks, world.markers, workers=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(rt.RegtrackError, match="to_frame needs pandas"):
        report.to_frame()
