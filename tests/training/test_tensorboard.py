"""The log for TensorBoard, read back as TensorBoard does; and without TensorBoard."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builders import TinyDatasets
from training_helpers import USUAL, Recorder, network_of

from regtrack.errors import ArgumentError
from regtrack.training.run import TrainingRequest, run_training
from regtrack.training.settings import TrainingSettings
from regtrack.training.tensorboard import TensorBoardLog


def request(datasets: TinyDatasets, folder: Path) -> TrainingRequest:
    settings = TrainingSettings(**{**USUAL, "steps": 3})
    network = network_of("dense", "cnn3")
    return TrainingRequest(datasets.dense, None, "cnn3", network, settings, "cpu", folder)


@pytest.mark.usefixtures("quick_plot")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of TensorBoard itself
def test_losses_and_scores_are_read_back(datasets: TinyDatasets, out: Path, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    observer = Recorder()
    run_training(request(datasets, tmp_path / "tb"), out, False, observer)
    found = accumulator.EventAccumulator(str(tmp_path / "tb"))
    found.Reload()
    losses = found.Scalars("loss")
    assert [one.step for one in losses] == observer.steps == [1, 2, 3]
    assert [one.value for one in losses] == pytest.approx(observer.losses)
    validation = [row.validation_loss for row in observer.rows]
    found_losses = [one.value for one in found.Scalars("validation loss")]
    assert found_losses == pytest.approx(validation)
    rates = [row.learning_rate for row in observer.rows]
    means = [row.mean for row in observer.rows]
    assert [one.value for one in found.Scalars("learning rate")] == pytest.approx(rates)
    assert [one.value for one in found.Scalars("average precision/mean")] == pytest.approx(means)
    for category in ("TFBS", "DNase", "Histone"):
        values = [row.average_precision[category] for row in observer.rows]
        scalars = found.Scalars(f"average precision/{category}")
        assert [one.value for one in scalars] == pytest.approx(values)
        assert [one.step for one in scalars] == [2, 3]


def test_without_tensorboard_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, datasets: TinyDatasets, out: Path, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    problem = "tensorboard: TensorBoard is not installed: pip install tensorboard"
    with pytest.raises(ArgumentError, match=problem):
        TensorBoardLog(tmp_path / "tb", Recorder())
    with pytest.raises(ArgumentError, match=problem):
        run_training(request(datasets, tmp_path / "tb"), out, False, Recorder())
    assert list(tmp_path.iterdir()) == []
