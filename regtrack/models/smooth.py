"""Networks of regtrack's own for the dense task: motifs at every base, a grid that hardly shows.

Each finds motifs at every base, takes weighted means of them at steps of `stride` bases, mixes
these over long distances, and draws a smooth curve along the steps. Bases are one-hot. Settings
that all of them share, beside those of `regtrack.models.dense`:

f1
    Motifs, of `MOTIF` bases.
f2
    Channels of the residual blocks.
f3
    Features that the head reads.
blocks
    Residual blocks at one resolution.
"""

from __future__ import annotations

from torch import Tensor, nn

from regtrack.models.dense import DENSE, DenseNetwork
from regtrack.models.layers import Convolution
from regtrack.models.multiscale import LocalAttention, Pooling, Residual, SplineUpsampling
from regtrack.models.network import ALL, one_hot
from regtrack.models.norm import BatchNorm

MOTIF = 19

# How much finer a resolution is than the next one.
_COARSER = 5

_GRID = {
    "learning_rate": (0.001, 0.002, 0.005),
    "f1": (64, 128),
    "f2": (96, 128),
    "f3": (50,),
    "dropout": (0.1, 0.2),
}

# What was cross-validated: docs/results.md. Repeats, since motifs at every base are found hundreds
# of times in one.
_RECIPE = {"learning_rate": 0.002, "warmup": 0.03, "loss_step": 8, "repeats": 0.5}


class SmoothNetwork(DenseNetwork):
    """Motifs, what is made of them at steps of `stride` bases, and a head at every base.

    Parameters
    ----------
    tower
        (batch, f2, steps) -> the same shape.
    """

    def __init__(
        self,
        tower: list[nn.Module],
        markers: int,
        *,
        f1: int,
        f2: int,
        f3: int,
        hidden: int,
        stride: int,
        norm_decay: float,
    ) -> None:
        trunk = nn.Sequential(
            *_normed(Convolution(4, f1, MOTIF), norm_decay),
            nn.ReLU(),
            Pooling(stride),
            *_normed(Convolution(f1, f2, 1), norm_decay),
            *tower,
            nn.ReLU(),
            *_normed(Convolution(f2, f3, 1), norm_decay),
            nn.ReLU(),
            SplineUpsampling(stride),
        )
        super().__init__(trunk, features=f3, hidden=hidden, markers=markers)

    def features(self, codes: Tensor, positions: slice = ALL) -> list[Tensor]:
        """The curve where it is asked for; see `DenseNetwork.features`."""
        if positions == ALL:
            return super().features(codes)
        self._check_length(codes.shape[1])
        *layers, spline = self.trunk
        assert isinstance(spline, SplineUpsampling)
        return [spline.at(nn.Sequential(*layers)(self.inputs(codes)), positions)]

    def inputs(self, codes: Tensor) -> Tensor:
        """One-hot in the order of `BASES`; see `Network.inputs`."""
        return one_hot(codes, self.output.weight.dtype)


@DENSE.add(
    "residual",
    "conv 19, mean 20/10, residual dilated conv 3 (1, 2 ... 256), spline",
    grid=_GRID,
    in_paper=False,
    recipe=_RECIPE,
)
class ResidualNetwork(SmoothNetwork):
    """Residual blocks, each with twice the dilation of the one before, on steps of `stride`."""

    def __init__(
        self,
        markers: int,
        *,
        f1: int = 64,
        f2: int = 96,
        f3: int = 50,
        hidden: int = 125,
        stride: int = 10,
        blocks: int = 9,
        dropout: float = 0.1,
        norm_decay: float = 0.9,
    ) -> None:
        super().__init__(
            _blocks(f2, blocks, dropout, norm_decay),
            markers,
            f1=f1,
            f2=f2,
            f3=f3,
            hidden=hidden,
            stride=stride,
            norm_decay=norm_decay,
        )


@DENSE.add(
    "u-net",
    "conv 19, mean 20/10, residual dilated conv 3 (1, 2), mean 10/5, the same (1 ... 16) and conv "
    "221 of single channels, spline",
    grid=_GRID,
    in_paper=False,
    recipe=_RECIPE,
)
class UNet(SmoothNetwork):
    """Blocks at steps of `stride`, around blocks at steps five times as long.

    One of these looks `reach` steps to each side at once. A pair of motifs 5,000 bases apart is
    then one layer away from being seen together, where dilated layers have to hand one of them
    on over several, which training does not find (docs/results.md).
    """

    def __init__(
        self,
        markers: int,
        *,
        f1: int = 64,
        f2: int = 96,
        f3: int = 50,
        hidden: int = 125,
        stride: int = 10,
        blocks: int = 5,
        reach: int = 110,
        dropout: float = 0.1,
        norm_decay: float = 0.9,
    ) -> None:
        layers = [
            *_blocks(f2, blocks, dropout, norm_decay),
            _far(f2, reach, dropout, norm_decay),
            *_blocks(f2, 1, dropout, norm_decay),
        ]
        super().__init__(
            _around(layers, f2, dropout, norm_decay),
            markers,
            f1=f1,
            f2=f2,
            f3=f3,
            hidden=hidden,
            stride=stride,
            norm_decay=norm_decay,
        )


@DENSE.add(
    "hybrid",
    "as u-net, with attention over 40 steps on each side after (1 ... 8)",
    grid=_GRID,
    in_paper=False,
    recipe=_RECIPE,
)
class Hybrid(SmoothNetwork):
    """A `UNet` with attention at its coarse resolution, to `reach` steps on each side."""

    def __init__(
        self,
        markers: int,
        *,
        f1: int = 64,
        f2: int = 96,
        f3: int = 50,
        hidden: int = 125,
        stride: int = 10,
        blocks: int = 4,
        heads: int = 4,
        reach: int = 40,
        dropout: float = 0.1,
        norm_decay: float = 0.9,
    ) -> None:
        channels = heads * -(-f2 // heads)
        attention = Residual(
            *_normed(Convolution(f2, 3 * channels, 1), norm_decay),
            LocalAttention(heads, reach),
            *_normed(Convolution(channels, f2, 1), norm_decay),
            nn.Dropout(dropout),
        )
        layers = [*_blocks(f2, blocks, dropout, norm_decay), attention]
        super().__init__(
            _around(layers, f2, dropout, norm_decay),
            markers,
            f1=f1,
            f2=f2,
            f3=f3,
            hidden=hidden,
            stride=stride,
            norm_decay=norm_decay,
        )


def _normed(layer: nn.Conv1d, norm_decay: float) -> list[nn.Module]:
    """A layer and its norm."""
    return [layer, BatchNorm(layer.out_channels, momentum=1 - norm_decay)]


def _halved(layer: nn.Conv1d, norm_decay: float) -> list[nn.Module]:
    """The last layer of a residual block and its norm.

    The norm comes last, so that it can be folded into the convolution; it starts at half, or the
    sum of the blocks would begin as noise.
    """
    layers = _normed(layer, norm_decay)
    nn.init.constant_(layers[1].get_parameter("weight"), 0.5)
    return layers


def _blocks(width: int, count: int, dropout: float, norm_decay: float) -> list[nn.Module]:
    """Residual blocks with dilations 1, 2, 4 and so on."""
    return [
        Residual(
            nn.ReLU(),
            *_halved(Convolution(width, width, 3, dilation=2**number), norm_decay),
            nn.Dropout(dropout),
        )
        for number in range(count)
    ]


def _far(width: int, reach: int, dropout: float, norm_decay: float) -> Residual:
    """A residual block in which a third of the channels look `reach` steps to each side, singly."""
    narrow = -(-width // 3)
    return Residual(
        nn.ReLU(),
        *_normed(Convolution(width, narrow, 1), norm_decay),
        *_normed(Convolution(narrow, narrow, 2 * reach + 1, groups=narrow), norm_decay),
        nn.ReLU(),
        *_halved(Convolution(narrow, width, 1), norm_decay),
        nn.Dropout(dropout),
    )


def _around(
    layers: list[nn.Module], width: int, dropout: float, norm_decay: float
) -> list[nn.Module]:
    """Layers at the next resolution, the way down and back, and two blocks before and after it."""
    coarser = Residual(
        Pooling(_COARSER),
        *_normed(Convolution(width, width, 1), norm_decay),
        *layers,
        nn.ReLU(),
        *_normed(Convolution(width, width, 1), norm_decay),
        SplineUpsampling(_COARSER),
    )
    before, after = (_blocks(width, 2, dropout, norm_decay) for _ in range(2))
    return [*before, coarser, *after]
