"""What holds for every network of both tasks: sizes, cores, markers, batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import NETWORKS, a_network
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.models.catalog import ARCHITECTURES, PAPER_MARKERS
from regtrack.models.network import Network

every_network = pytest.mark.parametrize(("task", "name"), NETWORKS)

# Trainable parameters for 919 markers: from the paper, and arithmetic on its published code.
SIZES = {
    ("dense", "cnn1"): 137_187,
    ("dense", "cnn3"): 341_803,
    ("dense", "cnn7"): 656_363,
    ("dense", "id-cnn"): 635_739,
    ("dense", "bi-lstm"): 764_395,
    ("dense", "dilated"): 631_213,
    ("short", "lr"): 3_676_919,
    ("short", "ff"): 4_551_919,
    ("short", "dilated6"): 25_758_079,
    ("short", "bi-lstm"): 46_926_479,
}
# The paper counts a bias of dilated that its code never uses.
PRINTED = {**SIZES, ("dense", "dilated"): 631_263}

# What float32 may do to a logit when it adds up in another order (docs/architecture.md: no seams).
CLOSE = 1e-4
STEPS = 400  # a length that suits every stride; two bins of the short task


def parameters_of(task: str, name: str, markers: int = PAPER_MARKERS, **values: float) -> int:
    with torch.device("meta"):  # takes neither time nor memory
        return ARCHITECTURES[task][name].build(markers, values).parameter_count()


def random_codes(length: int, batch: int = 1, seed: int = 7) -> torch.Tensor:
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.integers(0, 5, size=(batch, length)).astype(np.int32))


@pytest.mark.parametrize(("network", "parameters"), SIZES.items())
def test_a_network_has_the_papers_number_of_parameters(
    network: tuple[str, str], parameters: int
) -> None:
    assert parameters_of(*network) == parameters


@pytest.mark.parametrize(("network", "parameters"), PRINTED.items())
def test_the_papers_count_stands_beside_it(network: tuple[str, str], parameters: int) -> None:
    task, name = network
    assert ARCHITECTURES[task][name].paper_parameters == parameters


def test_the_networks_that_the_paper_says_too_little_of_have_no_count() -> None:
    unknown = set(NETWORKS) - set(SIZES)
    others = {("dense", "residual"), ("dense", "u-net"), ("dense", "hybrid"), ("short", "deepsea")}
    assert unknown - others == {("short", "cnn3"), ("short", "dilated3")}
    for task, name in unknown:
        assert ARCHITECTURES[task][name].paper_parameters is None


@every_network
def test_every_default_setting_can_be_given(task: str, name: str) -> None:
    defaults = ARCHITECTURES[task][name].default_settings()
    assert parameters_of(task, name, **defaults) == parameters_of(task, name)


@every_network
def test_only_the_last_layer_grows_with_the_markers(task: str, name: str) -> None:
    with torch.device("meta"):
        width = ARCHITECTURES[task][name].build(1).output.in_features
    few, many = (parameters_of(task, name, markers) for markers in (1, 11))
    assert many - few == 10 * (width + 1)


@every_network
def test_logits_are_batch_by_markers_by_bases(task: str, name: str) -> None:
    logits = a_network(task, name)(random_codes(STEPS, batch=3))
    assert logits.shape == (3, 4, STEPS)
    assert logits.dtype == torch.float32
    assert logits.stride(1) == 1  # the markers of a base lie side by side


@every_network
@torch.no_grad()
def test_codes_may_be_wide_or_narrow_integers(task: str, name: str) -> None:
    network, codes = a_network(task, name), random_codes(STEPS)
    assert torch.equal(network(codes.long()), network(codes.int()))


@every_network
@torch.no_grad()
def test_a_network_in_double_precision_agrees_with_itself(task: str, name: str) -> None:
    network, codes = a_network(task, name), random_codes(STEPS)
    single = network(codes)
    double = network.double()(codes)
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, atol=CLOSE, rtol=0)


@every_network
def test_a_length_that_is_not_a_multiple_of_the_stride_is_refused(task: str, name: str) -> None:
    network = a_network(task, name)
    stride = network.context.stride
    for length in {1, stride - 1, stride + 1, 5 * stride + 1} - {0}:
        if length % stride:
            with pytest.raises(ValueError, match=f"length {length} is not a multiple of the str"):
                network(random_codes(length))


EDGES = st.integers(0, STEPS)


@every_network
@settings(max_examples=12)
@given(edges=st.tuples(EDGES, EDGES).filter(lambda edges: edges[0] != edges[1]))
@torch.no_grad()
def test_a_core_is_a_slice_of_the_whole(task: str, name: str, edges: tuple[int, int]) -> None:
    network, codes = a_network(task, name), random_codes(STEPS, batch=2)
    start, end = sorted(edges)
    torch.testing.assert_close(
        network(codes, start, end), network(codes)[:, :, start:end], atol=CLOSE, rtol=0
    )


@every_network
@torch.no_grad()
def test_a_core_without_an_end_goes_to_the_windows_end(task: str, name: str) -> None:
    network, codes = a_network(task, name), random_codes(STEPS)
    torch.testing.assert_close(network(codes, 7), network(codes)[:, :, 7:], atol=CLOSE, rtol=0)


@every_network
@pytest.mark.parametrize("rows", [[2], [0, 3], [3, 1], [0, 1, 2, 3]])
@torch.no_grad()
def test_kept_markers_have_the_logits_they_had(task: str, name: str, rows: list[int]) -> None:
    network, codes = a_network(task, name), random_codes(STEPS)
    before = network(codes)[:, rows]
    network.keep_markers(rows)
    assert network.output.out_features == len(rows)
    torch.testing.assert_close(network(codes), before, atol=CLOSE, rtol=0)


@every_network
@pytest.mark.parametrize("together", [1, 3])
@torch.no_grad()
def test_windows_of_a_batch_do_not_see_each_other(task: str, name: str, together: int) -> None:
    network, codes = a_network(task, name), random_codes(STEPS, batch=8)
    parts = torch.cat([network(part) for part in codes.split(together)])
    torch.testing.assert_close(parts, network(codes), atol=CLOSE, rtol=0)


@every_network
@torch.no_grad()
def test_what_training_scores_is_what_predicts(task: str, name: str) -> None:
    network = a_network(task, name)
    codes = random_codes(1_000, batch=2)
    logits = network.position_logits(codes)
    if task == "dense":
        assert logits.shape == (2, 1_000, 4)  # every base has labels
        expected = network(codes).transpose(1, 2)
    else:
        assert logits.shape == (2, 1, 4)  # the whole input has, for its middle
        expected = network(codes, 400, 600)[:, :, :1].transpose(1, 2)
    torch.testing.assert_close(logits, expected, atol=CLOSE, rtol=0)


@every_network
def test_the_loss_reaches_every_weight(task: str, name: str) -> None:
    network = a_network(task, name).train()
    hidden = network.hidden(random_codes(1_000, batch=4).long())
    sum(network.output(one).square().mean() for one in hidden).backward()
    reached = {
        parameter_name
        for parameter_name, parameter in network.named_parameters()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }
    trainable = {key for key, value in network.named_parameters() if value.requires_grad}
    # A bias in front of a norm is taken out again.
    before_norms = {key for key in trainable if key.startswith("trunk") and key.endswith("bias")}
    assert trainable - before_norms <= reached <= trainable


@every_network
def test_dropout_and_norms_are_quiet_when_predicting(task: str, name: str) -> None:
    options = {"dropout": 0.5} if (task, name) != ("short", "lr") else {}
    network: Network = a_network(task, name, **options)
    before = {key: value.clone() for key, value in network.weights().items()}
    codes = random_codes(STEPS)
    with torch.no_grad():
        assert torch.equal(network(codes), network(codes))
    for key, value in network.weights().items():
        assert torch.equal(value, before[key]), key
