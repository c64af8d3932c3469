"""`regtrack info` says what every file and folder is that regtrack makes or reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsers_builders import write_tracks_folder
from builders import TinyWorld
from cli_helpers import predict_arguments

from regtrack.atomic import locked, open_lock
from regtrack.cli import info
from regtrack.cli.main import run
from regtrack.prediction import run as prediction


def told(capsys: pytest.CaptureFixture[str], path: Path) -> list[str]:
    capsys.readouterr()
    assert run(["info", str(path)]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("name", [*info._FOLDERS.values(), *info._FILES.values(), info._CHECKPOINT])
def test_everything_that_is_described_has_a_function_for_it(name: str) -> None:
    assert callable(info._describer(name))


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
    ]


def test_a_markers_table_is_counted(
    predicted: tuple[TinyWorld, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = predicted
    assert told(capsys, world.markers) == [
        f"table    {world.markers}, of 3 markers",
        "markers  1 TFBS, 1 DNase, 1 Histone",
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


@pytest.mark.parametrize("path", ["folder", "notes.txt"])
def test_anything_else_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("notes\n")
    assert run(["info", str(tmp_path / path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
