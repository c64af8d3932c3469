"""A network that predicts the same in less time. It cannot be trained any more.

Batch norms are folded into the convolutions before them, a strided first convolution into
the embedding that it reads, transposed convolutions become matrix products whose result
lies as the head wants it, and matrix products go to oneDNN with their ReLU. The output layer
leaves out what is 0 at all of the bases at hand.

All of it stays in float32. In bfloat16 the trunk alone moved a probability by up to 0.053,
and the output layer alone by up to 0.005, on a trained `dilated` and real sequence: more
than a track promises (docs/performance.md).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regtrack.models.dense import PaperNetwork
from regtrack.models.layers import Convolution, Upsampling
from regtrack.models.multiscale import Residual
from regtrack.models.network import Network
from regtrack.models.norm import BatchNorm

# What TorchInductor, too, turns a linear layer on a CPU into. F.linear goes to MKL, which was
# half as fast as oneDNN on the processor of docs/performance.md.
_ONEDNN_LINEAR = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
_HAS_ONEDNN = _ONEDNN_LINEAR is not None and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]

# What is 0 everywhere is looked for where leaving it out saves more: for so many markers, at so
# many bases together. What is left is a multiple of a few: oneDNN prepares for each width anew.
_MANY_MARKERS, _MANY_BASES = 200, 128
_WIDTHS = 8


def _product(inputs: Tensor, weight: Tensor, bias: Tensor, relu: bool) -> Tensor:
    """What a linear layer makes of its inputs, and ReLU if asked for."""
    if _HAS_ONEDNN and inputs.device.type == "cpu" and inputs.dtype == torch.float32:
        kind = "relu" if relu else "none"
        result: Tensor = _ONEDNN_LINEAR(  # type: ignore[misc]
            inputs.contiguous(), weight, bias, kind, [], ""
        )
        return result
    values = F.linear(inputs, weight, bias)
    return values.relu_() if relu else values


class FusedLinear(nn.Linear):
    """Linear, and ReLU if asked for, in one go: (..., inputs) -> (..., outputs)."""

    def __init__(self, weight: Tensor, bias: Tensor, relu: bool) -> None:
        super().__init__(weight.shape[1], weight.shape[0], device="meta")
        self.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
        self.bias = nn.Parameter(bias.contiguous(), requires_grad=False)
        self.relu = relu

    def forward(self, inputs: Tensor) -> Tensor:
        """Multiply, add, and cut at 0."""
        return _product(inputs, self.weight, self.bias, self.relu)


class OutputLinear(FusedLinear):
    """Logits of a ReLU's values (..., inputs) -> (..., outputs), for many outputs.

    Of a trained `dilated` two fifths of the hidden values are 0 at each of 512 consecutive bases. A
    CPU leaves these out of the product, to which they add nothing.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__(weight, bias, relu=False)
        # In memory the weights of an input lie side by side, so that they are soon gathered.
        self.weight = nn.Parameter(weight.t().contiguous().t(), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Multiply what is not 0, and add."""
        if inputs.device.type != "cpu" or inputs.shape[:-1].numel() < _MANY_BASES:
            return super().forward(inputs)
        values = inputs.flatten(0, -2)
        # None is negative, so a sum is 0 where all are. (Maxima take nine times as long.)
        needed = values.sum(0) != 0
        count = -(-int(needed.sum()) // _WIDTHS) * _WIDTHS
        if count >= len(needed):
            return super().forward(inputs)
        chosen = needed.argsort(descending=True, stable=True)[: max(count, _WIDTHS)]
        weight = self.weight.t().index_select(0, chosen).t()
        logits = _product(values.index_select(1, chosen), weight, self.bias, False)
        return logits.view(*inputs.shape[:-1], -1)


class FusedUpsampling(nn.Module):
    """`Upsampling` and ReLU as a matrix product.

    (batch, inputs, length) -> (batch, outputs, length * stride); in memory the channels of a
    position lie side by side.
    """

    def __init__(self, weight: Tensor, bias: Tensor, relu: bool) -> None:
        super().__init__()
        inputs, self.outputs, stride = weight.shape
        by_step = weight.permute(2, 1, 0).reshape(stride * self.outputs, inputs)
        self.linear = FusedLinear(by_step, bias.repeat(stride), relu)

    def forward(self, inputs: Tensor) -> Tensor:
        """Every position becomes `stride` positions."""
        steps: Tensor = self.linear(inputs.transpose(1, 2))
        return steps.reshape(len(inputs), -1, self.outputs).transpose(1, 2)


class EmbeddedConvolution(nn.Module):
    """An embedding and the strided convolution that reads it: sums of rows of one table.

    Codes (batch, length) -> (batch, length / stride, outputs).
    """

    rows: Tensor

    def __init__(self, embedding: nn.Embedding, weight: Tensor, bias: Tensor, relu: bool) -> None:
        super().__init__()
        letters, stride = embedding.num_embeddings, weight.shape[2]
        # Row `letters * step + letter`: what a letter adds at a step of the kernel.
        table = torch.einsum("oik,li->klo", weight, embedding.weight).flatten(0, 1)
        # The bias is added once per position: with the first step.
        table[:letters] += bias
        self.table = nn.Parameter(table.contiguous(), requires_grad=False)
        steps = torch.arange(stride, dtype=torch.int32, device=weight.device)
        self.register_buffer("rows", letters * steps)
        self.relu = relu

    def forward(self, codes: Tensor) -> Tensor:
        """Look up and add."""
        stride = len(self.rows)
        indices = codes.reshape(-1, stride) + self.rows
        values = F.embedding_bag(indices, self.table, mode="sum")
        values = values.view(len(codes), -1, values.shape[1])
        return values.relu_() if self.relu else values


def for_inference(network: Network) -> Network:
    """A copy of a network that predicts the same but for float32 rounding, faster.

    Parameters
    ----------
    network
        Markers that are not asked for should have been dropped before. A user's own is left as
        it is.
    """
    fast = copy.deepcopy(network).eval()
    for layer in fast.modules():
        if isinstance(layer, nn.LSTM):
            layer.flatten_parameters()  # which a copy's are not: cuDNN would do so at every call
    if fast.hidden_is_logits:
        return fast.requires_grad_(False)
    trunk = fast.get_submodule("trunk")
    assert isinstance(trunk, nn.Sequential)
    with torch.no_grad():
        groups = list(_groups(trunk))
        if isinstance(fast, PaperNetwork):
            first, norm, relu = groups[0]
            if isinstance(first, Convolution) and first.stride[0] > 1:
                folded = _folded(first, norm, 0)
                embedded = EmbeddedConvolution(fast.embedding, *folded, relu)
                fast.register_module("embedding", embedded)
                del groups[0]
        trunk_layers = [part for group in groups for part in _fused(*group)]
        fast.register_module("trunk", nn.Sequential(*trunk_layers))
        head = [part for group in _groups(fast.head) for part in _fused(*group)]
        follows_relu = any(getattr(part, "relu", False) for part in head[-2:-1])
        if follows_relu and fast.outputs >= _MANY_MARKERS:
            head[-1] = OutputLinear(fast.output.weight, fast.output.bias)
        fast.head = nn.Sequential(*head)
    return fast.requires_grad_(False)


def _groups(layers: nn.Sequential) -> Iterator[tuple[nn.Module, BatchNorm | None, bool]]:
    """Each layer with the norm that follows it, if any, and whether a ReLU does."""
    left = [layer for layer in layers if not isinstance(layer, nn.Dropout)]
    while left:
        layer = left.pop(0)
        norm = left.pop(0) if left and isinstance(left[0], BatchNorm) else None
        relu = bool(left) and isinstance(left[0], nn.ReLU)
        del left[:relu]
        yield layer, norm, relu  # type: ignore[misc]


def _fused(layer: nn.Module, norm: BatchNorm | None, relu: bool) -> Iterator[nn.Module]:
    """What does the work of a layer, its norm and its ReLU."""
    if isinstance(layer, Upsampling):
        yield FusedUpsampling(*_folded(layer, norm, 1), relu)
        return
    if isinstance(layer, nn.Linear):
        yield FusedLinear(layer.weight, layer.bias, relu)
        return
    if isinstance(layer, Residual):
        layer = Residual(*(part for group in _groups(layer) for part in _fused(*group)))
    elif isinstance(layer, nn.Conv1d):
        layer = copy.deepcopy(layer)  # the blocks of id-cnn share theirs, but not the norms
        weight, bias = _folded(layer, norm, 0)
        layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    yield layer
    if relu:
        yield nn.ReLU(inplace=True)


def _folded(
    layer: nn.Conv1d | nn.ConvTranspose1d, norm: BatchNorm | None, dimension: int
) -> tuple[Tensor, Tensor]:
    """Weight and bias of a layer and its norm together; `dimension` of the weight is the output."""
    assert layer.bias is not None
    if norm is None:
        return layer.weight, layer.bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    # In float64, so that nothing is lost but by the last rounding.
    scale = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    shape = [1, 1, 1]
    shape[dimension] = -1
    weight = layer.weight.double() * scale.view(shape)
    bias = (layer.bias.double() - norm.running_mean.double()) * scale + norm.bias.double()
    return weight.to(layer.weight.dtype), bias.to(layer.weight.dtype)
