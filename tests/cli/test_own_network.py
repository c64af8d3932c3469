"""Networks of one's own on the command line: trained, scored, predicted, refused."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch
from builders import TinyDatasets, TinyWorld
from own_networks import EXAMPLES, TINY, own_network, write_network
from training_helpers import ALONE, USUAL, Recorder

from regtrack.cli.train import _following
from regtrack.datasets.folder import open_dataset
from regtrack.errors import InputError
from regtrack.genome.fasta import Genome
from regtrack.models.catalog import find_architecture
from regtrack.models.checkpoint import read_checkpoint
from regtrack.models.named_code import allowing_code
from regtrack.models.tensors import read_tensor_file
from regtrack.prediction.job import make_job
from regtrack.prediction.settings import PredictionSettings
from regtrack.training.result import TrainingResult
from regtrack.training.run import train
from regtrack.training.settings import TrainingSettings

BRIEF = ("--steps", 2, "--batch-size", 2, "--device", "cpu", "--precision", "float32")
MY_NETWORKS = EXAMPLES / "my_networks.py"
OUTSIDE = EXAMPLES / "outside_model.py"


@pytest.fixture(scope="session")
def trained(datasets: TinyDatasets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's network, trained for two steps, its file beside it. Not to be changed."""
    from regtrack.cli.main import run

    folder = tmp_path_factory.mktemp("own")
    shutil.copy(MY_NETWORKS, folder / "my_networks.py")
    out = folder / "own.safetensors"
    words = ("train", datasets.dense, "--model", f"{folder / 'my_networks.py'}:MyNet", "--out", out)
    assert run([str(one) for one in (*words, "--set", "width=8", "--set", "depth=2", *BRIEF)]) == 0
    return out


def lines_of(err: str) -> list[str]:
    return [line for line in re.split(r"[\r\n]+", err) if line.startswith("regtrack: ")]


def test_what_comes_after_a_training_names_the_file_of_the_network() -> None:
    assert _following(Path("m.safetensors"), "my networks.py:MyNet") == (
        "predict with it: regtrack predict REGION --model m.safetensors --networks "
        "'my networks.py' --out tracks/"
    )
    assert "--networks" not in _following(Path("m.safetensors"), "dilated")
    assert "--networks" not in _following(Path("m.safetensors"), None)


def test_the_example_is_trained_and_its_checkpoint_names_its_code(trained: Path, regtrack) -> None:
    source = trained.parent / "my_networks.py"
    with allowing_code([source]):
        checkpoint = read_checkpoint(trained)
    assert checkpoint.architecture == "MyNet"
    assert checkpoint.settings == {"width": 8, "depth": 2, "dropout": 0.1}
    assert checkpoint.code is not None
    assert checkpoint.code.file == "my_networks.py"
    # Half of 15 bases, and dilations of 4 and 16.
    assert (checkpoint.code.left, checkpoint.code.right, checkpoint.code.exact) == (27, 27, True)
    status, printed, err = regtrack("info", trained, "--networks", source)
    assert status == 0, err
    assert re.search(r"network +MyNet of my_networks\.py \(dense task\), 947 parameters", printed)
    assert "27 bases left, 27 right" in printed


def test_training_starts_from_how_rare_peaks_are(trained: Path) -> None:
    bias = read_tensor_file(trained).tensors["module.output.bias"]
    assert ((bias > -6) & (bias < -1)).all()


@pytest.mark.parametrize(
    "command",
    [
        "predict chr1 --model {model} --genome {genome} --out {out}",
        "eval {model} --genome {genome} --peaks {peaks}",
        "explain {model} chr1:1-500 --marker *CTCF* --genome {genome} --out {out}",
        "compare {dataset} {model} --out {out}",
    ],
)
def test_no_code_is_run_because_a_checkpoint_asks_for_it(
    trained: Path,
    datasets: TinyDatasets,
    tmp_path: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    # The file lies where the command runs, and would say that it ran.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_networks.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    names = {"model": trained, "genome": datasets.world.genome, "out": tmp_path / "out"}
    names |= {"peaks": datasets.world.markers, "dataset": datasets.dense}
    status, printed, err = regtrack(*(word.format(**names) for word in command.split()))
    assert (status, printed) == (1, "")
    (line,) = lines_of(err)
    assert re.search(
        r"own\.safetensors: its network is MyNet of my_networks\.py \(SHA-256 [0-9a-f]{64}\), "
        r"whose code only runs when you name it: --networks my_networks\.py$",
        line,
    )
    assert not (tmp_path / "ran").exists()


def test_info_and_markers_say_what_a_checkpoint_says_of_itself_and_run_no_code(
    trained: Path, tmp_path: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_networks.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    status, printed, err = regtrack("info", trained)
    assert (status, lines_of(err)) == (0, [])
    assert re.search(
        r"^network +MyNet of my_networks\.py \(dense task\), SHA-256 [0-9a-f]{64}; its code only "
        r"runs when you name it\ncontext +27 bases left, 27 right\n",
        printed,
        re.MULTILINE,
    )
    assert printed.rstrip().endswith(f"--model {trained} --networks my_networks.py --out tracks/")
    status, printed, _ = regtrack("markers", "--model", trained, "--tsv")
    assert (status, len(printed.splitlines())) == (0, 1 + 3)
    assert not (tmp_path / "ran").exists()


def test_markers_of_a_checkpoint_are_listed_without_its_code_or_pytorch(
    trained: Path, tmp_path: Path
) -> None:
    program = (
        "import sys\nfrom regtrack.cli.main import run\n"
        f"status = run(['markers', '--model', {str(trained)!r}, '--tsv', 'CTCF'])\n"
        "sys.exit(status + 100 * ('torch' in sys.modules))\n"
    )
    # A new interpreter: this one has loaded PyTorch.
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    header, row = done.stdout.splitlines()
    assert row.split("\t")[header.split("\t").index("name")] == "K562|CTCF|None"


def predict_own(regtrack, trained: Path, world: TinyWorld, out: Path, *more: object):
    return regtrack(
        *("predict", "chr1:20,000-23,000", "chr2", "--model", trained, "--genome", world.genome),
        *("--out", out, "--device", "cpu", *more),
    )


def test_tracks_are_what_the_module_gives(
    trained: Path, datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    source, out = trained.parent / "my_networks.py", tmp_path / "tracks"
    # In worker processes, which must be told of the file, too.
    status, _, err = predict_own(
        regtrack, trained, datasets.world, out, "--networks", source, "--workers", 2
    )
    assert status == 0, err
    network = own_network(source, "MyNet", 3, width=8, depth=2)
    weights = read_tensor_file(trained).tensors
    network.load_state_dict(dict(weights))
    # What lies around the chromosome is read as N.
    codes = torch.from_numpy(Genome(datasets.world.genome).codes("chr2", -50, 7_053)[None])
    with torch.no_grad():
        expected = network(codes)[0, :, 50:-50].sigmoid().numpy()
    for row, path in enumerate(sorted((out / "bigwig").iterdir())):
        with pyBigWig.open(str(path)) as file:
            values = file.values("chr2", 0, 7_003, numpy=True)
        present = np.isfinite(values)
        assert present.any()
        np.testing.assert_allclose(values[present], expected[row][present], atol=0.00501)


@pytest.mark.parametrize("way", ["option", "variable", "file"])
def test_a_file_is_named_by_an_option_a_variable_or_regtrack_toml(
    trained: Path,
    datasets: TinyDatasets,
    tmp_path: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    source = trained.parent / "my_networks.py"
    monkeypatch.chdir(tmp_path)
    more: tuple[object, ...] = ()
    if way == "option":
        more = ("--networks", source)
    elif way == "variable":
        monkeypatch.setenv("REGTRACK_NETWORKS", str(source))
    else:
        shutil.copy(source, tmp_path / "my_networks.py")
        (tmp_path / "regtrack.toml").write_text('[defaults]\nnetworks = ["my_networks.py"]\n')
        (tmp_path / "deeper").mkdir()
        monkeypatch.chdir(tmp_path / "deeper")
    status, _, err = predict_own(regtrack, trained, datasets.world, tmp_path / "tracks", *more)
    assert status == 0, err


def test_code_that_has_changed_is_told_in_a_note(
    trained: Path, datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    changed = tmp_path / "my_networks.py"
    changed.write_text(MY_NETWORKS.read_text() + "\n# another line\n")
    status, _, err = predict_own(
        regtrack, trained, datasets.world, tmp_path / "tracks", "--networks", changed
    )
    assert status == 0, err
    (line,) = lines_of(err)
    assert re.search(
        r"note: .*own\.safetensors was made with another my_networks\.py \(SHA-256 [0-9a-f]{12}"
        r"\.\.\.\) than is named \([0-9a-f]{12}\.\.\.\): what it predicts may be different",
        line,
    )
    # Of two files that are named, the one with the digest is taken.
    status, _, err = regtrack(
        *("info", trained, "--networks", changed),
        *("--networks", trained.parent / "my_networks.py"),
    )
    assert (status, lines_of(err)) == (0, [])


def test_from_python_its_file_is_named_around_what_is_done(
    trained: Path, datasets: TinyDatasets
) -> None:
    import regtrack as rt

    with pytest.raises(InputError, match="whose code only runs when you name it"):
        rt.load_model(trained)
    with allowing_code([trained.parent / "my_networks.py"]):
        found = rt.load_model(trained).predict(datasets.world.genome, "chr2:1,001-1,400")
    assert found.values.shape == (3, 400)
    assert np.isfinite(found.values).all()


def test_an_unfinished_prediction_goes_on_with_the_same_code_only(
    trained: Path, datasets: TinyDatasets, tmp_path: Path
) -> None:
    identities = []
    for name, more in ("same", ""), ("changed", "\n# another line\n"):
        source = tmp_path / name / "my_networks.py"
        source.parent.mkdir()
        source.write_text(MY_NETWORKS.read_text() + more)
        with allowing_code([source]):
            job = make_job(
                trained, datasets.world.genome, ["chr2"], [], PredictionSettings(), "cpu"
            )
            identities.append(job.identity())
    same, changed = identities
    assert same.pop("code") != changed.pop("code")
    assert same == changed


def test_an_unfinished_training_goes_on_with_the_same_code_only(
    datasets: TinyDatasets, tmp_path: Path
) -> None:
    source, out = write_network(tmp_path / "own.py", TINY), tmp_path / "own.safetensors"

    def go_on(observer: Recorder) -> TrainingResult:
        architecture = find_architecture("dense", f"{source}:Tiny")
        settings = TrainingSettings(**USUAL)
        dataset = open_dataset(datasets.dense)
        return train(dataset, architecture, {}, settings, ALONE, out, False, observer)

    assert go_on(Recorder(interrupt_after=1)).interrupted
    text = source.read_text()
    source.write_text(text + "# another line\n")
    with pytest.raises(InputError, match="another code"):
        go_on(Recorder())
    source.write_text(text)
    going_on = Recorder()
    assert go_on(going_on).checkpoint == out
    assert going_on.first_step == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width: int = 32", "breadth: int = 32", r"MyNet has no setting width; .*another one than"),
        ("nn.Conv1d(4, width, 15", "nn.Conv1d(4, width, 17", r"weights do not fit its archit"),
        ("class MyNet", "class Other", r"its network is MyNet of my_networks\.py"),
    ],
)
def test_code_that_has_changed_too_much_is_refused(
    trained: Path,
    datasets: TinyDatasets,
    tmp_path: Path,
    regtrack,
    old: str,
    new: str,
    message: str,
) -> None:
    changed = tmp_path / "my_networks.py"
    text = MY_NETWORKS.read_text().replace(old, new)
    changed.write_text(text.replace("1, width, ", "1, breadth, "))
    status, printed, err = predict_own(
        regtrack, trained, datasets.world, tmp_path / "tracks", "--networks", changed
    )
    assert (status, printed) == (1, "")
    assert re.search(message, lines_of(err)[-1]), err


def test_compare_trains_it_beside_others_and_trains_it_once(
    datasets: TinyDatasets, trained: Path, tmp_path: Path, regtrack
) -> None:
    source = write_network(tmp_path / "own.py", TINY)
    words = (
        *("compare", datasets.dense, f"{source}:Tiny", trained, "--out", tmp_path / "compared"),
        *("--networks", trained.parent / "my_networks.py", *BRIEF),
    )
    status, printed, err = regtrack(*words)
    assert status == 0, err
    assert re.search(r"^Tiny +Tiny +", printed, re.MULTILINE)
    assert "MyNet with other settings: width 8, depth 2" in printed
    before = (tmp_path / "compared" / "Tiny.safetensors").stat().st_mtime_ns
    assert regtrack(*words)[1] == printed
    assert (tmp_path / "compared" / "Tiny.safetensors").stat().st_mtime_ns == before
    source.write_text(source.read_text() + "\n# changed\n")
    status, _, err = regtrack(*words)
    assert (status, "was trained with other settings (code " in err) == (1, True), err


def test_search_tries_its_own_settings_also_in_worker_processes(
    datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    source = write_network(tmp_path / "own.py", TINY)
    space = tmp_path / "space.toml"
    space.write_text('width = [2, 4]\ngate = [true]\nkind = "relu"\nlearning_rate = 0.01\n')
    status, printed, err = regtrack(
        *("search", datasets.dense, "--model", "Tiny", "--networks", source, "--space", space),
        *("--out", tmp_path / "search", "--steps", 1, "--device", "cpu", "--workers", 2),
    )
    assert status == 0, err
    assert "2 of 2 trials done" in printed
    with (tmp_path / "search" / "trials.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["state"] for row in rows] == ["complete"] * 2
    assert {(row["width"], row["gate"]) for row in rows} == {("2", "True"), ("4", "True")}


def test_eval_scores_the_model_and_explain_follows_its_gradient(
    trained: Path, datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    named = ("--networks", trained.parent / "my_networks.py", "--device", "cpu")
    genome = ("--genome", datasets.world.genome)
    status, printed, err = regtrack(
        *("eval", trained, *genome, "--peaks", datasets.world.markers, "--region", "chr2", *named),
        *("--workers", 2, "--include-training"),
    )
    assert status == 0, err
    assert "TFBS" in printed
    status, printed, err = regtrack(
        *("explain", trained, "chr1:5,000-8,000", "--marker", "*CTCF*", *genome, *named),
        *("--peaks", datasets.world.markers, "--out", tmp_path / "looked"),
    )
    assert status == 0, err
    assert "-27 +27" in printed


def test_a_network_that_reads_codes_cannot_be_explained(
    datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    source = write_network(
        tmp_path / "own.py",
        """
        from torch import nn
        class Coded(nn.Module):
            def __init__(self, markers):
                super().__init__()
                self.output = nn.Embedding(5, markers)
            def forward(self, codes):
                return self.output(codes).transpose(1, 2)
        """,
    )
    out = tmp_path / "coded.safetensors"
    status, _, err = regtrack(
        "train", datasets.dense, "--model", f"{source}:Coded", "--out", out, *BRIEF
    )
    assert status == 0, err
    status, _, err = regtrack(
        *("explain", out, "chr1:5,000-5,400", "--marker", "*CTCF*", "--device", "cpu"),
        *("--genome", datasets.world.genome, "--networks", source, "--out", tmp_path / "looked"),
    )
    assert status == 1
    assert "reads integer codes, which have no gradient" in lines_of(err)[-1]


def test_an_outside_model_becomes_a_checkpoint_and_tracks(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    from regtrack.tracks.folder import TrackSet

    torch.manual_seed(4)
    module = own_network(OUTSIDE, "Wrapped", 3).module
    weights, model = tmp_path / "weights.pt", tmp_path / "outside.safetensors"
    torch.save(module.state_dict(), weights)
    words = ("import", "network", f"{OUTSIDE}:Wrapped", "--markers", tiny.markers)
    status, printed, err = regtrack(
        *words, "--weights", weights, "--out", model, "--genome", tiny.genome, "--threshold", 0.4
    )
    assert status == 0, err
    assert re.search(r"Wrapped of 3 markers, [\d,]+ parameters, context -573 \+573", printed)
    out = tmp_path / "tracks"
    status, _, err = regtrack(
        *("predict", "chr2", "--model", model, "--networks", OUTSIDE, "--genome", tiny.genome),
        *("--out", out, "--device", "cpu", "--max-error", 0.0001),
    )
    assert status == 0, err
    # N around the chromosome, in whole bins.
    codes = Genome(tiny.genome).codes("chr2", -640, 7_680)
    onehot = np.array([[base == code for code in (1, 2, 3, 4)] for base in codes], np.float32)
    onehot[codes == 0] = 0.25
    with torch.no_grad():
        expected = module.model.eval()(torch.from_numpy(onehot)[None])[0].T.numpy()
    for row, track in enumerate(TrackSet.read(out).tracks):
        assert (track.threshold, track.threshold_from) == (0.4, "given with the weights")
        with pyBigWig.open(str(out / track.bigwig)) as file:
            values = file.values("chr2", 0, 7_003, numpy=True)
        of_bases = expected[row].repeat(32)[640 : 640 + 7_003]
        np.testing.assert_allclose(values, of_bases, atol=0.00011)


@pytest.mark.parametrize(("words", "expected"), [((), 0.5), (("--threshold", 0), 0.0)])
def test_a_threshold_of_0_is_kept_as_it_is_asked_for(
    tiny: TinyWorld, tmp_path: Path, regtrack, words: tuple[object, ...], expected: float
) -> None:
    model = tmp_path / "outside.safetensors"
    status, _, err = regtrack(
        *("import", "network", f"{OUTSIDE}:Wrapped", "--markers", tiny.markers),
        *("--out", model, *words),
    )
    assert status == 0, err
    with allowing_code([OUTSIDE]):
        assert read_checkpoint(model).thresholds == (expected,) * 3


def with_hostile_pickle(path: Path) -> None:
    class Hostile:
        def __reduce__(self):
            return (Path.touch, (path.with_name("ran"),))

    torch.save({"model.final.weight": Hostile()}, path)


@pytest.mark.parametrize(
    ("change", "words", "status", "message"),
    [
        ("", "Wrapped", 2, r"--model: no network 'Wrapped' for the dense task"),
        ("", "{file}:Nothing", 1, r"has no class Nothing; its classes: Basenji, Wrapped"),
        ("", "nowhere.py:Net", 1, r"nowhere\.py: No such file or directory"),
        ("", "{file}:Wrapped --set width=3", 2, r"--set: Wrapped has no setting width; .*none"),
        ("", "{file}:Wrapped --set width", 2, r"expected NAME=VALUE, got 'width'"),
        (
            "hostile",
            "{file}:Wrapped",
            1,
            r"weights\.pt: holds more than weights \(getattr\), and no code is run; expected what "
            r"torch\.save\(module\.state_dict\(\), \.\.\.\) writes$",
        ),
        (
            "module",
            "{file}:Wrapped",
            1,
            r"weights\.pt: holds more than weights \([\w.]+Wrapped\), and no code is run; expected",
        ),
        (
            "lightning",
            "{file}:Wrapped",
            1,
            r"weights\.pt: a whole checkpoint; expected its weights alone: save its 'state_dict', "
            r"torch\.save\(checkpoint\['state_dict'\], \.\.\.\)$",
        ),
        (
            "longer",
            "{file}:Wrapped",
            1,
            r"weights\.pt: its names begin with 'net\.', those of the module's do not: save them "
            "without it$",
        ),
        (
            "inner",
            "{file}:Wrapped",
            1,
            r"weights\.pt: its names lack 'model\.' in front, which the module's have: save the "
            "module's own$",
        ),
        ("text", "{file}:Wrapped", 1, r"weights\.pt: not a file of weights alone"),
        (
            "less",
            "{file}:Wrapped",
            1,
            r"weights\.pt: model\.final\.bias is missing; it has model\.",
        ),
        ("more", "{file}:Wrapped", 1, r"weights\.pt: extra is none of the module's"),
        ("shape", "{file}:Wrapped", 1, r"\.bias has the shape \(2\), the module's has \(3\)$"),
        ("nan", "{file}:Wrapped", 1, r"weights\.pt: one of its weights is not a finite number"),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_line(
    tiny: TinyWorld,
    tmp_path: Path,
    regtrack,
    change: str,
    words: str,
    status: int,
    message: str,
) -> None:
    weights, out = tmp_path / "weights.pt", tmp_path / "out.safetensors"
    state = dict(own_network(OUTSIDE, "Wrapped", 3).module.state_dict())
    bias = state["model.final.bias"]
    state |= {
        "more": {"extra": bias},
        "shape": {"model.final.bias": bias[:2]},
        "nan": {"model.final.bias": bias / 0},
    }.get(change, {})
    if change == "less":
        del state["model.final.bias"]
    if change == "longer":
        state = {f"net.{name}": part for name, part in state.items()}
    if change == "inner":
        state = {name.removeprefix("model."): part for name, part in state.items()}
    torch.save({"epoch": 3, "state_dict": state} if change == "lightning" else state, weights)
    if change == "module":
        torch.save(own_network(OUTSIDE, "Wrapped", 3).module, weights)
    if change == "hostile":
        with_hostile_pickle(weights)
    if change == "text":
        weights.write_text("not weights")
    given, printed, err = regtrack(
        *("import", "network", *words.format(file=OUTSIDE).split(), "--markers", tiny.markers),
        *("--weights", weights, "--out", out),
    )
    assert (given, printed) == (status, ""), err
    assert re.search(message, err.strip().splitlines()[-1]), err
    assert "\x1b" not in err
    assert not out.exists()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ("--model {file}:Nothing", 1, r"own\.py: has no class Nothing; its classes: Tiny"),
        ("--model {empty}:Empty", 2, r"--model: Empty has no weight to train"),
        ("--model {file}", 1, r"own\.py: which class\? Expected FILE\.py:CLASS"),
        ("--model nowhere.py:Net", 1, r"nowhere\.py: No such file or directory"),
        ("--model {file}:Tiny --set depth=3", 2, r"--model: Tiny has no setting depth; it has wi"),
        ("--model {file}:Tiny --set width=wide", 2, r"expected a whole number as width, got 'wide"),
        ("--model {file}:Tiny --f1 4", 2, r"--model: Tiny has no setting f1; it has width"),
        ("--model Tiny", 2, r"--model: no network 'Tiny' .*dilated, .*or FILE\.py:CLASS"),
        ("--model Tiny --networks {broken}", 1, r"broken\.py:1: ZeroDivisionError"),
        ("--model resnet --networks {file}", 2, r"no network 'resnet' .*own\.py:Tiny, or FILE"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(
    datasets: TinyDatasets, tmp_path: Path, regtrack, words: str, status: int, message: str
) -> None:
    file = write_network(tmp_path / "own.py", TINY)
    broken = write_network(tmp_path / "broken.py", "1 / 0")
    empty = write_network(
        tmp_path / "empty.py",
        """
        from torch import nn
        class Empty(nn.Module):
            def __init__(self, markers):
                super().__init__()
                self.markers = markers
            def forward(self, codes):
                return codes[:, None].float().expand(-1, self.markers, -1)
        """,
    )
    out = tmp_path / "out.safetensors"
    given, printed, err = regtrack(
        *("train", datasets.dense, *words.format(file=file, broken=broken, empty=empty).split()),
        *("--out", out, *BRIEF),
    )
    assert (given, printed) == (status, ""), err
    (line,) = lines_of(err)
    assert re.search(message, line), err
    assert not out.exists()


@pytest.mark.parametrize("value", ["{}", "[]", '{"file": "x"}', '"x"', '{"left": -1}'])
def test_a_checkpoint_whose_word_on_its_code_is_damaged_is_refused(
    trained: Path, tmp_path: Path, regtrack, value: str
) -> None:
    from regtrack.models.tensors import save_tensors

    file = read_tensor_file(trained)
    said = json.loads(file.text)
    found = json.loads(value)
    said["code"] = {**said["code"], **found} if value == '{"left": -1}' else found
    damaged = tmp_path / "damaged.safetensors"
    save_tensors(damaged, file.tensors, json.dumps(said))
    status, printed, err = regtrack(
        "info", damaged, "--networks", trained.parent / "my_networks.py"
    )
    assert (status, printed) == (1, "")
    (line,) = lines_of(err)
    assert "damaged.safetensors: metadata" in line
