"""What is compared, as it is typed."""

from __future__ import annotations

import pytest

from regtrack.crossval.entries import networks_in, read_entries
from regtrack.errors import ArgumentError
from regtrack.models.catalog import ARCHITECTURES
from regtrack.training.settings import TrainingSettings


def test_a_name_alone_is_a_network_as_it_is() -> None:
    (entry,) = read_entries(["dilated"])
    assert (entry.label, entry.architecture.name) == ("dilated", "dilated")
    assert (entry.network, entry.training) == ({}, {})


def test_without_any_all_networks_of_the_task_are_meant() -> None:
    assert [entry.label for entry in read_entries([])] == list(ARCHITECTURES["dense"])


def test_settings_are_the_networks_or_else_the_trainings() -> None:
    (entry,) = read_entries(
        ["dilated:f1=64,dropout=.2,learning-rate=1,batch_size=4,reverse_complement=false"]
    )
    assert entry.network == {"f1": 64, "dropout": 0.2}
    assert entry.training == {"learning_rate": 1.0, "batch_size": 4, "reverse_complement": False}
    assert type(entry.training["learning_rate"]) is float
    recipe = entry.recipe(TrainingSettings(steps=7))
    assert (recipe.steps, recipe.batch_size, recipe.reverse_complement) == (7, 4, False)


def test_a_label_names_it_and_its_folder() -> None:
    plain, labelled = read_entries(["cnn7:f1=64", "wide=cnn7:f1=200"])
    assert (plain.label, plain.folder) == ("cnn7:f1=64", "cnn7-f1=64")
    assert (labelled.label, labelled.folder) == ("wide", "wide")


def test_the_networks_among_entries_are_told_apart_from_their_settings() -> None:
    texts = ["own.py:Mine", "a=own.py:Mine:width=3", "cnn1:f1=2", "b=cnn1"]
    assert networks_in(texts) == ["own.py:Mine", "own.py:Mine", "cnn1", "cnn1"]


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["dilatd"], r"no network 'dilatd' for the dense task \(did you mean dilated\?\)"),
        (["lr"], r"no network 'lr' for the dense task.*; expected cnn1, cnn3"),
        (
            ["dilated:dropuot=.2"],
            r"neither dilated nor a training has a setting dropuot \(did you mean dropout\?\)",
        ),
        (["dilated:lerning_rate=1"], r"\(did you mean learning_rate\?\)"),
        (["dilated:zzz=1"], "has a setting zzz; dilated has f1, "),
        (["dilated:f1"], "no network 'dilated:f1'"),
        (["dilated:f1=3,f2"], "dilated:f1=3,f2: expected NAME=VALUE, got 'f2'"),
        (["dilated:dropout=2"], "dilated:dropout=2: expected a number from 0 to 1 as dropout"),
        (["dilated:f1=1.5"], "expected a number from 1 upward as f1, got 1.5"),
        (["dilated:batch_size=big"], "expected a whole number as batch_size, got 'big'"),
        (["dilated:batch_size=0"], "dilated:batch_size=0: batch_size: expected a number above 0"),
        (["dilated:reverse_complement=2"], "expected true or false as reverse_complement, got 2"),
        (["dilated:seed=3"], "seed is the same for all; --seeds gives it"),
        (["dilated:minutes=3"], "minutes is the same for all; --minutes gives it"),
        (["a/b=dilated"], "'a/b' is no label"),
        (["dilated", "dilated"], "2 would be called 'dilated'; expected LABEL= before all but one"),
        (["dilated-f1=3=cnn1", "dilated:f1=3"], "."),
    ],
)
def test_what_is_not_possible_is_refused_in_one_line(texts: list[str], problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem) as refused:
        read_entries(texts)
    assert refused.value.argument == "networks"
    assert "\n" not in str(refused.value)
