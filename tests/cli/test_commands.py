"""The other commands, as a user sees them: what they print and what they leave."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from builders import TINY_SIZES, TinyWorld
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from regtrack import __version__
from regtrack.cli.main import run
from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.models.checkpoint import read_checkpoint
from regtrack.training.events import StepDone


def test_eval_equals_scikit_learn_on_the_values_read_back(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    status, out, _ = regtrack(
        *("eval", tracks, "--peaks", world.markers, "--out", tmp_path / "report")
    )
    assert status == 0
    assert "TFBS" in out
    with (tmp_path / "report" / "report.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 3
    where = read_bed(tracks / "predicted.bed", TINY_SIZES)
    for row in rows:
        peaks = read_bed(world.folder / "peaks" / f"{row['index']}.narrowPeak", TINY_SIZES)
        scores, labels = [], []
        with pyBigWig.open(str(next((tracks / "bigwig").glob(f"{row['index']}_*")))) as file:
            for chrom, intervals in where.items():
                truth = np.zeros(TINY_SIZES[chrom], dtype=bool)
                for start, end in peaks.get(chrom, ()):
                    truth[start:end] = True
                for start, end in intervals:
                    scores.append(np.nan_to_num(file.values(chrom, start, end, numpy=True)))
                    labels.append(truth[start:end])
        score, label = np.concatenate(scores), np.concatenate(labels)
        precision, recall, _ = precision_recall_curve(label, score)
        assert int(row["bases"]) == len(label)
        assert int(row["positives"]) == label.sum()
        for column, expected in {
            "average_precision": average_precision_score(label, score),
            "pr_auc_trapezoid": auc(recall, precision),
            "auroc": roc_auc_score(label, score),
            "base_rate": label.mean(),
        }.items():
            assert float(row[column]) == pytest.approx(expected, rel=1e-5)


def test_eval_sets_scikit_learns_scores_beside_its_own_on_request(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    arguments = ("eval", tracks, "--peaks", world.markers)
    _, plain, _ = regtrack(*arguments, "--out", tmp_path / "plain")
    status, out, err = regtrack(*arguments, "--reference-scores", "--out", tmp_path / "checked")
    assert status == 0, err
    table = out.removeprefix(plain.partition("wrote ")[0]).splitlines()[1:]
    assert table[0].split() == [
        "scikit-learn",
        *("average_precision", "difference", "pr_auc_trapezoid", "difference"),
        *("auroc", "difference"),
    ]
    assert [line.split()[0] for line in table[1:-1]] == [
        marker.name for marker in read_checkpoint(world.model).markers
    ]
    assert all(float(number) < 1e-5 for number in table[-1].split()[2:])
    with (tmp_path / "checked" / "report.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        for name in ("average_precision", "pr_auc_trapezoid", "auroc"):
            assert float(row[f"reference_{name}"]) == pytest.approx(float(row[name]), rel=1e-5)
    report = json.loads((tmp_path / "checked" / "report.json").read_text())
    assert f"{report['markers'][0]['reference_auroc']:.6g}" == rows[0]["reference_auroc"]
    assert "reference" not in (tmp_path / "plain" / "report.tsv").read_text()


def test_eval_of_a_model_has_no_values_for_scikit_learn(tiny: TinyWorld, regtrack) -> None:
    status, _, err = regtrack(*("eval", tiny.model, "--peaks", tiny.markers, "--reference-scores"))
    assert (status, err) == (2, "regtrack: --reference-scores: is for tracks; this is a model\n")


def test_eval_lists_markers_without_positives(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    status, out, _ = regtrack(
        *("eval", tracks, "--peaks", world.markers, "--region", "chrM", "--out", tmp_path)
    )
    assert status == 0
    assert "not scored, no measured peak in these bases: K562|CTCF|None" in out
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["markers"][0]["average_precision"] is None
    assert report["categories"] == []


def test_models_lists_the_papers_network(regtrack) -> None:
    status, out, _ = regtrack("models")
    assert status == 0
    assert "631,213" in out
    assert "-5,449 +5,489" in out


def test_info_tells_a_checkpoint_from_tracks(predicted: tuple[TinyWorld, Path], regtrack) -> None:
    world, tracks = predicted
    _, checkpoint, _ = regtrack("info", world.model)
    _, folder, _ = regtrack("info", tracks)
    assert "markers 3: 1 TFBS, 1 DNase, 1 Histone" in " ".join(checkpoint.split())
    assert "chr2 7,003 bases in 1 stretch from 1 to 7,003" in " ".join(folder.split())
    for text in (checkpoint, folder):
        assert len(text.splitlines()) < 40


def test_info_of_something_else(tmp_path: Path, regtrack) -> None:
    (tmp_path / "notes.txt").write_text("milk, eggs")
    status, _, err = regtrack("info", tmp_path / "notes.txt")
    assert status == 1
    assert "nothing that regtrack made or reads; expected a checkpoint, FASTA" in err
    assert regtrack("info", tmp_path)[0] == 1


@pytest.mark.parametrize("command", ["", "train", "predict", "eval", "demo", "models", "info"])
def test_every_command_has_help(command: str, regtrack) -> None:
    status, out, _ = regtrack(*command.split(), "--help")
    assert status == 0
    assert out.startswith("Usage: ")


def test_version(regtrack) -> None:
    assert regtrack("--version")[1].strip() == f"regtrack, version {__version__}"


def test_debug_shows_the_traceback(tiny: TinyWorld) -> None:
    with pytest.raises(InputError, match="no such checkpoint"):
        run(["--debug", "info", str(tiny.folder / "nothing.safetensors")])


def test_the_whole_way_with_a_configuration_file(
    tiny: TinyWorld, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    (tiny.folder / "regtrack.toml").write_text(
        '[defaults]\ngenome = "genome.fa"\nmodel = "new.safetensors"\npeaks = "markers.tsv"\n'
        '[prepare]\nvalid = ["chr2"]\nwindow = 2000\n'
        '[train]\ndataset = "set"\nmodel = "cnn3"\nsteps = 3\ndevice = "cpu"\n'
        "validate-every = 2\nhidden = 8\nreverse-complement = false\n[predict]\nworkers = 1\n"
    )
    monkeypatch.chdir(tiny.folder)
    status, out, _ = regtrack("prepare", "--out", "set")
    assert (status, "valid" in out) == (0, True)
    status, out, err = regtrack("train", "--out", "new.safetensors")
    assert status == 0, err
    assert out.startswith("new.safetensors: the best of 3 steps")
    assert "step 2, epoch" in err
    checkpoint = read_checkpoint(Path("new.safetensors"))
    assert (checkpoint.architecture, checkpoint.settings["hidden"]) == ("cnn3", 8)
    assert checkpoint.training["settings"]["reverse_complement"] is False
    status, out, _ = regtrack("predict", "chrM", "--out", "tracks/")
    assert status == 0
    status, out, _ = regtrack("predict", "chr2", "--out", "more/", "--markers", "CTCF")
    assert (status, "1 BigWig" in out) == (0, True)
    status, out, _ = regtrack("eval", "more/")
    assert status == 0
    assert "TFBS" in out


def test_ctrl_c_ends_the_demo_and_not_its_training_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    from regtrack.demo import simulated_demo as demo

    monkeypatch.setattr(
        "regtrack.cli.progress.Progress.told",
        lambda _, event: isinstance(event, StepDone) and signal.raise_signal(signal.SIGINT),
    )
    monkeypatch.setattr(demo, "CHROM_SIZES", {"chr1": 40_000, "chr2": 60_000, "chr3": 40_000})
    status, out, err = regtrack("demo", tmp_path / "demo", "--train", "--device", "cpu")
    assert (status, out) == (130, "")
    assert err.splitlines()[-1] == "regtrack: interrupted at 100% of reading peaks"


def test_the_demo_that_trains_does_the_whole_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    import dataclasses

    from regtrack.demo import simulated_demo as demo

    short = dataclasses.replace(demo.DEMO_TRAINING, steps=2)
    monkeypatch.setattr(demo, "DEMO_TRAINING", short)
    monkeypatch.setattr(demo, "CHROM_SIZES", {"chr1": 40_000, "chr2": 60_000, "chr3": 40_000})
    folder = tmp_path / "demo"
    status, out, _ = regtrack("demo", folder, "--train", "--device", "cpu")
    assert status == 0
    assert "regtrack predict chr1 --out tracks/" in out
    assert len(list((folder / "chr1-tracks" / "bigwig").iterdir())) == 7
    for distance in (200, 2_000, 5_000):  # the distant markers are scored, whatever the score
        assert f"+{distance}" in (folder / "chr1-report" / "report.tsv").read_text()

    assert regtrack("demo", folder)[0] == 1  # not twice without --force
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").touch()
    assert regtrack("demo", precious, "--force")[0] == 1
    assert (precious / "thesis.tex").exists()
    monkeypatch.chdir(folder)
    assert regtrack("predict", "chr1:1-3,000", "--out", "tracks/")[0] == 0
    assert regtrack("eval", "tracks/")[0] == 0
