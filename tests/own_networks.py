"""Files with networks of a user's own, as tests write them."""

from __future__ import annotations

import textwrap
from pathlib import Path

from regtrack.models.catalog import find_architecture
from regtrack.models.network import Network

EXAMPLES = Path(__file__).parents[1] / "examples" / "own_network"

TINY = """
import torch
from torch import nn

class Tiny(nn.Module):
    reads = "ACGT"
    def __init__(self, markers: int, *, width: int = 6, share: float = 0.5, gate: bool = True,
                 kind: str = "relu"):
        super().__init__()
        self.motifs = nn.Conv1d(4, width, 7, padding="same")
        self.output = nn.Conv1d(width, markers, 1)
    def forward(self, bases):
        return self.output(self.motifs(bases).relu())
"""


def write_network(path: Path, text: str) -> Path:
    """A file of Python."""
    path.write_text(textwrap.dedent(text))
    return path


def own_network(path: Path, name: str, markers: int = 2, **settings: object) -> Network:
    """A network of a file, in evaluation mode."""
    return find_architecture("dense", f"{path}:{name}").build(markers, settings).eval()
