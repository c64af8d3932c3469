"""A network of one's own: all that regtrack needs is a torch.nn.Module such as this one."""

from torch import nn


class MyNet(nn.Module):
    """Motifs, and what lies around them: convolutions, the later ones wider and wider.

    `markers` comes first; what follows the star are settings, with their defaults.
    """

    reads = "ACGT"  # one-hot (batch, 4, length), in this order; an N is 0 in all four

    def __init__(
        self, markers: int, *, width: int = 32, depth: int = 4, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.motifs = nn.Conv1d(4, width, 15, padding="same")
        self.around = nn.ModuleList(
            nn.Conv1d(width, width, 3, dilation=4**number, padding="same")
            for number in range(1, depth + 1)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(depth))
        self.dropout = nn.Dropout(dropout)
        # A last layer of this name starts from how rare each marker's peaks are.
        self.output = nn.Conv1d(width, markers, 1)

    def forward(self, bases):
        """(batch, 4, length) -> logits (batch, markers, length)."""
        values = self.motifs(bases).relu()
        for layer, norm in zip(self.around, self.norms, strict=True):
            values = values + self.dropout(layer(norm(values).relu()))
        return self.output(values.relu())
