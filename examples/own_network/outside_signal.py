"""A model of another program that gives counts, wrapped for regtrack: no probabilities, a signal.

`BPNet` stands for what you have: the module as its authors wrote it, which reads sequences of one
length and says of each how many reads to expect, and how they lie. `Expected` is what you write.
"""

import torch
from torch import nn


class BPNet(nn.Module):
    """Shaped like BPNet (Avsec et al. 2021), but small: dilated residual layers and two heads."""

    def __init__(self, tasks: int, channels: int = 16, layers: int = 5) -> None:
        super().__init__()
        self.first = nn.Conv1d(4, channels, 21, padding=10)
        self.dilated = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, dilation=2**number, padding=2**number)
            for number in range(1, layers + 1)
        )
        self.profile = nn.Conv1d(channels, tasks, 25, padding=12)
        self.counts = nn.Linear(channels, tasks)
        # Bases on each side that are read and get no output.
        self.trimmed = 10 + sum(2**number for number in range(1, layers + 1)) + 12

    def forward(self, onehot: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch, 4, length) -> logits of the profile (batch, tasks, length - 2 trimmed), and the
        logarithm of 1 + the reads of all of it: (batch, tasks).
        """
        values = self.first(onehot).relu()
        for layer in self.dilated:
            values = values + layer(values).relu()
        profile = self.profile(values)[:, :, self.trimmed : -self.trimmed]
        middle = values[:, :, self.trimmed : -self.trimmed]
        return profile, self.counts(middle.mean(dim=2))


class Expected(nn.Module):
    """The reads that `BPNet` expects at each base, as regtrack asks for them.

    It reads one length only, and a base's value depends on where the sequence began. So it is given
    stretches that begin at multiples of `stride`, with what it trims on each side.
    """

    reads = "ACGT"
    returns = "signal"
    stride = 128

    def __init__(self, markers: int) -> None:
        super().__init__()
        self.model = BPNet(tasks=markers)

    def forward(self, bases: torch.Tensor) -> torch.Tensor:
        """(batch, 4, length) -> (batch, markers, length)."""
        around = self.model.trimmed
        padded = nn.functional.pad(bases, (around, around))
        pieces = padded.unfold(
            2, self.stride + 2 * around, self.stride
        )  # (batch, 4, pieces, bases)
        batch, _, number, length = pieces.shape
        stretches = pieces.transpose(1, 2).reshape(batch * number, 4, length)
        profile, counts = self.model(stretches)
        reads = counts.expm1().clamp(min=0)[:, :, None] * profile.softmax(dim=2)
        return reads.reshape(batch, number, -1, self.stride).transpose(1, 2).flatten(2)
