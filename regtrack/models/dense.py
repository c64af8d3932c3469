"""Networks of the dense task: 25,000 bases in, every marker at every base out.

Gupta & Rush 2017, section 4 and table 1. A new network is a class here and a line in
`regtrack.models.catalog`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regtrack.genome.fasta import BASES
from regtrack.models.context import Context, context_of
from regtrack.models.layers import Convolution, MaxPooling, Upsampling, normed


class DenseNetwork(nn.Module):
    """Bases embedded in 4 dimensions, a trunk of layers, a head at every base.

    Parameters
    ----------
    trunk
        (batch, 4, length) -> (batch, features, length).
    features, hidden, markers
        The head is Linear(features -> hidden), ReLU, Linear(hidden -> markers).

    Attributes
    ----------
    context
        Bases that a prediction depends on, left and right, and the stride at which
        windows must start. Derived from the trunk.
    """

    def __init__(self, trunk: nn.Sequential, features: int, hidden: int, markers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(BASES), 4)
        self.trunk = trunk
        self.head = nn.Sequential(
            nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, markers)
        )
        self.context: Context = context_of(trunk)

    @property
    def output(self) -> nn.Linear:
        """The last layer, one row of weights per marker."""
        layer = self.head[-1]
        assert isinstance(layer, nn.Linear)
        return layer

    def forward(self, codes: Tensor, start: int = 0, end: int | None = None) -> Tensor:
        """Logits of the bases [start, end) of each window.

        Parameters
        ----------
        codes
            Integer codes (batch, length), N=0 A=1 C=2 T=3 G=4; the length must be a
            multiple of `context.stride`.
        start, end
            The core whose logits are asked for; the head is computed there only.

        Returns
        -------
        Tensor (batch, markers, end - start)
            In memory the markers of a base lie side by side.

        Raises
        ------
        ValueError
            When the length is not a multiple of the stride.
        """
        if codes.shape[1] % self.context.stride:
            raise ValueError(
                f"length {codes.shape[1]} is not a multiple of the stride, {self.context.stride}"
            )
        features = self.trunk(self.embedding(codes).transpose(1, 2))
        logits: Tensor = self.head(features[:, :, start:end].transpose(1, 2))
        return logits.transpose(1, 2)

    def keep_markers(self, rows: list[int]) -> None:
        """Drop all outputs but `rows`, so that no arithmetic is spent on the others."""
        kept = nn.Linear(self.output.in_features, len(rows))
        with torch.no_grad():
            kept.weight.copy_(self.output.weight[rows])
            kept.bias.copy_(self.output.bias[rows])
        self.head[-1] = kept

    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(weights.numel() for weights in self.parameters() if weights.requires_grad)


class Dilated(DenseNetwork):
    """The paper's best dense network: dilated convolutions on steps of `stride` bases.

    Parameters
    ----------
    markers
        Number of outputs per base.
    f1, f2, f3
        Channels of the first, the second and the further convolutions.
    hidden
        Width of the head's hidden layer.
    stride
        Bases per step of the trunk.
    dropout
        Share of activations dropped in training.
    norm_decay
        Share of the running batch-norm statistics that a step keeps.
    """

    def __init__(
        self,
        markers: int,
        *,
        f1: int = 128,
        f2: int = 240,
        f3: int = 50,
        hidden: int = 125,
        stride: int = 10,
        dropout: float = 0.1,
        norm_decay: float = 0.9,
    ) -> None:
        def block(layer: Convolution | Upsampling) -> list[nn.Module]:
            return normed(layer, dropout, norm_decay)

        trunk = nn.Sequential(
            *block(Convolution(4, f1, stride, stride=stride)),
            MaxPooling(5),
            *block(Convolution(f1, f2, 10, dilation=3)),
            MaxPooling(5),
            *block(Convolution(f2, f3, 10, dilation=9)),
            *block(Convolution(f3, f3, 10, dilation=27)),
            MaxPooling(5),
            *block(Convolution(f3, f3, 10, dilation=81)),
            *block(Upsampling(f3, f3, stride)),
        )
        super().__init__(trunk, features=f3, hidden=hidden, markers=markers)
