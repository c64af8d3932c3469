"""Networks of the dense task: 25,000 bases in, every marker at every base out.

Gupta & Rush 2017, section 4 and table 1. Settings that all of them share:

f1, f2, f3
    Channels of the first, the second and the further layers.
hidden
    Width of the head's hidden layer.
stride
    Bases per step of the trunk.
dropout
    Share of activations dropped in training.
norm_decay
    Share of the running batch-norm statistics that a step keeps.

A new network is a class in this file, or in `regtrack.models.smooth`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regtrack.genome.fasta import BASES
from regtrack.models.architecture import Catalog
from regtrack.models.layers import (
    BidirectionalLSTM,
    Convolution,
    MaxPooling,
    Upsampling,
    activated,
    normed,
)
from regtrack.models.network import ALL, Network, context_of

DENSE = Catalog(
    "dense",
    grid={
        "f1": (64, 128),
        "f2": (120, 240),
        "f3": (50, 128),
        "hidden": (125, 200),
        "stride": (10,),
    },
)


class DenseNetwork(Network):
    """A trunk of layers, a head at every base.

    Parameters
    ----------
    trunk
        (batch, 4, length) -> (batch, features, length).
    features, hidden, markers
        The head is Linear(features -> hidden), ReLU, Linear(hidden -> markers).
    """

    def __init__(self, trunk: nn.Sequential, features: int, hidden: int, markers: int) -> None:
        head = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, markers))
        super().__init__(head, context_of(trunk))
        self.trunk = trunk

    def features(self, codes: Tensor, positions: slice = ALL) -> list[Tensor]:
        """What each application of the head reads: (batch, features, positions) each."""
        self._check_length(codes.shape[1])
        return [self.trunk(self.inputs(codes))[:, :, positions]]

    def hidden(self, codes: Tensor, positions: slice = ALL) -> list[Tensor]:
        """One position per base; see `Network.hidden`."""
        return [
            self.head[:-1](features.transpose(1, 2)) for features in self.features(codes, positions)
        ]

    def body(self, codes: Tensor) -> Tensor:
        """(batch, features, length); see `Network.body`."""
        return self.features(codes)[-1]

    def logits(self, body: Tensor, start: int, end: int) -> Tensor:
        """The head, on these bases only; see `Network.logits`."""
        values: Tensor = self.head(body[:, :, start:end].transpose(1, 2))
        return values

    def logits_from(self, inputs: Tensor, start: int, end: int) -> Tensor:
        """The trunk on all, the head on these bases only; see `Network.logits_from`."""
        self._check_length(inputs.shape[2])
        return self.logits(self.trunk(inputs), start, end)


class PaperNetwork(DenseNetwork):
    """Reads bases embedded in 4 dimensions, as all dense networks of the paper do."""

    def __init__(self, trunk: nn.Sequential, features: int, hidden: int, markers: int) -> None:
        super().__init__(trunk, features, hidden, markers)
        vectors = torch.empty(len(BASES), 4)
        if not vectors.is_meta:  # torch would import its compiler, for a second or two, to fill it
            nn.init.normal_(vectors)
        self.embedding = nn.Embedding(len(BASES), 4, _weight=vectors)

    def inputs(self, codes: Tensor) -> Tensor:
        """The embedded bases; see `Network.inputs`."""
        embedded: Tensor = self.embedding(codes)
        return embedded.transpose(1, 2)


@DENSE.add("cnn1", "conv 10", paper_parameters=137_187)
class Cnn1(PaperNetwork):
    """One convolution: motifs, and nothing around them."""

    def __init__(
        self, markers: int, *, f1: int = 128, hidden: int = 125, dropout: float = 0.1
    ) -> None:
        trunk = nn.Sequential(*activated(Convolution(4, f1, 10), dropout))
        super().__init__(trunk, features=f1, hidden=hidden, markers=markers)


@DENSE.add("cnn3", "conv 10/10, conv 10, transposed conv 10/10", paper_parameters=341_803)
class Cnn3(PaperNetwork):
    """Three layers, the second at steps of `stride` bases."""

    def __init__(
        self,
        markers: int,
        *,
        f1: int = 128,
        f2: int = 120,
        f3: int = 50,
        hidden: int = 125,
        stride: int = 10,
        dropout: float = 0.1,
        norm_decay: float = 0.9,
    ) -> None:
        trunk = nn.Sequential(
            *normed(Convolution(4, f1, stride, stride=stride), dropout, norm_decay),
            *normed(Convolution(f1, f2, 10), dropout, norm_decay),
            *normed(Upsampling(f2, f3, stride), dropout, norm_decay),
        )
        super().__init__(trunk, features=f3, hidden=hidden, markers=markers)


@DENSE.add(
    "cnn7",
    "conv 10/10, conv 10 (x5), transposed conv 10/10",
    paper_parameters=656_363,
    paper_auc=(0.167, 0.186, 0.165),
)
class Cnn7(PaperNetwork):
    """Seven layers without dilation: the depth of `dilated`, a context of 500 bases."""

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
            *block(Convolution(f1, f2, 10)),
            *block(Convolution(f2, f3, 10)),
            *block(Convolution(f3, f3, 10)),
            *block(Convolution(f3, f3, 10)),
            *block(Convolution(f3, f3, 10)),
            *block(Upsampling(f3, f3, stride)),
        )
        super().__init__(trunk, features=f3, hidden=hidden, markers=markers)


@DENSE.add(
    "id-cnn",
    "conv 20, then three times: conv 20/20, dilated conv 10 (3, 9, 27), transposed conv 20/20",
    paper_parameters=635_739,
    paper_auc=(0.171, 0.142, 0.236),
)
class IdCnn(PaperNetwork):
    """Iterated dilated convolutions: one block three times, the head after every time.

    The weights of the block are shared, its norms are not (Strubell et al. 2017). The
    loss is the mean over the three; the last one predicts.
    """

    REPEATS = 3

    def __init__(
        self,
        markers: int,
        *,
        f1: int = 50,
        f2: int = 240,
        f3: int = 80,
        hidden: int = 125,
        stride: int = 20,
        dropout: float = 0.1,
        norm_decay: float = 0.9,
    ) -> None:
        shared = (
            Convolution(f1, f1, stride, stride=stride),
            Convolution(f1, f2, 10, dilation=3),
            Convolution(f2, f3, 10, dilation=9),
            Convolution(f3, f3, 10, dilation=27),
            Upsampling(f3, f1, stride),
        )
        first = activated(Convolution(4, f1, 20), dropout)
        blocks = [
            nn.Sequential(
                *(part for layer in shared for part in normed(layer, dropout, norm_decay))
            )
            for _ in range(self.REPEATS)
        ]
        layers = [*first, *(layer for block in blocks for layer in block)]
        super().__init__(nn.Sequential(*layers), features=f1, hidden=hidden, markers=markers)
        self._ends = [len(first) + len(blocks[0]) * (done + 1) for done in range(self.REPEATS)]

    def features(self, codes: Tensor, positions: slice = ALL) -> list[Tensor]:
        """After every time in training, after the last one otherwise."""
        if not self.training:
            return super().features(codes, positions)
        self._check_length(codes.shape[1])
        features = []
        values = self.inputs(codes)
        for index, layer in enumerate(self.trunk, start=1):
            values = layer(values)
            if index in self._ends:
                features.append(values[:, :, positions])
        return features


@DENSE.add(
    "bi-lstm",
    "conv 20/20, bidirectional LSTM 80, transposed conv 20/20",
    paper_parameters=764_395,
    paper_auc=(0.107, 0.113, 0.264),
    grid={
        "f1": (128,),
        "f2": (20, 40, 80),
        "stride": (10, 20, 50, 100),
        "hidden": (64, 125, 200),
    },
)
class BiLstm(PaperNetwork):
    """A recurrent network over steps of `stride` bases; `f2` is the size of its memory."""

    def __init__(
        self,
        markers: int,
        *,
        f1: int = 128,
        f2: int = 80,
        f3: int = 128,
        hidden: int = 200,
        stride: int = 20,
        dropout: float = 0.1,
    ) -> None:
        trunk = nn.Sequential(
            *activated(Convolution(4, f1, stride, stride=stride), dropout),
            BidirectionalLSTM(f1, f2),
            nn.Dropout(dropout),
            *activated(Upsampling(2 * f2, f3, stride), dropout),
        )
        super().__init__(trunk, features=f3, hidden=hidden, markers=markers)


# The paper prints 631,263: it counts a 50-wide bias that its code never uses.
@DENSE.add(
    "dilated",
    "conv 10/10, dilated conv 10 (3, 9, 27, 81), transposed conv 10/10",
    paper_parameters=631_263,
    paper_auc=(0.274, 0.179, 0.273),
)
class Dilated(PaperNetwork):
    """The paper's best dense network: dilated convolutions on steps of `stride` bases."""

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
