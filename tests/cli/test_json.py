"""`--json`: one document at the end, for workflows; docs/formats.md says what is in it."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsers_builders import write_tracks_folder
from builders import TinyDatasets, TinyWorld
from cli_helpers import predict_arguments, rows_of
from fetching_server import alone, miniature, serving

from regtrack import __version__
from regtrack.cli.main import cli
from regtrack.tracks.describe import summarise_written
from regtrack.tracks.folder import CHANCE, TrackSet

KEYS = ["command", "version", "written", "counts", "scores", "left_out", "notes", "seconds"]
OF_SOME = {"shards", "plan", "verdict", "finished"}
BRIEF = ("--steps", 2, "--batch-size", 2, "--device", "cpu", "--precision", "float32")

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(regtrack) -> Ask:
    """What a command answers with `--json`."""

    def call(*words: object) -> dict[str, Any]:
        status, out, err = regtrack(*words, "--json")
        assert status == 0, err
        document: dict[str, Any] = json.loads(out)
        keys = [key for key in document if key not in OF_SOME]
        assert keys == (KEYS if words[0] != "info" else [*KEYS[:2], "facts", *KEYS[2:]])
        assert document["version"] == __version__
        assert document["seconds"] > 0
        assert all(Path(path).exists() for path in document["written"]), document["written"]
        return document

    return call


def test_the_commands_that_write_something_have_it() -> None:
    found = {
        name
        for name, command in cli.commands.items()
        for option in command.params
        if "--json" in option.opts
    }
    assert found == {
        *(
            "predict",
            "eval",
            "train",
            "compare",
            "crossval",
            "search",
            "prepare",
            "finish",
            "explain",
            "info",
        ),
        *("thresholds", "hub", "session"),
    }


def test_info_says_what_a_thing_is_by_names_and_takes_a_part_for_the_whole(
    datasets: TinyDatasets, ask: Ask
) -> None:
    for path in (datasets.dense, datasets.dense / "dataset.json"):
        document = ask("info", path)
        facts = document["facts"]
        assert (document["command"], facts["kind"]) == ("info", "dataset")
        assert (facts["path"], document["written"]) == (str(datasets.dense), [])
        assert facts["markers"] == "3: 1 TFBS, 1 DNase, 1 Histone"
        assert {"split", "split.train", "split.valid", "split.test"} < set(facts)


def test_predict_counts_bases_markers_peaks_and_bytes(
    tiny: TinyWorld, tmp_path: Path, ask: Ask
) -> None:
    out = tmp_path / "tracks"
    words = ("--peak-threshold", 0.3, "--markers", "CTCF", "--markers", "DNase")
    document = ask(*predict_arguments(tiny, out, *words, regions=["chr1:1-20,000", "chrM"]))
    assert document["command"] == "predict"
    assert document["written"] == [str(out)]
    files = [path for path in out.rglob("*") if path.parent.name in ("bigwig", "peaks")]
    lines = sum(
        gzip.decompress(path.read_bytes()).count(b"\n")
        for path in files
        if path.name.endswith(".narrowPeak.gz")
    )
    assert document["counts"] == {
        "bases": sum(
            len(tiny.sequences[chrom][:20_000].upper().replace("N", ""))
            for chrom in ("chr1", "chrM")
        ),
        "markers": 2,
        "peaks": lines,
        "bytes": sum(path.stat().st_size for path in files),
    }
    assert lines > 0
    assert document["scores"] == {}


def test_predict_names_the_markers_without_peaks_and_why(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks")
    whole = TrackSet.read(folder)
    first, *rest = whole.tracks
    trackset = replace(whole, tracks=(replace(first, no_peaks=CHANCE), *rest))
    (left,) = summarise_written(
        trackset, folder, genes=None, is_scored=False, can_score=False
    ).to_json()["left_out"]
    assert left == {
        "what": "peaks of markers",
        "why": CHANCE,
        "number": 1,
        "names": [first.marker.name],
    }


def test_eval_has_the_scores_of_its_report_and_what_was_left_out(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, ask: Ask
) -> None:
    world, tracks = predicted
    out = tmp_path / "report"
    document = ask("eval", tracks, "--peaks", world.markers, "--out", out)
    report = json.loads((out / "report.json").read_text())
    assert document["command"] == "eval"
    assert document["written"] == [str(out / f"report.{kind}") for kind in ("tsv", "json", "html")]
    assert document["scores"] == {row["category"]: row["mean"] for row in report["categories"]}
    assert document["counts"]["bases"] == report["bases"]
    assert document["counts"]["chromosomes"] == len(report["chromosomes"])
    rows = rows_of(out)
    assert document["counts"]["measured_peaks"] == sum(int(row["measured_peaks"]) for row in rows)
    bases = {row["why"]: row["number"] for row in document["left_out"] if row["what"] == "bases"}
    assert bases == {why: number for why, number in report["left_out"].items() if number}
    names = {row["why"]: row["names"] for row in document["left_out"] if row["what"] == "markers"}
    assert names == {why: found for why, found in report["not_scored"].items() if found}
    assert document["verdict"] == report["verdict"]
    assert document["verdict"]["seen_in_training"] == "not known"


def test_eval_without_a_report_writes_nothing(predicted: tuple[TinyWorld, Path], ask: Ask) -> None:
    world, tracks = predicted
    assert ask("eval", tracks, "--peaks", world.markers)["written"] == []


def test_prepare_counts_windows_by_split_and_what_was_dropped(
    tiny: TinyWorld, tmp_path: Path, ask: Ask
) -> None:
    out = tmp_path / "dataset"
    sources = ("--genome", tiny.genome, "--peaks", tiny.markers, "--valid", "chr2")
    document = ask("prepare", *sources, "--window", 2_000, "--out", out)
    summary = json.loads((out / "dataset.json").read_text())["summary"]
    assert document["counts"]["windows"] == summary["windows"]
    assert document["counts"]["peaks"] == summary["peaks"]
    dropped = {row["number"] for row in document["left_out"] if row["what"] == "windows"}
    assert dropped == {one["windows"] for one in summary["dropped"].values()} - {0}


def test_train_has_the_best_validation_and_all_files(
    datasets: TinyDatasets, tmp_path: Path, ask: Ask
) -> None:
    out = tmp_path / "new.safetensors"
    document = ask("train", datasets.dense, "--out", out, "--model", "cnn1", *BRIEF)
    assert document["written"] == [
        str(tmp_path / f"new.{suffix}") for suffix in ("safetensors", "log.tsv", "log.png")
    ]
    assert document["counts"] == {"steps": 2, "best_step": 2}
    with (tmp_path / "new.log.tsv").open() as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    for category, scores in document["scores"].items():
        assert f"{scores['average_precision']:.6f}" == row[f"average_precision_{category}"]
    assert set(document["scores"]) == {"TFBS", "DNase", "Histone"}


def test_compare_and_search_have_the_scores_of_their_tables(
    datasets: TinyDatasets, tmp_path: Path, ask: Ask
) -> None:
    out = tmp_path / "tables"
    document = ask("compare", datasets.dense, "cnn1", "--out", out, *BRIEF)
    written = json.loads((out / "comparison.json").read_text())
    (network,) = written["networks"]
    for split, means in network["scores"].items():
        for category, scores in means.items():
            assert document["scores"]["cnn1"][split][category].items() >= scores.items()
    assert document["counts"] == {"networks": 1, "windows": written["windows"]}

    space = tmp_path / "space.toml"
    space.write_text("hidden = [4, 5]\n")
    words = ("--model", "cnn1", "--space", space, *BRIEF)
    document = ask("search", datasets.dense, "--out", tmp_path / "search", *words)
    assert document["counts"] == {"trials": 2, "failed": 0, "limit": 2}
    assert 0 < document["scores"]["mean"] < 1


def test_thresholds_explain_hub_session_and_fetch_say_what_they_wrote(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    world, _ = predicted
    out = tmp_path / "chosen.safetensors"
    sources = ("--genome", world.genome, "--peaks", world.markers, "--device", "cpu")
    document = ask("thresholds", world.model, "--region", "chr1", *sources, "--out", out)
    assert document["written"] == [str(out)]
    assert document["counts"]["markers"] > 0

    looked = tmp_path / "looked"
    words = ("chr1:1,001-3,000", "--marker", "K562|CTCF|None", *sources)
    document = ask("explain", world.model, *words, "--out", looked)
    assert (document["written"], document["counts"]) == ([str(looked)], {"networks": 1})

    folder = write_tracks_folder(tmp_path / "tracks", assembly="canFam3", peakless=[1])
    assert ask("session", folder)["written"] == [
        str(folder / name) for name in ("igv.xml", "igv.json")
    ]
    where = ("--url", "https://example.org/tracks/", "--email", "me@example.org")
    document = ask("hub", folder, *where)
    assert document["written"] == [str(folder / name) for name in ("hub.txt", "hub")]
    assert document["counts"] == {"markers": 4, "signals": 4, "with_peaks": 3}

    cache = alone(tmp_path, monkeypatch)
    with serving(miniature([0, 918])) as served:
        document = ask("fetch", "genome", "hg19", "--mirror", served.url)
    assert document["command"] == "fetch genome"
    assert document["written"] == [str(cache / "hg19.fa.gz")]
    assert (document["counts"]["files"], document["counts"]["new"]) == (2, 2)


def test_a_job_in_shards_answers_at_each_step(tiny: TinyWorld, tmp_path: Path, ask: Ask) -> None:
    out = tmp_path / "tracks"
    planned = ask(*predict_arguments(tiny, out, "--shards", 3))
    assert planned["counts"] == {"shards": 3, "with_work": 2, "bases": 50_881}
    assert planned["shards"] == {"with_work": [1, 3], "without_work": [2]}
    for number, bases in (1, 43_862), (2, 0), (3, 7_019):
        done = ask("predict", "--shard", f"{number}/3", "--out", out, "--workers", 1)
        of_bases = {"bases": bases, "bases_predicted": bases}
        assert done["counts"] == {"shard": number, "shards": 3, **of_bases}
        assert done["written"] == [str(tmp_path / "tracks.partial")]
    again = ask("predict", "--shard", "1/3", "--out", out, "--workers", 1)["counts"]
    assert (again["bases"], again["bases_predicted"]) == (43_862, 0)
    files = ask("finish", out, "--shard", "1/3", "--workers", 1)
    of_markers = {"markers": 1, "markers_written": 1}
    assert files["counts"] == {"shard": 1, "shards": 3, **of_markers}
    finished = ask("finish", out, "--workers", 1)
    assert (finished["command"], finished["written"]) == ("finish", [str(out)])
    assert finished["counts"]["markers"] == 3
    assert ask("finish", out)["written"] == [str(out)]


def test_notes_are_in_it_and_on_stderr(
    tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.setenv("REGTRACK_GENOM", "x")
    words = predict_arguments(tiny, tmp_path / "tracks", "--json", regions=["chrM"])
    _, out, err = regtrack(*words)
    (note,) = json.loads(out)["notes"]
    assert note.startswith("REGTRACK_GENOM is no variable")
    assert f"note: {note}" in err


def test_after_an_error_stdout_is_empty_and_the_exit_status_as_ever(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "tracks"
    words = predict_arguments(tiny, out, regions=["chrM"])
    assert regtrack(*words)[0] == 0
    for more in ((), ("--max-error", 2)):
        plain = regtrack(*words, *more)
        assert plain[0] in (1, 2)
        assert regtrack(*words, *more, "--json") == plain
    assert regtrack("hub", out, "--check", "--json")[:2] == (2, "")


def test_a_plan_says_what_its_text_says(tiny: TinyWorld, tmp_path: Path, ask: Ask) -> None:
    out = tmp_path / "tracks"
    document = ask(*predict_arguments(tiny, out, "--plan", "--workers", 1, regions=["chr1"]))
    assert document["written"] == []
    counts = document["counts"]
    assert [counts[name] for name in ("bases", "bases_done", "markers")] == [43_862, 0, 3]
    plan = document["plan"]
    assert set(plan["stages"]) == {"predicting", "writing tracks"}
    assert plan["seconds"] == pytest.approx(sum(plan["stages"].values()), abs=0.11)
    assert 0 < plan["tracks_bytes"] < plan["disk_bytes"] < plan["free_bytes"]
    assert plan["device"].endswith(", 1 process")
    model = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    scored = ask(*model, "--region", "chr1", "--device", "cpu", "--plan")
    assert (scored["counts"]["bases"], scored["counts"]["files"]) == (43_862, 0)
    assert scored["plan"]["disk_bytes"] > 0


def test_info_counts_what_tracks_and_an_unfinished_run_hold(
    tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask, regtrack
) -> None:
    out = tmp_path / "tracks"
    words = predict_arguments(tiny, out, "--workers", 1)
    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.run.write_markers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            regtrack(*words)
    partial = tmp_path / "tracks.partial"
    saved = [path for path in partial.rglob("*") if path.parent.name == "blocks"]
    counts = ask("info", out)["counts"]
    size = sum(path.stat().st_size for path in saved)
    assert counts == {"files": len(saved), "bytes": size, "markers": 3, "at_work": 0}
    assert size > 0
    written = ask(*words)["counts"]
    assert written["bases"] == 50_881
    assert ask("info", out)["counts"] == written
