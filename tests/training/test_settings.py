"""Training settings: what is filled in, the learning rate's course, what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import ArgumentError
from regtrack.notes import heard
from regtrack.training.settings import TrainingSettings


def test_without_an_end_a_training_has_twenty_epochs() -> None:
    assert TrainingSettings().fitted("dense", 25_000).epochs == 20


@pytest.mark.parametrize("end", [{"steps": 5}, {"epochs": 0.5}, {"minutes": 1}])
def test_an_end_that_is_given_is_the_only_one(end: dict[str, float]) -> None:
    fitted = TrainingSettings(**end).fitted("dense", 25_000)
    ends = {name: getattr(fitted, name) for name in ("steps", "epochs", "minutes")}
    assert {name: value for name, value in ends.items() if value != math.inf} == end


@pytest.mark.parametrize(
    ("task", "window", "batch_size", "shift"),
    [("dense", 25_000, 2, 12_500), ("dense", 2_001, 2, 1_000), ("short", 1_000, 128, 0)],
)
def test_batch_size_and_shift_suit_the_task(
    task: str, window: int, batch_size: int, shift: int
) -> None:
    fitted = TrainingSettings().fitted(task, window)
    assert (fitted.batch_size, fitted.shift) == (batch_size, shift)
    assert fitted.fitted(task, window) == fitted


def test_the_usual_batch_is_no_larger_than_the_training_split_and_one_that_is_given_stays() -> None:
    notes: list[str] = []
    with heard(notes.append):
        assert TrainingSettings().fitted("short", 1_000, 66).batch_size == 64
    assert notes == ["batches of 64 in place of 128: the training split has 66 windows"]
    with heard(notes.append):
        assert TrainingSettings().fitted("short", 1_000, 128).batch_size == 128
        assert TrainingSettings(batch_size=99).fitted("short", 1_000, 66).batch_size == 99
    assert len(notes) == 1


def test_what_is_not_given_suits_the_network_where_that_has_a_recipe() -> None:
    def told(recipe: dict[str, float] | None) -> tuple[float, ...]:
        fitted = TrainingSettings(repeats=0.0).fitted("dense", 25_000, recipe=recipe)
        assert fitted.fitted("dense", 25_000) == fitted
        return fitted.learning_rate, fitted.warmup, fitted.loss_step, fitted.repeats

    assert told(None) == (0.001, 0, 1, 0)
    assert told({"learning_rate": 0.002, "loss_step": 8, "repeats": 0.5}) == (0.002, 0, 8, 0)


def test_what_is_given_is_kept() -> None:
    fitted = TrainingSettings(batch_size=7, shift=0).fitted("dense", 25_000)
    assert (fitted.batch_size, fitted.shift) == (7, 0)


@pytest.mark.parametrize(
    ("schedule", "done", "rate"),
    [
        ("cosine", 0, 0.01),
        ("cosine", 0.25, 0.01 * (2 + math.sqrt(2)) / 4),
        ("cosine", 0.5, 0.005),
        ("cosine", 1, 0),
        ("constant", 0, 0.01),
        ("constant", 0.7, 0.01),
    ],
)
def test_the_learning_rate_follows_the_schedule(schedule: str, done: float, rate: float) -> None:
    settings = TrainingSettings(learning_rate=0.01, schedule=schedule)
    assert settings.fitted("dense", 25_000).rate_at(done) == pytest.approx(rate)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_learning_rate_never_rises(first: float, second: float) -> None:
    settings = TrainingSettings().fitted("dense", 25_000)
    early, late = sorted((first, second))
    assert 0 <= settings.rate_at(late) <= settings.rate_at(early) <= settings.learning_rate


@pytest.mark.parametrize("value", [0, -1, math.nan])
@pytest.mark.parametrize(
    "name",
    [
        "steps",
        "epochs",
        "minutes",
        "batch_size",
        "learning_rate",
        "positive_weight",
        "loss_step",
        "validate_every",
        "patience",
    ],
)
def test_a_number_that_must_be_above_zero(name: str, value: float) -> None:
    with pytest.raises(ArgumentError, match=f"{name}: expected a number above 0"):
        TrainingSettings(**{name: value})


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ({"shift": -1}, "shift: expected 0 or more"),
        ({"norm_batches": -1}, "norm_batches: expected 0 or more"),
        ({"warmup": -0.1}, "warmup: expected a number from 0 to 1"),
        ({"repeats": 1.5}, "repeats: expected a number from 0 to 1"),
        ({"schedule": "linear"}, "schedule: expected one of cosine, constant"),
        ({"precision": "float16"}, "precision: expected one of auto, float32, bfloat16"),
    ],
)
def test_a_setting_out_of_its_range(setting: dict[str, Any], problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        TrainingSettings(**setting)


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_warm_up_rises_in_a_line_from_0_to_the_schedule(schedule: str) -> None:
    plain = TrainingSettings(schedule=schedule).fitted("dense", 25_000)
    warmed = replace(plain, warmup=0.2)
    shares = [warmed.rate_at(done) / plain.rate_at(done) for done in (0, 0.05, 0.1, 0.2, 0.6)]
    assert shares == pytest.approx([0, 0.25, 0.5, 1, 1])


@pytest.mark.parametrize(
    ("setting", "problem"),
    [({"loss_step": 8}, "loss_step: expected 1"), ({"repeats": 0.5}, "repeats: expected 0")],
)
def test_what_only_windows_have_is_refused_for_the_short_task(
    setting: dict[str, Any], problem: str
) -> None:
    TrainingSettings(**setting).fitted("dense", 25_000)
    with pytest.raises(ArgumentError, match=problem):
        TrainingSettings(**setting).fitted("short", 1_000)
