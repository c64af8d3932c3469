"""A file like DeepSEA's published weights: its names and shapes, and weights of chance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

SHAPES = {
    "0.weight": (320, 4, 1, 8),
    "0.bias": (320,),
    "4.weight": (480, 320, 1, 8),
    "4.bias": (480,),
    "8.weight": (960, 480, 1, 8),
    "8.bias": (960,),
    "12.1.weight": (925, 50_880),
    "12.1.bias": (925,),
    "14.1.weight": (919, 925),
    "14.1.bias": (919,),
}


def chance_weights() -> dict[str, Tensor]:
    """Weights of such a size that activations neither vanish nor grow from layer to layer."""
    random = torch.Generator().manual_seed(1)
    found = {}
    for name, shape in SHAPES.items():
        inputs = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        size = 0.1 if name.endswith("bias") else (2 / inputs) ** 0.5
        # Half precision: half the bytes to send about.
        found[name] = (torch.randn(shape, generator=random) * size).half()
    return found


def save_weights(path: Path, weights: Mapping[str, Tensor], prefix: str = "2.") -> Path:
    """As torch saves them; in Kipoi's file a number stands before each name."""
    torch.save({f"{prefix}{name}": part for name, part in weights.items()}, path)
    return path


@torch.no_grad()
def published_probabilities(weights: Mapping[str, Tensor], bases: str) -> np.ndarray:
    """What the published network says of 1,000 bases: float64 (919,), the mean of both strands.

    Written after the published description alone: channels A, G, C, T, an N is a quarter of each,
    2-d convolutions of height 1, what is not above 0 becomes 1e-6.
    """
    quarter, columns = np.full(4, 0.25), dict(zip("AGCT", np.eye(4), strict=True))
    forward = torch.tensor(np.array([columns.get(base, quarter) for base in bases]).T)
    strands = torch.stack([forward, forward.flip(0, 1)])[:, :, None]  # reversed, AGCT is TCGA
    exact = {name: part.double() for name, part in weights.items()}

    def cut(values: Tensor) -> Tensor:
        return F.threshold(values, 0.0, 1e-6)

    values = cut(F.conv2d(strands, exact["0.weight"], exact["0.bias"]))
    values = F.max_pool2d(values, (1, 4))
    values = F.max_pool2d(cut(F.conv2d(values, exact["4.weight"], exact["4.bias"])), (1, 4))
    values = cut(F.conv2d(values, exact["8.weight"], exact["8.bias"])).flatten(1)
    values = cut(F.linear(values, exact["12.1.weight"], exact["12.1.bias"]))
    logits = F.linear(values, exact["14.1.weight"], exact["14.1.bias"])
    return logits.sigmoid().mean(0).numpy()
