"""Training: what is written, what is kept when it ends early, and what is refused at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from builders import TINY_SETTINGS, TINY_SIZES, TinyWorld, make_tiny_world

from regtrack.errors import InputError, OptionError
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.training.settings import TrainingSettings
from regtrack.training.trainer import (
    TrainingData,
    TrainingResult,
    check_out,
    masked_loss,
    read_data,
    start_from_base_rates,
    train,
)
from regtrack.training.validation import Validation
from regtrack.training.windows import RandomWindows

CPU = torch.device("cpu")
# Validation uses windows of 25,000 bases whatever the training does.
SETTINGS = {"steps": 3, "window": 12_000, "batch_size": 1, "validate_every": 10}


class Observer:
    """Writes down what it is told; raises `error` after the step `at`."""

    def __init__(self, error: BaseException | None = None, at: int = 0) -> None:
        self.error, self.at = error, at
        self.windows = self.train_bases = self.valid_bases = 0
        self.losses: list[float] = []
        self.validations: list[tuple[int, bool]] = []

    def started(self, windows: int, train_bases: int, valid_bases: int) -> None:
        """Before the first step."""
        self.windows, self.train_bases, self.valid_bases = windows, train_bases, valid_bases

    def stepped(self, step: int, loss: float) -> None:
        """After each step."""
        self.losses.append(loss)
        if self.error is not None and step == self.at:
            raise self.error

    def validated(self, validation: Validation, is_best: bool) -> None:
        """After each validation."""
        self.validations.append((validation.step, is_best))


class Killed(BaseException):
    """What nothing catches."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """Only read here, so one is enough."""
    return make_tiny_world(tmp_path_factory.mktemp("training") / "world")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def data_of(
    world: TinyWorld, train_on: str = "chr1:1-30,000", valid_on: str = "chr1:30,001-45,000"
) -> TrainingData:
    return read_data(world.genome, world.markers, [train_on], [valid_on], [], "tiny")


def run(
    world: TinyWorld,
    out: Path,
    observer: Observer | None = None,
    data: TrainingData | None = None,
    **changes: Any,
) -> TrainingResult:
    return train(
        data or data_of(world),
        "dilated",
        TINY_SETTINGS,
        TrainingSettings(**{**SETTINGS, **changes}),
        CPU,
        out,
        observer or Observer(),
    )


def weights(path: Path) -> dict[str, torch.Tensor]:
    return dict(load_network(path, CPU).state_dict())


def test_the_loss_is_the_mean_over_known_bases_and_markers() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 3, 50), torch.randint(0, 2, (2, 3, 50)).float()
    known = (torch.rand(2, 50) < 0.7).float()
    # The known bases picked out first, then a plain mean.
    chosen = [part.transpose(1, 2)[known.bool()] for part in (logits, labels)]
    expected = F.binary_cross_entropy_with_logits(*chosen)
    torch.testing.assert_close(masked_loss(logits, labels, known), expected)


def test_what_is_predicted_at_n_does_not_matter() -> None:
    logits, labels = torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)
    known = torch.tensor([[1.0, 1.0, 0.0, 1.0]])
    before = masked_loss(logits, labels, known)
    logits[:, :, 2] = 100
    torch.testing.assert_close(masked_loss(logits, labels, known), before)


def test_the_last_layer_starts_from_the_base_rates() -> None:
    network = ARCHITECTURES["dilated"].build(4, TINY_SETTINGS)
    start_from_base_rates(network, np.array([0.25, 0.001, 0.0, 0.9]))
    rates = network.output.bias.sigmoid()
    # Neither 0, which no finite bias says, nor more than one half.
    torch.testing.assert_close(rates, torch.tensor([0.25, 0.001, 1e-5, 0.5]), rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    ("schedule", "done", "rate"),
    [("cosine", 0, 0.01), ("cosine", 0.5, 0.005), ("cosine", 1, 0), ("constant", 0.7, 0.01)],
)
def test_the_learning_rate_follows_the_schedule(schedule: str, done: float, rate: float) -> None:
    settings = TrainingSettings(learning_rate=0.01, schedule=schedule)
    assert settings.rate_at(done) == pytest.approx(rate)


def test_training_writes_a_checkpoint_that_predicts(world: TinyWorld, out: Path) -> None:
    result = run(world, out)
    assert (result.steps, result.interrupted, result.best.step) == (3, False, 3)
    assert list(out.parent.iterdir()) == [out]
    with torch.no_grad():
        logits = load_network(out, CPU)(torch.ones((1, 100), dtype=torch.int32))
    assert logits.shape == (1, 3, 100)
    assert torch.isfinite(logits).all()


def test_the_checkpoint_says_what_it_was_trained_on(world: TinyWorld, out: Path) -> None:
    result = run(world, out, seed=5)
    checkpoint = read_checkpoint(out)
    assert checkpoint.assembly == "tiny"
    assert checkpoint.chrom_sizes == TINY_SIZES
    assert checkpoint.settings["f1"] == TINY_SETTINGS["f1"]
    assert checkpoint.settings["stride"] == 10  # a default, written down all the same
    assert [marker.index for marker in checkpoint.markers] == [0, 1, 2]
    assert checkpoint.thresholds == result.best.thresholds
    assert checkpoint.training["train"] == ["chr1:1-30,000"]
    assert checkpoint.training["valid"] == ["chr1:30,001-45,000"]
    assert checkpoint.training["settings"]["seed"] == 5
    assert checkpoint.training["average_precision"].keys() == {"TFBS", "DNase", "Histone"}


def test_the_observer_is_told_of_every_step_and_validation(world: TinyWorld, out: Path) -> None:
    observer = Observer()
    run(world, out, observer, steps=3, validate_every=2)
    # The gap of 1,000 N is less than a tenth of a window.
    assert observer.windows == (30_000 - 12_000) / 10 + 1
    assert observer.train_bases == 30_000 - 1_000 - 137
    assert observer.valid_bases == 15_000 - 1
    assert len(observer.losses) == 3
    assert np.isfinite(observer.losses).all()
    assert [step for step, _ in observer.validations] == [2, 3]
    assert observer.validations[0] == (2, True)


def test_training_learns_how_rare_peaks_are_at_once(world: TinyWorld, out: Path) -> None:
    # With a bias of 0 the first loss would be about log(2).
    observer = Observer()
    run(world, out, observer, steps=1)
    assert observer.losses[0] < 0.5


def test_the_same_seed_gives_the_same_weights(world: TinyWorld, tmp_path: Path) -> None:
    for name, seed in ("a", 1), ("b", 1), ("c", 2):
        run(world, tmp_path / name, seed=seed, steps=2)
    first, same, other = (weights(tmp_path / name) for name in "abc")
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["head.0.weight"], other["head.0.weight"])


def test_the_best_validation_is_kept_and_not_the_last(
    world: TinyWorld, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([(1, 0.2), (2, 0.4), (3, 0.3)])

    def validate(*_: object, **__: object) -> Validation:
        step, score = next(scores)
        return Validation(step, (), score, (0.5,) * 3)

    monkeypatch.setattr("regtrack.training.trainer.validate", validate)
    observer = Observer()
    result = run(world, out, observer, validate_every=1)
    assert observer.validations == [(1, True), (2, True), (3, False)]
    assert result.best.step == read_checkpoint(out).training["step"] == 2
    assert result.steps == 3


@pytest.mark.parametrize("at", [1, 2])
def test_ctrl_c_keeps_what_was_reached(world: TinyWorld, out: Path, at: int) -> None:
    result = run(world, out, Observer(KeyboardInterrupt(), at), steps=100)
    assert (result.interrupted, result.steps, result.best.step) == (True, at, at)
    assert read_checkpoint(out).training["step"] == at
    assert list(out.parent.iterdir()) == [out]


def test_ctrl_c_before_the_first_step_keeps_nothing(
    world: TinyWorld, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RandomWindows, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(world, out)
    assert list(out.parent.iterdir()) == []


def test_time_that_is_up_ends_the_training(world: TinyWorld, out: Path) -> None:
    result = run(world, out, minutes=1e-9, steps=100)
    assert result.steps <= 1
    assert not result.interrupted
    assert out.exists()


def test_a_killed_training_leaves_only_the_partial_file(world: TinyWorld, out: Path) -> None:
    with pytest.raises(Killed):
        run(world, out, Observer(Killed(), at=2), validate_every=1)
    partial = out.with_name("model.safetensors.partial")
    assert list(out.parent.iterdir()) == [partial]
    assert read_checkpoint(partial).training["step"] == 1  # whole, should one want it


def test_a_killed_training_keeps_the_checkpoint_that_was_there(world: TinyWorld, out: Path) -> None:
    out.write_text("an older one")
    with pytest.raises(Killed):
        run(world, out, Observer(Killed(), at=2), validate_every=1)
    assert out.read_text() == "an older one"


@pytest.mark.parametrize(
    ("train_on", "valid_on", "shared"),
    [
        ("chr1", "chr1:30,001-45,000", "chr1:30,001-45,000"),
        ("chr1:1-30,000", "chr1:30,000-45,000", "chr1:30,000-30,000"),
        ("chr1:2,000-45,000", "chr1", "chr1:2,000-45,000"),
    ],
)
def test_validation_regions_that_were_trained_on_are_refused(
    world: TinyWorld, out: Path, train_on: str, valid_on: str, shared: str
) -> None:
    with pytest.raises(InputError, match=f"--valid: overlaps --train at {shared}"):
        run(world, out, data=data_of(world, train_on, valid_on))


@pytest.mark.parametrize(
    ("train_on", "valid_on", "option"),
    [
        ("chr1:1-30,000", "chr2:1-100", "--valid"),
        ("chr1:1-30,000", "chrM", "--valid"),
        ("chr2:401-7,003", "chr1", "--train"),
        ("chr1:1-1,000", "chr2", "--train"),  # nothing but N
    ],
)
def test_regions_without_a_peak_are_refused(
    world: TinyWorld, out: Path, train_on: str, valid_on: str, option: str
) -> None:
    with pytest.raises(InputError, match=f"{option}: no marker has a peak in these regions"):
        run(world, out, data=data_of(world, train_on, valid_on))


def test_regions_without_room_for_a_window_are_refused(world: TinyWorld, out: Path) -> None:
    with pytest.raises(InputError, match="--train: no window of 30,010 bases"):
        run(world, out, window=30_010)


def test_the_genome_is_called_after_its_file_unless_said_otherwise(world: TinyWorld) -> None:
    data = read_data(world.genome, world.markers, ["chr1"], ["chr2"], ["DNase"], None)
    assert data.assembly == "genome"
    assert [marker.name for marker in data.markers] == ["HepG2|DNase|None"]


def test_a_pattern_without_a_marker_is_refused(world: TinyWorld) -> None:
    with pytest.raises(OptionError, match="--markers: no marker left: 'GM12878'"):
        read_data(world.genome, world.markers, ["chr1"], ["chr2"], ["GM12878"], None)


def test_a_free_path_is_accepted_and_its_folder_made(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder" / "model.safetensors"
    check_out(out, force=False)
    assert out.parent.is_dir()
    assert not out.exists()


def test_an_existing_checkpoint_is_replaced_only_when_forced(out: Path) -> None:
    out.write_text("an older one")
    with pytest.raises(InputError, match="exists already; --force replaces it"):
        check_out(out, force=False)
    check_out(out, force=True)
    assert out.read_text() == "an older one"  # until there is a better one


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_checkpoint(tmp_path: Path, force: bool) -> None:
    with pytest.raises(InputError, match="is a folder; expected a file name"):
        check_out(tmp_path, force)


def test_a_file_in_place_of_the_folder_is_an_error_of_the_operating_system(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(OSError, match="file"):
        check_out(tmp_path / "file" / "model.safetensors", force=False)
