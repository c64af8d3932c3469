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

from regtrack.genome.short_input import LENGTH
from regtrack.models.architecture import Catalog
from regtrack.models.layers import BidirectionalLSTM, Convolution, activated, normed
from regtrack.models.network import POINTWISE
from regtrack.models.short_network import ShortNetwork

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


def _width_of(trunk: nn.Sequential) -> int:
    """Channels x positions that a trunk ends with."""
    # The others change no shape, and on the meta device torch would import its compiler for them.
    shaping = (layer for layer in trunk if not isinstance(layer, POINTWISE))
    with torch.no_grad():
        values: Tensor = nn.Sequential(*shaping).eval()(torch.zeros(1, 4, LENGTH))
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


# Where a value is not above 0, this stands in its place; ReLU has 0 there.
_LEAST = 1e-6

# A and T, C and G change places: A=0 C=1 T=2 G=3.
_COMPLEMENT = (2, 3, 0, 1)


@SHORT.add("deepsea", "conv 8 (x3), linear 925, linear; mean of both strands")
class DeepSea(ShortNetwork):
    """The network of Zhou & Troyanskaya 2015, whose weights are published.

    Three convolutions without padding; what is predicted is the mean over both strands.

    The mean is of probabilities, as the published network has it. In training each input is read
    once, on one strand.
    """

    N_VALUE = 0.25

    def __init__(
        self,
        markers: int,
        *,
        kernel: int = 8,
        f1: int = 320,
        f2: int = 480,
        f3: int = 960,
        hidden: int = 925,
        dropout: float = 0.2,
        last_dropout: float = 0.5,
    ) -> None:
        trunk = nn.Sequential(
            *(nn.Conv1d(4, f1, kernel), _activation(), nn.MaxPool1d(4), nn.Dropout(dropout)),
            *(nn.Conv1d(f1, f2, kernel), _activation(), nn.MaxPool1d(4), nn.Dropout(dropout)),
            *(nn.Conv1d(f2, f3, kernel), _activation(), nn.Dropout(last_dropout)),
        )
        head = nn.Sequential(
            nn.Linear(_width_of(trunk), hidden), _activation(), nn.Linear(hidden, markers)
        )
        super().__init__(trunk, head)

    def _of_steps(self, inputs: Tensor) -> Tensor:
        """Of both strands together."""
        other = inputs[:, _COMPLEMENT].flip(2)
        return _mean_of_probabilities(super()._of_steps(inputs), super()._of_steps(other).flip(1))


def _activation() -> nn.Module:
    return nn.Threshold(0.0, _LEAST)


def _mean_of_probabilities(logits: Tensor, other_logits: Tensor) -> Tensor:
    """Logits of the mean of two probabilities, exact also where these are close to 0 or 1."""
    present = torch.logaddexp(F.logsigmoid(logits), F.logsigmoid(other_logits))
    absent = torch.logaddexp(F.logsigmoid(-logits), F.logsigmoid(-other_logits))
    return present - absent
