"""What a network of the short task reads: a bin and the bases on both sides of it.

See the paper's comparison with DeepSEA: a bin has a label of 1 when more than half of it lies in
a peak.
"""

from __future__ import annotations

LENGTH = 1_000
BIN = 200
FLANK = (LENGTH - BIN) // 2
