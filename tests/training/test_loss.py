"""The loss: binary cross-entropy over what is known, whatever is held at one time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from regtrack.training import step as module
from regtrack.training.step import summed_loss

MARKERS, WIDTH = 5, 4


@dataclass(frozen=True)
class Case:
    """What enters the loss."""

    hidden: Tensor
    output: nn.Linear
    labels: Tensor
    known: Tensor
    known_markers: Tensor | None
    positive_weight: float

    def found(self) -> list[Tensor]:
        """Loss and gradients of hidden, weight and bias, by `summed_loss`."""
        hidden = self.hidden.clone().requires_grad_()
        self.output.zero_grad()
        loss = summed_loss(
            hidden,
            self.output,
            self.labels,
            self.known,
            self.known_markers,
            self.positive_weight,
        )
        (loss / 7).backward()  # the gradient that comes in counts, too
        return [loss, hidden.grad, self.output.weight.grad.clone(), self.output.bias.grad.clone()]

    def expected(self) -> list[Tensor]:
        """The same by torch, with all logits at once."""
        hidden = self.hidden.clone().requires_grad_()
        self.output.zero_grad()
        logits = self.output(hidden)
        counted = self.known[:, :, None].expand(logits.shape)
        if self.known_markers is not None:
            counted = counted & self.known_markers[:, None, :]
        loss = F.binary_cross_entropy_with_logits(
            logits[counted],
            self.labels[counted].to(logits.dtype),
            reduction="sum",
            pos_weight=torch.tensor(self.positive_weight, dtype=logits.dtype),
        )
        (loss / 7).backward()
        return [loss, hidden.grad, self.output.weight.grad.clone(), self.output.bias.grad.clone()]


def a_case(
    batch: int = 3,
    positions: int = 11,
    masked: bool = True,
    positive_weight: float = 1.0,
    dtype: torch.dtype = torch.float64,
) -> Case:
    random = torch.Generator().manual_seed(batch + positions)
    torch.manual_seed(1)
    return Case(
        hidden=3 * torch.randn(batch, positions, WIDTH, generator=random, dtype=dtype),
        output=nn.Linear(WIDTH, MARKERS, dtype=dtype),
        labels=torch.randint(0, 2, (batch, positions, MARKERS), generator=random).byte(),
        known=torch.rand(batch, positions, generator=random) < 0.7,
        known_markers=torch.rand(batch, MARKERS, generator=random) < 0.6 if masked else None,
        positive_weight=positive_weight,
    )


@pytest.mark.parametrize("chunk", [1, 7, 5 * MARKERS, 1 << 20])
@pytest.mark.parametrize(("batch", "positions"), [(1, 11), (3, 11), (4, 1)])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("positive_weight", [1.0, 3.5])
def test_it_is_torchs_loss_over_what_is_known(
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
    batch: int,
    positions: int,
    masked: bool,
    positive_weight: float,
) -> None:
    monkeypatch.setattr(module, "_CHUNK", {"cpu": chunk})
    case = a_case(batch, positions, masked, positive_weight)
    for ours, torchs in zip(case.found(), case.expected(), strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-12, atol=1e-12)


def test_in_bfloat16_it_is_nearly_the_same() -> None:
    case = a_case(batch=2, positions=200, dtype=torch.float32)
    halved = replace(case, hidden=case.hidden.bfloat16())
    found = halved.found()
    assert [one.dtype for one in found] == [
        torch.float32,
        torch.bfloat16,
        torch.float32,
        torch.float32,
    ]
    for ours, torchs in zip(found, case.expected(), strict=True):
        error = (ours.float() - torchs).norm() / torchs.norm()
        assert error < 0.02


def test_large_logits_are_no_trouble() -> None:
    case = a_case(dtype=torch.float32)
    for one in replace(case, hidden=1e4 * case.hidden).found():
        assert one.isfinite().all()


def test_what_is_at_n_or_not_measured_does_not_matter() -> None:
    case = a_case()
    before = case.found()
    hidden = torch.where(case.known[:, :, None], case.hidden, 100)
    counted = case.known[:, :, None] & case.known_markers[:, None, :]
    labels = torch.where(counted, case.labels, 1 - case.labels)
    after = replace(case, hidden=hidden, labels=labels).found()
    assert all(torch.equal(first, second) for first, second in zip(before, after, strict=True))
    assert (before[1][~case.known] == 0).all()  # nor does it move anything


def test_where_nothing_is_known_there_is_no_loss() -> None:
    case = a_case()
    for one in replace(case, known=torch.zeros_like(case.known)).found():
        assert (one == 0).all()


class Largest(TorchDispatchMode):
    """Notes the size of the largest floating-point tensor that any operation gives."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for one in found if isinstance(found, tuple | list) else (found,):
            if isinstance(one, Tensor) and one.is_floating_point():
                self.elements = max(self.elements, one.numel())
        return found


def test_all_logits_are_never_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", {"cpu": 1_000})
    torch.manual_seed(0)
    markers, positions = 90, 400
    hidden = torch.randn(2, positions, 2, requires_grad=True)
    output = nn.Linear(2, markers)
    labels = torch.zeros(2, positions, markers, dtype=torch.uint8)
    with Largest() as largest:
        summed_loss(hidden, output, labels, torch.ones(2, positions, dtype=torch.bool)).backward()
    assert largest.elements == hidden.numel()  # and not 2 x 400 x 90
