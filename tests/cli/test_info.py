"""`regtrack info` says what every file and folder is that regtrack makes or reads."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest
import torch
from browsers_builders import write_tracks_folder
from builders import TinyWorld, tiny_settings
from cli_helpers import predict_arguments

from regtrack.atomic import locked, open_lock
from regtrack.cli import recognised
from regtrack.cli.main import run
from regtrack.models.catalog import ARCHITECTURES
from regtrack.prediction import run as prediction
from regtrack.training.settings import USUAL_RECIPE, TrainingSettings
from regtrack.training.state import HistoryRow, TrainingState


def told(capsys: pytest.CaptureFixture[str], path: Path) -> list[str]:
    capsys.readouterr()
    assert run(["info", str(path)]) == 0
    return capsys.readouterr().out.splitlines()


KINDS = {
    *recognised.FOLDERS.values(),
    *recognised._BY_NAME.values(),
    *recognised._BY_HEAD.values(),
    *(recognised._REGIONS, recognised._TABLE, recognised._PEAKS, recognised._LOG),
}


@pytest.mark.parametrize("kind", sorted(KINDS, key=str), ids=lambda kind: kind.name)
def test_every_kind_has_a_function_that_describes_it_or_says_what_to_do_with_it(
    kind: recognised.Kind,
) -> None:
    assert bool(kind.describe) != bool(kind.next)
    module, _, function = kind.describe.rpartition(".")
    assert not module or callable(getattr(import_module(module), function))


def test_a_report_is_summed_up(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, tracks = predicted
    report = tmp_path / "report"
    arguments = ["eval", tracks, "--peaks", world.markers, "--out", report]
    assert run([str(word) for word in arguments]) == 0
    lines = told(capsys, report)
    assert lines[0].split(maxsplit=1) == ["report", f"{report}, of the tracks {tracks.name}"]
    assert any(
        line.startswith("scored") and "50,881 bases of chr1, chr2, chrM" in line for line in lines
    )
    (scores,) = [line for line in lines if line.startswith("TFBS")]
    assert "1 marker, mean average precision 0." in scores
    assert lines[-1].endswith(f"open {report}/report.html in a browser")
    assert "None" not in "".join(lines).replace("|None", "")


@pytest.fixture
def unfinished(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The work folder of a run that was stopped before its first track."""
    world, _ = predicted
    out = tmp_path / "tracks"
    with monkeypatch.context() as patch:
        patch.setattr(prediction, "write_markers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run([str(word) for word in predict_arguments(world, out, "--workers", 1)])
    return tmp_path / "tracks.partial"


def test_a_run_that_was_stopped_says_how_to_go_on(
    unfinished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = dict(
        line[:12].strip() and (line[:12].strip(), line[12:]) for line in told(capsys, unfinished)
    )
    assert lines["unfinished"] == f"the run that makes {unfinished.with_suffix('')}"
    assert "max_error 0.003" in lines["settings"]
    assert "None" not in lines["settings"]
    assert lines["saved"].endswith(" kB")
    assert lines["at work"] == "nobody"
    assert lines["next"] == "give the same command again, and it continues"


def test_a_run_that_is_at_work_is_waited_for(
    unfinished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert locked(open_lock(unfinished / "lock"))
    assert told(capsys, unfinished)[-2:] == ["at work     a process is", "next        wait for it"]


def test_an_unfinished_training_says_at_which_step_it_is_saved_and_what_is_unusual_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "model.safetensors.partial"
    work.mkdir()
    settings = {**asdict(TrainingSettings()), **USUAL_RECIPE}
    usual = {name: value for name, value in settings.items() if value != math.inf}
    record = {"model": "dilated", "f1 of the network": 64, **usual, "device": "cpu"}
    (work / "run.json").write_text(json.dumps({**record, "batch_size": 4, "loss_step": 8}))
    assert [line for line in told(capsys, work) if "no step is saved yet" in line]
    network = ARCHITECTURES["dense"]["cnn1"].build(2, tiny_settings("dense", "cnn1"))
    optimizer = torch.optim.Adam(network.parameters())
    rows = [HistoryRow(step, step / 800, 1.0, 0.01, 0.1, 1 / step, True) for step in (7, 1_200)]
    for history, more in (
        ([], ""),
        (rows, "; best of 2 validations: step 7, average precision 0.1429"),
    ):
        TrainingState(step=1_300, seconds=300, history=history).save(
            work / "state.safetensors", network, optimizer
        )
        lines = dict(line.split(maxsplit=1) for line in told(capsys, work)[:-2])
        assert lines["trained"] == f"step 1,300, after 5 min 0 s, is saved{more}"
        assert lines["network"] == "dilated, f1 64"
        assert lines["settings"] == (
            "device cpu, batch_size 4, learning_rate 0.001, warmup 0.0, loss_step 8, repeats 0.0"
        )


def test_a_genome_is_named_with_its_sequences(
    predicted: tuple[TinyWorld, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = predicted
    assert told(capsys, world.genome) == [
        f"genome     {world.genome}, FASTA",
        "assembly   an unknown assembly",
        "sequences  3 of 52,019 bases",
        "  chr1     45,000",
        "  chr2     7,003",
        "  chrM     16",
        f"next       regtrack predict chr1 --genome {world.genome} --out tracks/",
    ]


def test_a_markers_table_is_counted(
    predicted: tuple[TinyWorld, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = predicted
    assert told(capsys, world.markers) == [
        f"table    {world.markers}, of 3 markers",
        "markers  1 TFBS, 1 DNase, 1 Histone",
        f"next     regtrack prepare --peaks {world.markers}, or eval",
    ]


def test_a_hub_of_several_runs_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("old", "new"):
        write_tracks_folder(tmp_path / name, assembly="canFam3")
    hub = tmp_path / "hub"
    where = ["--url", "https://example.org/hub", "--email", "a@example.org"]
    arguments = ["hub", tmp_path / "old", tmp_path / "new", "--out", hub, *where]
    assert run([str(word) for word in arguments]) == 0
    lines = told(capsys, hub)
    assert lines[0].split(maxsplit=1) == ["hub", f"{hub}, of 2 runs"]
    assert [line.split()[0] for line in lines[1:3]] == ["old", "new"]


# What regtrack writes or reads beside what the tests above have: what it holds, and what is told.
FILES = {
    "genome.fa.fai": (b"chr1\t9\t6\t60\t61\n", "index of a FASTA file"),
    "peaks.bed.gz.tbi": (b"\x1f\x8b", "index of a file of peaks"),
    "net.log.tsv": (b"step\tepoch\n", "log of a training|regtrack info {folder}/net.safetensors"),
    "net.scores.tsv": (b"index\tname\n", "scores of a network|regtrack info {folder}"),
    "one.html": (b"<!DOCTYPE html>", "page|open {folder}/one.html in a web browser"),
    "igv.json": (b"{}", 'session for igv.js|loadSession({url: "igv.json"})'),
    "hg19.chrom.sizes": (b"chr1\t9\n", "lengths of chromosomes"),
    "space.toml": (b"f1 = [1]", "settings to try|regtrack search DATASET --space"),
    "my.py": (b"raise SystemExit", "Python file|regtrack train DATASET --model {folder}/my.py:"),
    "weights.pt": (b"PK\x03\x04", "a pickle|regtrack import network"),
    "weights": (b"\x80\x02", "a pickle|regtrack import network"),
    "variants.vcf.gz": (b"##fileformat=VCFv4.2\n", "variants (VCF)|no variants"),
    "a.gtf": (b"chr1\thavana\n", "genes|--genes {folder}/a.gtf"),
    "refGene.txt.gz": (b"1\tNM_1\tchr1\t+\t1\t9\t1\t9\t1\t1,\t9,\n", "genes"),
    "a.bw": (b"\x26\xfc\x8f\x88", "BigWig file|open it in IGV"),
    "plot": (b"\x89PNG", "picture"),
    "peaks.narrowPeak": (b"chr1\t1\t301\nchr1\t5\t305\n", "BED, 2 lines|median of 300 bases"),
    "packed.bed.gz": (b"chr1\t1\t301\n", "BED, 1 line|--peaks"),
    "regions.txt": (b"chr1\t1\t301\n", "BED, 1 line"),
    "regtrack.toml": (b"[defaults]\nmodel = 'a'\n", "settings|[defaults]  model a|doctor"),
    "job.log": (
        b"2026-01-31T12:00:00+00:00 regtrack 0.2.0, process 7: regtrack train set\n"
        b"2026-01-31T12:00:01+00:00 ended after 1 s: exit status 1\n",
        "log of 1 run|regtrack train set|exit status 1|look at what it made",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_every_other_file_is_named_with_what_to_do_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    content, expected = FILES[name]
    file = tmp_path / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    lines = told(capsys, file)
    assert lines[-1].startswith("next ")
    text = " ".join("\n".join(lines).replace(f"{file}, of", "of").split())
    for part in expected.split("|"):
        assert " ".join(part.split()).replace("{folder}", str(tmp_path)) in text
    assert "None" not in text


FOLDERS = {
    "search": ("trials.tsv", "study.db", "1 trial|trial 0, average precision 0.2500|predict"),
    "compared": ("comparison.json", "", "of 1 network|cnn1 21,771 parameters|comparison.md"),
    "explained": ("explain.tsv", "", "regtrack explain|explain.png"),
    "contexts": ("context.tsv", "", "regtrack explain|context.png"),
    "site": ("site.json", "", "browse --export|web server"),
    "igv": ("igv.xml", "", "session for IGV|igv.xml"),
    "hub": ("hub.txt", "", "track hub|--check"),
    "fetched": ("fetched.json", "", "regtrack fetch|regtrack init"),
    "board": ("events.out.tfevents.1.vm.2.0", "", "log of a training|tensorboard --logdir"),
    "peaks": ("CTCF_K562.bed", "", "1 peak file|1 TFBS|--peaks"),
    "project": ("regtrack.toml", "", "1 thing that regtrack knows|regtrack.toml settings"),
}
CONTENTS = {
    "trials.tsv": "number\tstate\taverage_precision\n0\tcomplete\t0.25\n",
    "comparison.json": '{"format": 1, "dataset": "set", "task": "dense", "networks": '
    '[{"name": "cnn1", "parameters": 21771}]}',
    "CTCF_K562.bed": "chr1\t1\t301\n",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_every_other_folder_is_known_by_a_file_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    *files, expected = FOLDERS[name]
    folder = tmp_path / name
    folder.mkdir()
    for file in filter(None, files):
        (folder / file).write_text(CONTENTS.get(file, ""))
    lines = told(capsys, folder)
    assert lines[-1].startswith("next ")
    for part in expected.split("|"):
        assert part in " ".join("\n".join(lines).split())


def test_a_search_without_a_finished_trial_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.db").touch()
    assert told(capsys, tmp_path)[1:] == [
        "trials  none",
        "best    none yet",
        "next    the same command goes on",
    ]


def test_a_search_whose_table_is_damaged_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.db").touch()
    (tmp_path / "trials.tsv").write_text("number\tmean\n0\t0.5\n")
    assert run(["info", str(tmp_path)]) == 1
    assert (
        capsys.readouterr().err == f"regtrack: {tmp_path}/trials.tsv: damaged (KeyError('state'))\n"
    )


@pytest.mark.parametrize(
    "part", ["tracks.json", "predicted.bed", "bigwig", "peaks", "peaks/*.gz", "bigwig/0_*.bw"]
)
def test_a_part_is_described_with_the_whole_that_it_is_of(
    predicted: tuple[TinyWorld, Path], capsys: pytest.CaptureFixture[str], part: str
) -> None:
    _, tracks = predicted
    path = next(tracks.glob(part))
    lines = told(capsys, path)
    assert lines[0] == f"{path} is a part of {tracks}:"
    assert lines[1:] == told(capsys, tracks)


def test_a_part_of_an_unfinished_run_is_described_as_the_run(
    unfinished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, unfinished / "lock")[1:] == told(capsys, unfinished)


def test_a_python_file_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.py").write_text("raise SystemExit(5)")
    assert told(capsys, tmp_path / "my.py")[0].endswith("my.py: Python file")


@pytest.mark.parametrize("path", ["folder", "notes.txt"])
def test_anything_else_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("notes\n")
    assert run(["info", str(tmp_path / path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
