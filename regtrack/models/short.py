"""Networks of the short task: 1,000 bases in, every marker once out, for the middle 200.

Gupta & Rush 2017, section 4 and table 2; the task is DeepSEA's. Settings that they share:

kernel
    Width of the convolutions.
f1, f2, f3
    Channels of the first, the second and the further layers.
hidden
    Width of the last hidden layer.
dropout
    Share of activations dropped in training.
norm_decay
    Share of the running batch-norm statistics that a step keeps.

A new network is a class in this file.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regtrack.genome.fasta import BASES
from regtrack.models.architecture import Catalog
from regtrack.models.context import Context
from regtrack.models.layers import BidirectionalLSTM, Convolution, activated, normed
from regtrack.models.network import Network

_WIDTHS = (120, 240, 360)
SHORT = Catalog(
    "short",
    grid={
        "kernel": (4, 8, 12),
        "f1": _WIDTHS,
        "f2": _WIDTHS,
        "f3": _WIDTHS,
        "hidden": (500, 919, 1500),
    },
)

LENGTH = 1_000
BIN = 200
FLANK = (LENGTH - BIN) // 2


class ShortNetwork(Network):
    """One-hot bases, a trunk of layers, one vector of logits for the middle `BIN` bases.

    Over a longer sequence it gives every bin of 200 bases its own logits.

    Parameters
    ----------
    trunk
        (batch, 4, `LENGTH`) -> (batch, channels, positions).
    head
        Reads channels x positions; its last layer is Linear(... -> markers).
    """

    def __init__(self, trunk: nn.Sequential, head: nn.Sequential) -> None:
        # The last base of a bin sees FLANK bases right of itself, the first one those right
        # of the bin.
        reach = FLANK + BIN - 1
        super().__init__(head, Context(left=reach, right=reach, stride=BIN))
        self.trunk = trunk

    def hidden(self, codes: Tensor) -> list[Tensor]:
        """One position per input of `LENGTH` bases; see `Network.hidden`."""
        values: Tensor = self.head[:-1](self.trunk(self.inputs(codes)).flatten(1))
        return [values[:, None, :]]

    def body(self, codes: Tensor) -> Tensor:
        """Logits (batch, bins, markers) of every bin; outside the window is N.

        See `Network.body`.
        """
        self._check_length(codes.shape[1])
        windows = F.pad(codes, (FLANK, FLANK)).unfold(1, LENGTH, BIN)
        logits: Tensor = self.output(self.hidden(windows.reshape(-1, LENGTH))[-1])
        return logits.view(len(codes), windows.shape[1], -1)

    def logits(self, body: Tensor, start: int, end: int) -> Tensor:
        """Those of the bin that a base lies in; see `Network.logits`."""
        first, last = _bins(start, end)
        return _by_base(body[:, first:last], start - first * BIN, end - first * BIN)

    def inputs(self, codes: Tensor) -> Tensor:
        """One-hot, N being 0 throughout; see `Network.inputs`."""
        onehot = F.one_hot(codes.long(), len(BASES))[:, :, 1:].transpose(1, 2)
        return onehot.to(self.output.weight.dtype)

    def logits_from(self, inputs: Tensor, start: int, end: int) -> Tensor:
        """Of the bins of these bases only; see `Network.logits_from`."""
        self._check_length(inputs.shape[2])
        first, last = _bins(start, end)
        around = F.pad(inputs, (FLANK, FLANK))[:, :, first * BIN : last * BIN + 2 * FLANK]
        windows = around.unfold(2, LENGTH, BIN).transpose(1, 2).reshape(-1, 4, LENGTH)
        logits: Tensor = self.head(self.trunk(windows).flatten(1))
        by_bin = logits.view(len(inputs), last - first, -1)
        return _by_base(by_bin, start - first * BIN, end - first * BIN)


def _bins(start: int, end: int) -> tuple[int, int]:
    """First bin of the bases [start, end), and the one behind their last."""
    return start // BIN, -(-end // BIN)


def _by_base(by_bin: Tensor, start: int, end: int) -> Tensor:
    """(batch, bins, markers) -> (batch, end - start, markers), from the first bin's first base."""
    return by_bin.repeat_interleave(BIN, dim=1)[:, start:end]


def _width_of(trunk: nn.Module) -> int:
    """Channels x positions that a trunk ends with."""
    with torch.no_grad():
        values: Tensor = trunk.eval()(torch.zeros(1, 4, LENGTH))
    trunk.train()
    return values.numel()


def _one_hidden_layer(
    trunk: nn.Sequential, hidden: int, dropout: float, markers: int
) -> nn.Sequential:
    return nn.Sequential(
        *activated(nn.Linear(_width_of(trunk), hidden), dropout), nn.Linear(hidden, markers)
    )


@SHORT.add("lr", "linear", paper_parameters=3_676_919, paper_auc=(0.042, 0.097, 0.143))
class LogisticRegression(ShortNetwork):
    """One weight per base, position and marker."""

    def __init__(self, markers: int) -> None:
        super().__init__(nn.Sequential(), nn.Sequential(nn.Linear(4 * LENGTH, markers)))


@SHORT.add("ff", "linear 925, linear", paper_parameters=4_551_919, paper_auc=(0.046, 0.106, 0.181))
class FeedForward(ShortNetwork):
    """One hidden layer."""

    def __init__(self, markers: int, *, hidden: int = 925, dropout: float = 0.1) -> None:
        trunk = nn.Sequential()
        super().__init__(trunk, _one_hidden_layer(trunk, hidden, dropout, markers))


class Convolutional(ShortNetwork):
    """Two convolutions with max-pooling, then some on the 60 positions that remain."""

    DILATIONS: tuple[int, ...]

    def __init__(
        self,
        markers: int,
        *,
        kernel: int = 8,
        f1: int = 240,
        f2: int = 360,
        f3: int = 240,
        hidden: int = 1500,
        dropout: float = 0.1,
        norm_decay: float = 0.9,
    ) -> None:
        def block(layer: nn.Conv1d) -> list[nn.Module]:
            return normed(layer, dropout, norm_decay)

        layers = [
            *block(nn.Conv1d(4, f1, kernel)),
            nn.MaxPool1d(4),
            *block(nn.Conv1d(f1, f2, kernel)),
            nn.MaxPool1d(4),
        ]
        channels = f2
        for dilation in self.DILATIONS:
            layers += block(Convolution(channels, f3, kernel, dilation=dilation))
            channels = f3
        trunk = nn.Sequential(*layers)
        super().__init__(trunk, _one_hidden_layer(trunk, hidden, dropout, markers))


# The paper does not say which point of its grid cnn3 and dilated3 are, so these have the
# widths of dilated6. Nor do its parameter counts tell the dilations.
@SHORT.add("cnn3", "conv 8 (x3), linear 1500, linear", paper_auc=(0.205, 0.319, 0.273))
class ShortCnn3(Convolutional):
    """Three convolutions."""

    DILATIONS = (1,)


@SHORT.add(
    "dilated3",
    "conv 8 (x2), dilated conv 8 (2), linear 1500, linear",
    paper_auc=(0.255, 0.372, 0.293),
)
class Dilated3(Convolutional):
    """Three convolutions, the last one dilated."""

    DILATIONS = (2,)


@SHORT.add(
    "dilated6",
    "conv 8 (x2), dilated conv 8 (2, 4, 8, 16), linear 1500, linear",
    paper_parameters=25_758_079,
    paper_auc=(0.285, 0.396, 0.320),
)
class Dilated6(Convolutional):
    """Six convolutions, four of them dilated."""

    DILATIONS = (2, 4, 8, 16)


@SHORT.add(
    "bi-lstm",
    "conv 26, bidirectional LSTM 320, linear 925, linear",
    paper_parameters=46_926_479,
    paper_auc=(0.305, 0.407, 0.340),
)
class ShortBiLstm(ShortNetwork):
    """DanQ's network (Quang & Xie 2016); `f2` is the size of its memory."""

    def __init__(
        self,
        markers: int,
        *,
        kernel: int = 26,
        f1: int = 320,
        f2: int = 320,
        hidden: int = 925,
        dropout: float = 0.1,
    ) -> None:
        trunk = nn.Sequential(
            *activated(nn.Conv1d(4, f1, kernel), dropout),
            nn.MaxPool1d(13),
            BidirectionalLSTM(f1, f2),
            nn.Dropout(dropout),
        )
        super().__init__(trunk, _one_hidden_layer(trunk, hidden, dropout, markers))
