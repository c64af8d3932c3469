"""`regtrack eval` of a model: exact scores of unrounded predictions; and beside its tracks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import (
    TINY_SIZES,
    TinyDatasets,
    TinyWorld,
    a_marker,
    random_sequence,
    write_checkpoint,
    write_fasta,
    write_markers,
)
from cli_helpers import rows_of
from encoded import by_bin, peaks_of
from sklearn.metrics import average_precision_score

from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import BASES, Genome
from regtrack.genome.markers import Marker, read_markers
from regtrack.models.checkpoint import load_network
from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.tracks.folder import TrackSet
from regtrack.tracks.peaks.rules import PeakRules


def one_pass(world: TinyWorld, chrom: str) -> np.ndarray:
    """Probabilities of a whole chromosome in one window, (markers, bases)."""
    network, genome = load_network(world.model, torch.device("cpu")), Genome(world.genome)
    size = TINY_SIZES[chrom]
    halo = 10_000
    length = -(-(size + 2 * halo) // 10) * 10
    with torch.inference_mode():
        logits = network(torch.from_numpy(genome.codes(chrom, -halo, length - halo))[None].int())
    return logits[0].sigmoid().numpy()[:, halo : halo + size]


def truth_of(world: TinyWorld, marker: int, chrom: str) -> np.ndarray:
    inside = np.zeros(TINY_SIZES[chrom], bool)
    peaks = read_bed(world.folder / "peaks" / f"{marker}.narrowPeak", TINY_SIZES)
    for start, end in peaks.get(chrom, ()):
        inside[start:end] = True
    return inside


def known_of(world: TinyWorld, chrom: str) -> np.ndarray:
    return Genome(world.genome).codes(chrom, 0, TINY_SIZES[chrom]) > 0


def runs_in(values: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], values, [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def called_in(values: np.ndarray, known: np.ndarray, threshold: float) -> list[tuple[int, int]]:
    """Peaks of a chromosome's probabilities, 8 bases at a time."""
    seen = np.full(len(values), -1.0)
    for start, end in runs_in(known):
        seen[start:end] = by_bin(values[start:end], start)
    return peaks_of(seen >= threshold, PeakRules())


def test_a_model_scores_as_its_probabilities_do_base_by_base(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "report"
    status, printed, _ = regtrack(
        *("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers, "--out", out),
        *("--workers", 2),
    )
    assert status == 0
    assert f"{sum(TINY_SIZES.values()) - 1_138:,} bases scored in {tiny.model.name}" in printed
    assert "left out, N: 1,138 bases" in printed
    rows = rows_of(out)
    values = {chrom: one_pass(tiny, chrom) for chrom in TINY_SIZES}
    known = {chrom: known_of(tiny, chrom) for chrom in TINY_SIZES}
    for marker, row in enumerate(rows):
        truth = {chrom: truth_of(tiny, marker, chrom) for chrom in TINY_SIZES}
        labels = np.concatenate([truth[chrom][known[chrom]] for chrom in TINY_SIZES])
        scores = np.concatenate([values[chrom][marker, known[chrom]] for chrom in TINY_SIZES])
        assert int(row["bases"]) == len(labels)
        assert int(row["positives"]) == labels.sum()
        expected = average_precision_score(labels, scores)
        assert float(row["average_precision"]) == pytest.approx(expected, abs=2e-4)
        called = scores >= float(row["threshold"])
        assert float(row["recall"]) == pytest.approx(called[labels].mean(), abs=2e-3)
        assert float(row["precision"]) == pytest.approx(labels[called].mean(), abs=2e-3)
        peaks = [
            (chrom, *peak)
            for chrom in TINY_SIZES
            for peak in called_in(values[chrom][marker], known[chrom], float(row["threshold"]))
        ]
        inside = {chrom: truth[chrom] & known[chrom] for chrom in TINY_SIZES}
        hits = sum(inside[chrom][start:end].any() for chrom, start, end in peaks)
        assert abs(int(row["called_peaks"]) - len(peaks)) <= 2  # probabilities at the threshold
        assert abs(int(row["called_peaks_hit"]) - hits) <= 2
        measured = [
            (chrom, *run) for chrom in TINY_SIZES for run in runs_in(truth[chrom] & known[chrom])
        ]
        assert int(row["measured_peaks"]) <= len(measured)


@pytest.mark.usefixtures("in_processes")
def test_the_number_of_workers_changes_no_byte(tiny: TinyWorld, tmp_path: Path, regtrack) -> None:
    reports = []
    for workers in 1, 2:
        out = tmp_path / str(workers)
        command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
        assert regtrack(*command, "--workers", workers, "--out", out)[0] == 0
        reports.append([path.read_bytes() for path in sorted(out.iterdir())])
    assert reports[0] == reports[1]


def test_a_split_of_a_dataset_scores_as_training_said(
    datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    from regtrack.datasets.folder import open_dataset
    from regtrack.training.processes import Processes
    from regtrack.training.validation import score

    world = datasets.world
    status, printed, _ = regtrack(
        *("eval", world.model, "--dataset", datasets.dense, "--split", "valid", "--out", tmp_path)
    )
    assert status == 0
    cpu = torch.device("cpu")
    expected = score(
        load_network(world.model, cpu), open_dataset(datasets.dense), "valid", Processes(0, 1, cpu)
    ).scores()
    for row, one in zip(rows_of(tmp_path), expected, strict=True):
        assert (int(row["bases"]), int(row["positives"])) == (one.bases, one.positives)
        if one.scored:
            found = float(row["average_precision"])
            assert found == pytest.approx(one.average_precision, abs=1e-4)
    # Of DNase nothing is known on chr2.
    assert [row["unknown_chromosomes"] for row in rows_of(tmp_path)] == ["", "chr2", ""]
    assert "left out, unknown there: chr2 for 1 marker" in printed
    record = json.loads((tmp_path / "report.json").read_text())
    assert record["about"]["seen in training"].startswith("not known")


def test_regions_excluded_and_unknown_bases_do_not_count(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    (tmp_path / "bad.bed").write_text("chr1\t5000\t7000\n")
    status, printed, _ = regtrack(
        *("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers),
        *("--region", "chr1:1-10,000", "--region", "chr2", "--exclude", tmp_path / "bad.bed"),
        *("--unknown", "HepG2*=chr2", "--out", tmp_path / "report"),
    )
    assert status == 0
    rows = rows_of(tmp_path / "report")
    on_chr1 = 10_000 - 1_000 - 2_000
    assert [int(row["bases"]) for row in rows] == [on_chr1 + 7_003, on_chr1, on_chr1 + 7_003]
    assert "left out, N: 1,000 bases" in printed
    assert "left out, excluded: 2,000 bases" in printed


def test_tracks_and_their_model_score_alike(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    regions = ("--region", tracks / "predicted.bed")
    assert regtrack("eval", tracks, "--peaks", world.markers, "--out", tmp_path / "tracks")[0] == 0
    assert (
        regtrack(
            *("eval", world.model, "--genome", world.genome, "--peaks", world.markers, *regions),
            *("--out", tmp_path / "model"),
        )[0]
        == 0
    )
    for one, other in zip(rows_of(tmp_path / "tracks"), rows_of(tmp_path / "model"), strict=True):
        assert one["bases"] == other["bases"]
        found = float(one["average_precision"])
        assert found == pytest.approx(float(other["average_precision"]), abs=0.01)


def score_in_any_order(labels: np.ndarray, values: np.ndarray) -> float:
    """Average precision where bases of one value, as those of a step, are in no order."""
    random = np.random.default_rng(0)
    orders = [values * (1 + 1e-5 * random.random(len(values))) for _ in range(20)]
    return float(np.mean([average_precision_score(labels, one) for one in orders]))


def test_a_network_of_the_short_task_is_scored_at_the_step_that_it_predicts_at(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    model = write_checkpoint(
        *(tmp_path / "short.safetensors", read_markers(tiny.markers), TINY_SIZES),
        task="short",
        architecture="dilated6",
    )
    of_all = ("--genome", tiny.genome, "--peaks", tiny.markers, "--device", "cpu")
    network, genome = load_network(model, torch.device("cpu")), Genome(tiny.genome)
    network.set_step(48)
    size = 7_056  # of chr2, in whole steps
    with torch.inference_mode():
        logits = network(torch.from_numpy(genome.codes("chr2", 0, size))[None].int())[0]
    values = logits.sigmoid().numpy()[:, : TINY_SIZES["chr2"]]
    on_chr2 = ("eval", model, *of_all, "--region", "chr2")
    assert regtrack(*on_chr2, "--step", 48, "--out", tmp_path / "chr2")[0] == 0
    for marker, row in enumerate(rows_of(tmp_path / "chr2")):
        expected = score_in_any_order(truth_of(tiny, marker, "chr2"), values[marker])
        assert float(row["average_precision"]) == pytest.approx(expected, abs=1e-3)
    record = json.loads((tmp_path / "chr2" / "report.json").read_text())
    assert record["about"]["step"] == 48
    # In bins of 200, as it was trained, they are others.
    assert regtrack(*on_chr2, "--out", tmp_path / "bins")[0] == 0
    assert "step" not in json.loads((tmp_path / "bins" / "report.json").read_text())["about"]
    by_step, by_bin_ = (
        [float(row["average_precision"]) for row in rows_of(tmp_path / name)]
        for name in ("chr2", "bins")
    )
    assert max(abs(one - other) for one, other in zip(by_step, by_bin_, strict=True)) > 0.005

    tracks, report = tmp_path / "tracks", tmp_path / "report"
    fine = ("--step", 48, "--max-error", 0.0001, "--floor", 0.0001)
    assert regtrack("predict", "all", "--model", model, "--out", tracks, *of_all, *fine)[0] == 0
    assert regtrack("eval", model, *of_all, "--step", 48, "--out", report)[0] == 0
    scored = rows_of(report)
    for row, in_pass in zip(scored, rows_of(tracks), strict=True):
        assert row["average_precision"] == in_pass["average_precision"]
    status, _, err = regtrack("eval", tracks, "--peaks", tiny.markers, "--out", tmp_path / "read")
    assert status == 0, err
    for row, read in zip(scored, rows_of(tmp_path / "read"), strict=True):
        assert row["bases"] == read["bases"]
        read_score = float(read["average_precision"])
        # In tracks, the bases of a step are a tie.
        assert float(row["average_precision"]) == pytest.approx(read_score, abs=4e-3)


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        (["--step", "48"], 2, "--step: dilated: it gives every base a value of its own"),
        (["--genome", None], 2, "--genome: is missing"),
        (["--peaks", None], 2, "--peaks: is missing"),
        (["--dataset", "DENSE"], 2, "--peaks: does not go with --dataset"),
        (["--split", "valid"], 2, "--split: is of a --dataset"),
        (["--region", "chr1:1-900"], 1, "all that was asked for is N or excluded"),
        (["--region", "chr9"], 1, "no chromosome of the genome"),
        (["--markers", "nothing*"], 2, "no such marker"),
        (["--unknown", "K562"], 2, "expected PATTERN=CHROM"),
        (["--device", "tpu"], 2, "--device: expected auto"),
    ],
)
def test_what_cannot_be_scored_is_one_line(
    datasets: TinyDatasets, regtrack, change: list[str | None], status: int, message: str
) -> None:
    world = datasets.world
    options: dict[str, object] = {"--genome": world.genome, "--peaks": world.markers}
    places = {"DENSE": datasets.dense, "SHORT": datasets.short}
    for name, value in zip(change[::2], change[1::2], strict=True):
        options[str(name)] = places.get(str(value), value)
    given = [one for pair in options.items() if pair[1] is not None for one in pair]
    found, out, err = regtrack("eval", world.model, *given)
    assert (found, out) == (status, "")
    assert message in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--region", "chr1"], 2, "--region: does not go with --dataset"),
        (["--exclude", "a.bed"], 2, "--exclude: does not go with --dataset"),
        (["--unknown", "K562*=chr1"], 2, "--unknown: does not go with --dataset"),
        ([], 1, "its test split is empty"),
        (["--split", "valid", "--markers", "nothing"], 2, "no such marker"),
        (["--split", "valid", "--step", "48"], 2, "--step: dilated: it gives every base a value"),
    ],
)
def test_what_does_not_go_with_a_dataset_is_one_line(
    datasets: TinyDatasets, regtrack, options: list[str], status: int, message: str
) -> None:
    found, out, err = regtrack("eval", datasets.world.model, "--dataset", datasets.dense, *options)
    assert (found, out) == (status, "")
    assert message in err.splitlines()[-1]


def test_a_dataset_of_the_short_task_has_no_bases(datasets: TinyDatasets, regtrack) -> None:
    status, _, err = regtrack("eval", datasets.world.model, "--dataset", datasets.short)
    assert (status, "which has no bases; regtrack compare" in err) == (1, True)


@pytest.mark.parametrize(
    "option",
    [("--dataset", "set"), ("--split", "test"), ("--step", "48"), ("--device", "cpu")],
)
def test_what_is_for_a_model_does_not_go_with_tracks(
    predicted: tuple[TinyWorld, Path], regtrack, option: tuple[str, str]
) -> None:
    world, tracks = predicted
    status, _, err = regtrack("eval", tracks, "--peaks", world.markers, *option)
    assert (status, f"{option[0]}: is for a model" in err) == (2, True)


def test_a_path_that_does_not_exist_is_named(tiny: TinyWorld, regtrack) -> None:
    status, _, err = regtrack("eval", tiny.folder / "modle", "--dataset", "dataset")
    assert (status, "modle: no such file or folder; model.safetensors lies beside it" in err) == (
        1,
        True,
    )


def test_a_report_below_a_file_is_refused_before_any_work(
    tiny: TinyWorld, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtrack.prediction.dispatch.predict_blocks", lambda _: 1 / 0)
    command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    status, _, err = regtrack(*command, "--out", tiny.markers / "report")
    assert (status, "markers.tsv: is a file; expected a folder" in err) == (1, True)


def test_a_model_of_another_assembly_is_not_scored_on_a_dataset(
    datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    markers = read_markers(datasets.world.markers)
    other = write_checkpoint(tmp_path / "other.safetensors", markers, {**TINY_SIZES, "chr1": 9})
    command = ("eval", other, "--dataset", datasets.dense, "--split", "valid")
    status, _, err = regtrack(*command)
    assert (status, "was trained on tiny (" in err) == (1, True)
    assert regtrack(*command, "--any-genome")[0] == 0


def test_another_assembly_is_refused_unless_one_insists(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    longer = {chrom: f"{text}ACGT" for chrom, text in tiny.sequences.items()}
    other = write_fasta(tmp_path / "other.fa", longer)
    command = ("eval", tiny.model, "--genome", other, "--peaks", tiny.markers, "--region", "chr1")
    status, _, err = regtrack(*command)
    assert (status, "was trained on tiny (" in err) == (1, True)
    assert regtrack(*command, "--any-genome")[0] == 0


@pytest.mark.parametrize("ends", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_run_that_was_stopped_resumes_and_its_report_is_the_same(
    tiny: TinyWorld,
    tmp_path: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    ends: BaseException,
) -> None:
    command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    assert regtrack(*command, "--workers", 1, "--out", tmp_path / "whole")[0] == 0

    out, predicted = tmp_path / "report", []

    def first_only(work: BlockWork) -> None:
        if predicted:
            raise ends
        predicted.append(work)
        predict_blocks(work)

    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.dispatch.predict_blocks", first_only)
        assert regtrack(*command, "--workers", 1, "--out", out)[0] != 0
    work = tmp_path / "report.partial"
    assert [path.name for path in work.glob("*.cnt")] == ["chr1.00000.cnt"]
    assert not out.exists()

    counted = (work / "chr1.00000.cnt").stat().st_mtime_ns
    with monkeypatch.context() as patch:
        todo: list[str] = []
        patch.setattr(
            "regtrack.prediction.dispatch.predict_blocks",
            lambda work: (todo.append(work.tasks[0].block.chrom), predict_blocks(work)),
        )
        plan = regtrack(*command, "--workers", 1, "--out", out, "--plan")[1]
        assert f"; {predicted[0].bases:,} are predicted already" in plan
        assert (work / "chr1.00000.cnt").stat().st_mtime_ns == counted
        todo.clear()
        assert regtrack(*command, "--workers", 1, "--out", out)[0] == 0
    assert todo == ["chr2", "chrM"]
    assert not work.exists()
    for name in "report.tsv", "report.json", "report.html":
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("written", [["report.tsv"], ["report.tsv", "report.json", "report.html"]])
def test_a_run_that_was_stopped_while_its_report_was_written_is_finished_by_the_next(
    tiny: TinyWorld,
    tmp_path: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    written: list[str],
) -> None:
    command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    assert regtrack(*command, "--out", tmp_path / "whole")[0] == 0
    out = tmp_path / "report"

    def some_of_it(_: object, folder: Path) -> None:
        folder.mkdir()
        for name in written:
            (folder / name).write_bytes((tmp_path / "whole" / name).read_bytes())
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.score_model.write_report", some_of_it)
        status, _, err = regtrack(*command, "--out", out)
        assert (status, err.splitlines()[-1]) == (
            130,
            "regtrack: interrupted at 100% of scoring; run the same command again to continue",
        )
    status, _, err = regtrack(*command, "--markers", "CTCF", "--out", out)
    assert (status, "holds a report already; --force replaces it" in err) == (1, True)
    status, _, err = regtrack(*command, "--out", out)
    assert status == 0, err
    assert not (tmp_path / "report.partial").exists()
    for name in "report.tsv", "report.json", "report.html":
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    status, _, err = regtrack(*command, "--out", out)
    assert (status, "holds a report already; --force replaces it" in err) == (1, True)


def test_counts_on_a_genome_with_a_longer_chromosome_are_not_taken_up(
    tiny: TinyWorld, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing that is scored differs, but called peaks lie on a line of all chromosomes.
    genome = Genome(tiny.genome)
    records = {
        chrom: "".join(BASES[code] for code in genome.codes(chrom, 0, size))
        for chrom, size in TINY_SIZES.items()
    }
    other = write_fasta(tmp_path / "other.fa", records | {"chr1": records["chr1"] + "ACGT" * 10})
    command = ("eval", tiny.model, "--peaks", tiny.markers, "--region", "chr2", "--any-genome")
    out = tmp_path / "report"
    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.score_model.gather_scores", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            regtrack(*command, "--genome", tiny.genome, "--out", out)
    status, _, err = regtrack(*command, "--genome", other, "--out", out)
    assert (status, "holds an unfinished run with other chromosomes" in err) == (1, True)


def test_damaged_counts_are_predicted_again(
    tiny: TinyWorld, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    assert regtrack(*command, "--out", tmp_path / "whole")[0] == 0
    out = tmp_path / "report"
    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.score_model.gather_scores", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            regtrack(*command, "--out", out)
    counts = tmp_path / "report.partial" / "chr1.00000.cnt"
    content = bytearray(counts.read_bytes())
    content[len(content) // 2] ^= 1
    counts.write_bytes(content)
    status, _, err = regtrack(*command, "--out", out)
    assert (status, "chr1.00000.cnt: damaged, 1 of 1 such files; predicted again" in err) == (
        0,
        True,
    )
    for name in "report.tsv", "report.json", "report.html":
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_counts_of_another_question_are_not_taken_up(
    tiny: TinyWorld, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    out = tmp_path / "report"
    with monkeypatch.context() as patch:
        patch.setattr("regtrack.prediction.score_model.gather_scores", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            regtrack(*command, "--out", out)
    plan = ("--out", out, "--plan")
    assert "predicted already" in regtrack(*command, *plan)[1]
    assert "predicted already" not in regtrack(*command, "--markers", "CTCF", *plan)[1]
    status, _, err = regtrack(*command, "--markers", "CTCF", "--out", out)
    assert (status, "report.partial: holds an unfinished run with other marke" in err) == (1, True)
    assert regtrack(*command, "--markers", "CTCF", "--out", out, "--force")[0] == 0
    assert not (tmp_path / "report.partial").exists()


def test_what_scoring_a_model_will_take_is_said_and_nothing_is_done(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    status, plan, _ = regtrack(*command, "--out", tmp_path / "report", "--plan")
    known = sum(int(known_of(tiny, chrom).sum()) for chrom in TINY_SIZES)
    lines = dict(line.split(maxsplit=1) for line in plan.splitlines())
    assert status == 0
    assert lines["bases"].startswith(f"{known:,} that are not N")
    assert set(lines) == {"bases", "markers", "device", "time", "disk", "memory"}
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_no_temporary_file_is_left_behind(
    tiny: TinyWorld, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    command = ("eval", tiny.model, "--genome", tiny.genome, "--peaks", tiny.markers)
    assert regtrack(*command)[0] == 0
    assert not list(tmp_path.glob("regtrack-eval*"))
    monkeypatch.setattr("regtrack.prediction.dispatch.predict_blocks", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        regtrack(*command)
    assert not list(tmp_path.glob("regtrack-eval*"))


def reordered(world: TinyWorld, path: Path, rows: list[int]) -> Path:
    """The table of some of the world's peaks, in another order and with other numbers."""
    header, *lines = world.markers.read_text().splitlines()
    chosen = [lines[row].split("\t") for row in rows]
    text = ["\t".join([str(40 + place), *fields[1:]]) for place, fields in enumerate(chosen)]
    path.write_text("\n".join([header, *text]) + "\n")
    return path


@pytest.mark.parametrize("command", ["eval model", "eval tracks", "predict"])
def test_peaks_are_matched_by_name_whatever_their_order(
    tiny: TinyWorld, tmp_path: Path, regtrack, command: str
) -> None:
    """And only those markers are scored that are asked for and have peaks."""
    table = reordered(tiny, tiny.folder / "other.tsv", [2, 0])
    for name, peaks, markers in ("all", tiny.markers, []), ("some", table, ["*H3K4me3*", "*DN*"]):
        out = tmp_path / name
        chosen = [word for pattern in markers for word in ("--markers", pattern)]
        where = ("--genome", tiny.genome)
        scored = ("--peaks", peaks, "--out", out, *chosen)
        if command == "predict":
            words = ("predict", "all", "--model", tiny.model, *where, *scored, "--workers", 1)
        elif command == "eval model":
            words = ("eval", tiny.model, *where, *scored)
        else:
            tracks = tmp_path / f"tracks of {name}"
            model = ("--model", tiny.model, "--workers", 1)
            assert regtrack("predict", "all", *model, *where, *chosen, "--out", tracks)[0] == 0
            words = ("eval", tracks, *scored)
        assert regtrack(*words)[0] == 0
    by_name = {row["name"]: row for row in rows_of(tmp_path / "all")}
    (found,) = rows_of(tmp_path / "some")
    expected = by_name["K562|H3K4me3|None"]
    for column in ("index", "bases", "positives", "measured_peaks", "threshold"):
        assert found[column] == expected[column]
    # Another matrix product may differ in its last bit.
    for column in ("average_precision", "auroc", "recall"):
        assert float(found[column]) == pytest.approx(float(expected[column]), rel=1e-4)
    record = json.loads((tmp_path / "some" / "report.json").read_text())
    assert record["not_scored"]["not in the table of peaks"] == ["HepG2|DNase|None"]


@pytest.fixture(scope="module")
def long_world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """A chromosome over three blocks of a prediction, with peaks over their borders."""
    folder = tmp_path_factory.mktemp("long")
    random = np.random.default_rng(4)
    sizes = {"chr1": 430_000, "chr2": 9_000}
    genome = write_fasta(
        folder / "genome.fa",
        {chrom: random_sequence(random, size) for chrom, size in sizes.items()},
    )
    (folder / "peaks").mkdir()
    markers = []
    for index, name in enumerate(("K562|CTCF|None", "K562|MAZ|None")):
        starts = [99_900, 199_950, 299_000, *random.integers(0, 420_000, 30)]
        rows = [f"chr1\t{start}\t{start + 300}\n" for start in starts]
        (folder / "peaks" / f"{index}.bed").write_text("".join(rows) + "chr2\t5\t900\n")
        marker = a_marker(index, name)
        markers.append(Marker(**{**marker.to_json(), "file": f"peaks/{index}.bed"}))
    return TinyWorld(
        folder,
        genome,
        write_markers(folder / "markers.tsv", markers),
        write_checkpoint(folder / "model.safetensors", markers, sizes),
        {},
    )


def test_borders_of_blocks_and_groups_change_nothing(
    long_world: TinyWorld, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = long_world
    command = ("eval", world.model, "--genome", world.genome, "--peaks", world.markers)
    command += ("--region", "chr1")
    assert regtrack(*command, "--out", tmp_path / "usual")[0] == 0
    expected = (tmp_path / "usual" / "report.tsv").read_bytes()
    # One file for everything on a chromosome; every marker by itself, in processes.
    monkeypatch.setattr("regtrack.prediction.score_job._MOST_FILES", 1)
    monkeypatch.setattr("regtrack.scoring.counting._LARGEST_GROUP", 1)
    monkeypatch.setattr("regtrack.scoring.counting._WORTH_A_PROCESS", 0)
    assert regtrack(*command, "--workers", 2, "--out", tmp_path / "other")[0] == 0
    assert (tmp_path / "other" / "report.tsv").read_bytes() == expected
    network, genome = load_network(world.model, torch.device("cpu")), Genome(world.genome)
    codes = np.concatenate([genome.codes("chr1", -10_000, 440_000)])
    with torch.inference_mode():
        logits = network(torch.from_numpy(codes[None]).int())[0].numpy()[:, 10_000:440_000]
    values = 1 / (1 + np.exp(-logits))
    record = json.loads((tmp_path / "usual" / "report.json").read_text())
    assert record["bootstrap"]["blocks"] == 5
    for marker, row in enumerate(record["markers"]):
        inside = np.zeros(430_000, bool)
        for start, end in read_bed(Path(world.folder / f"peaks/{marker}.bed"), {"chr1": 430_000})[
            "chr1"
        ]:
            inside[start:end] = True
        here = row["chromosomes"]["chr1"]
        assert (here["bases"], here["positives"]) == (430_000, inside.sum())
        expected_score = average_precision_score(inside, values[marker])
        assert here["average_precision"] == pytest.approx(expected_score, abs=1e-4)
        called = called_in(values[marker], np.ones(430_000, bool), row["threshold"])
        assert row["called_peaks"] == pytest.approx(len(called), abs=5)  # at the threshold


def test_tracks_over_several_blocks_score_as_their_report_says(
    long_world: TinyWorld, tmp_path: Path, regtrack
) -> None:
    world, out = long_world, tmp_path / "tracks"
    assert (
        regtrack(
            *("predict", "all", "--model", world.model, "--genome", world.genome),
            *("--peaks", world.markers, "--out", out, "--workers", 1),
        )[0]
        == 0
    )
    assert regtrack("eval", out, "--peaks", world.markers, "--out", tmp_path / "report")[0] == 0
    same = ("called_peaks", "called_peaks_hit", "measured_peaks", "measured_peaks_hit", "bases")
    for one, other in zip(rows_of(out), rows_of(tmp_path / "report"), strict=True):
        assert [one[name] for name in same] == [other[name] for name in same]
        assert float(one["average_precision"]) == pytest.approx(
            float(other["average_precision"]), abs=5e-3
        )


@pytest.mark.parametrize("subject", ["model", "tracks"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1\t0\t45000\nchr2\t0\t7003\nchrM\t0\t16\n", "or excluded"),
        ("# nothing\n", "bad.bed: holds no region to exclude"),
        ("chr9\t0\t10\n", "bad.bed: "),
    ],
)
def test_excluded_regions_that_leave_nothing_or_are_none_are_refused(
    predicted: tuple[TinyWorld, Path],
    tmp_path: Path,
    regtrack,
    subject: str,
    text: str,
    message: str,
) -> None:
    world, tracks = predicted
    (tmp_path / "bad.bed").write_text(text)
    scored = tracks if subject == "tracks" else world.model
    genome = ("--genome", world.genome)
    command = ("eval", scored, *genome, "--peaks", world.markers, "--exclude", tmp_path / "bad.bed")
    status, out, err = regtrack(*command)
    assert (status, out) == (1, "")
    assert message in err.splitlines()[-1]


def test_copies_are_not_predicted_and_no_sequence_without_peaks_is_scored_unless_it_is_named(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    others = {"chr2_KI270869v1_alt": tiny.sequences["chr2"][:500], "chrUn_KI1": "ACGT" * 75}
    genome = write_fasta(tmp_path / "genome.fa", {**tiny.sequences, **others})
    tracks, known = tmp_path / "tracks", sum(TINY_SIZES.values()) - 1_138
    copy, unplaced = (
        "1 alternative sequence (chr2_KI270869v1_alt)",
        "1 unplaced sequence (chrUn_KI1)",
    )
    status, _, told = regtrack(
        *("predict", "all", "--model", tiny.model, "--genome", genome, "--out", tracks),
        *("--peaks", tiny.markers, "--device", "cpu"),
    )
    assert status == 0
    assert f"left out, 500 bases: {copy}; a region that names them takes them" in told
    assert f"left out, 300 bases: {unplaced}; a region that names them takes them" in told
    predicted = TrackSet.read(tracks).predicted(tracks)
    assert list(predicted) == [*TINY_SIZES, "chrUn_KI1"]
    assert json.loads((tracks / "report.json").read_text())["bases"] == known
    scoring = ("eval", tracks, "--peaks", tiny.markers)
    status, printed, told = regtrack(*scoring)
    assert (status, f"{known:,} bases scored" in printed) == (0, True)
    assert f"left out, 300 bases: {unplaced}" in told
    _, printed, told = regtrack(*scoring, "--region", "all,chrUn*")
    assert f"{known + 300:,} bases scored" in printed
    _, printed, told = regtrack(
        *("eval", tiny.model, "--genome", genome, "--peaks", tiny.markers, "--device", "cpu")
    )
    assert f"{known:,} bases scored" in printed
    assert f"left out, 800 bases: {copy}, {unplaced}" in told
