"""What is known of a network besides its layers, and how one is added and found."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
import torch
from builders import NETWORKS

from regtrack.errors import ArgumentError
from regtrack.models.architecture import Catalog
from regtrack.models.catalog import ARCHITECTURES, find_architecture
from regtrack.models.dense import Cnn1
from regtrack.models.network import Network

CNN1 = ARCHITECTURES["dense"]["cnn1"]
LR = ARCHITECTURES["short"]["lr"]


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_a_network_is_found_by_task_and_name(task: str, name: str) -> None:
    found = find_architecture(task, name)
    assert (found.task, found.name) == (task, name)


def test_one_name_is_another_network_in_each_task() -> None:
    assert find_architecture("dense", "bi-lstm") != find_architecture("short", "bi-lstm")


@pytest.mark.parametrize(
    ("task", "name", "known"),
    [
        ("dense", "lr", "cnn1, cnn3, cnn7, id-cnn, bi-lstm, dilated"),
        ("dense", "", "cnn1, cnn3, cnn7, id-cnn, bi-lstm, dilated"),
        ("short", "dilated", "lr, ff, cnn3, dilated3, dilated6, bi-lstm"),
    ],
)
def test_an_unknown_network_is_refused_with_those_there_are(
    task: str, name: str, known: str
) -> None:
    problem = f"model: no network '{name}' for the {task} task; expected {known}"
    with pytest.raises(ArgumentError, match=problem):
        find_architecture(task, name)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"f2": 6}, "cnn1 has no setting f2; it has f1, hidden, dropout"),
        ({"f1": 6, "depth": 2}, "cnn1 has no setting depth"),
        ({"markers": 6}, "cnn1 has no setting markers"),
        ({"f1": "six"}, "expected a number from 1 upward as f1, got 'six'"),
        ({"f1": 6.5}, "expected a number from 1 upward as f1, got 6.5"),
        ({"f1": 6.0}, "expected a number from 1 upward as f1, got 6.0"),
        ({"f1": 0}, "expected a number from 1 upward as f1, got 0"),
        ({"f1": -6}, "expected a number from 1 upward as f1, got -6"),
        ({"f1": True}, "expected a number from 1 upward as f1, got True"),
        ({"f1": None}, "expected a number from 1 upward as f1, got None"),
        ({"dropout": 1.5}, "expected a number from 0 to 1 as dropout, got 1.5"),
        ({"dropout": -0.1}, "expected a number from 0 to 1 as dropout, got -0.1"),
        ({"dropout": float("nan")}, "expected a number from 0 to 1 as dropout, got nan"),
        ({"dropout": "0.1"}, "expected a number from 0 to 1 as dropout, got '0.1'"),
        ({"dropout": [0.1]}, "expected a number from 0 to 1 as dropout"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict[str, Any], problem: str) -> None:
    for refused in (CNN1.check, lambda settings: CNN1.build(2, settings)):
        with pytest.raises(ValueError, match=problem):
            refused(settings)


def test_a_network_without_settings_says_so() -> None:
    with pytest.raises(ValueError, match="lr has no setting hidden; it has none"):
        LR.check({"hidden": 9})


@pytest.mark.parametrize("settings", [{}, {"f1": 1}, {"dropout": 0}, {"dropout": 1.0}])
def test_a_setting_that_makes_sense_is_accepted(settings: dict[str, Any]) -> None:
    CNN1.check(settings)
    assert CNN1.build(2, settings).output.out_features == 2


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_the_defaults_are_settings_that_make_sense(task: str, name: str) -> None:
    architecture = ARCHITECTURES[task][name]
    architecture.check(architecture.default_settings())


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_only_the_number_of_markers_has_no_default(task: str, name: str) -> None:
    parameters = inspect.signature(ARCHITECTURES[task][name].network).parameters.values()
    assert [one.name for one in parameters if one.default is one.empty] == ["markers"]


def test_the_papers_scores_stand_under_their_categories() -> None:
    assert ARCHITECTURES["dense"]["dilated"].paper_auc == {
        "TFBS": 0.274,
        "DNase": 0.179,
        "Histone": 0.273,
    }
    assert CNN1.paper_auc == {}  # the paper has none


@pytest.mark.parametrize(
    ("task", "name", "tfbs", "histone", "dnase"),
    # As the paper lists them: TFBS, histone, DNase (Gupta & Rush 2017).
    [
        ("dense", "cnn7", 0.167, 0.165, 0.186),
        ("dense", "id-cnn", 0.171, 0.236, 0.142),
        ("dense", "bi-lstm", 0.107, 0.264, 0.113),
        ("dense", "dilated", 0.274, 0.273, 0.179),
        ("short", "lr", 0.042, 0.143, 0.097),
        ("short", "ff", 0.046, 0.181, 0.106),
        ("short", "cnn3", 0.205, 0.273, 0.319),
        ("short", "dilated3", 0.255, 0.293, 0.372),
        ("short", "dilated6", 0.285, 0.320, 0.396),
        ("short", "bi-lstm", 0.305, 0.340, 0.407),
    ],
)
def test_the_papers_scores_are_those_it_printed(
    task: str, name: str, tfbs: float, histone: float, dnase: float
) -> None:
    scores = ARCHITECTURES[task][name].paper_auc
    assert (scores["TFBS"], scores["Histone"], scores["DNase"]) == (tfbs, histone, dnase)


def test_a_new_network_is_a_class_that_is_added() -> None:
    catalog = Catalog("dense")
    assert catalog.architectures == {}

    @catalog.add("mine", "conv 10, twice as wide", paper_parameters=7, paper_auc=(0.1, 0.2, 0.3))
    class Mine(Cnn1):
        def __init__(self, markers: int, *, f1: int = 256) -> None:
            super().__init__(markers, f1=f1)

    assert inspect.isclass(Mine)  # and is what it was before
    assert issubclass(Mine, Network)
    (mine,) = catalog.architectures.values()
    assert catalog.architectures["mine"] is mine
    assert (mine.name, mine.task, mine.layers) == ("mine", "dense", "conv 10, twice as wide")
    assert mine.paper_parameters == 7
    assert mine.paper_auc == {"TFBS": 0.1, "DNase": 0.2, "Histone": 0.3}
    assert mine.default_settings() == {"f1": 256}
    with torch.device("meta"):
        assert isinstance(mine.build(3, {"f1": 8}), Mine)


def test_networks_are_listed_as_they_were_added() -> None:
    catalog = Catalog("dense")
    for name in "cab":
        catalog.add(name, "layers")(Cnn1)
    assert list(catalog.architectures) == ["c", "a", "b"]


def test_settings_that_leave_no_position_are_refused() -> None:
    with pytest.raises(ValueError, match=r"cnn3 cannot be built with {'kernel': 300}: .*[Kk]ernel"):
        ARCHITECTURES["short"]["cnn3"].check({"kernel": 300})


@pytest.mark.parametrize(("task", "name"), [("dense", "dilated"), ("short", "dilated6")])
def test_each_task_has_a_usual_network(task: str, name: str) -> None:
    assert find_architecture(task, None).name == name


def test_to_check_settings_torch_need_not_import_its_compiler() -> None:
    """Which takes longer than all else that a command or a worker does before it predicts."""
    # To know its shapes, the LSTM of the short task must run.
    networks = [network for network in NETWORKS if network != ("short", "bi-lstm")]
    program = (
        "import sys\n"
        "from regtrack.models.catalog import ARCHITECTURES\n"
        f"for task, name in {networks}:\n"
        "    ARCHITECTURES[task][name].check({})\n"
        "    print(task, name, 'torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [f"{task} {name} False" for task, name in networks]
