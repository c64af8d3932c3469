"""A model of another program, wrapped for regtrack: it becomes tracks as any other network.

`Basenji` stands for what you have: the module as its authors wrote it, which knows nothing of
regtrack, reads bases in an order of its own and gives a probability for every 32 of them.
`Wrapped` is what you write.
"""

import torch
from torch import nn


class Basenji(nn.Module):
    """Shaped like Basenji (Kelley et al. 2018), but small: pooled to bins, then dilated."""

    def __init__(self, targets: int, channels: int = 24) -> None:
        super().__init__()
        layers = []
        for inputs in (4, channels, channels, channels, channels):
            layers += [nn.Conv1d(inputs, channels, 5, padding=2), nn.GELU(), nn.MaxPool1d(2)]
        self.stem = nn.Sequential(*layers)
        self.tower = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, dilation=2**number, padding=2**number)
            for number in range(4)
        )
        self.final = nn.Linear(channels, targets)

    def forward(self, onehot: torch.Tensor) -> torch.Tensor:
        """(batch, length, 4), in the order A, C, T, G -> (batch, length / 32, targets)."""
        values = self.stem(onehot.transpose(1, 2))
        for layer in self.tower:
            values = values + layer(torch.relu(values))
        return torch.sigmoid(self.final(values.transpose(1, 2)))


class Wrapped(nn.Module):
    """`Basenji` as regtrack asks for it."""

    reads = "ACTG"
    n_value = 0.25  # what an N is in each channel
    bin = 32  # bases per output; windows start at multiples of it
    returns = "probabilities"

    def __init__(self, markers: int) -> None:
        super().__init__()
        self.model = Basenji(targets=markers)

    def forward(self, bases: torch.Tensor) -> torch.Tensor:
        """(batch, 4, length) -> (batch, markers, length / 32)."""
        return self.model(bases.transpose(1, 2)).transpose(1, 2)
