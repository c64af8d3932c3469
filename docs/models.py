"""Write `regtrack/models/networks.txt`, which `regtrack models` shows.

Only the networks themselves know their parameters and their context, and they need torch, which
takes seconds to load. A test compares. Run `python docs/models.py` after a change of a network.
"""

from __future__ import annotations

from pathlib import Path

from regtrack.models.describe import models_table

TABLE = Path(__file__).resolve().parent.parent / "regtrack" / "models" / "networks.txt"

if __name__ == "__main__":
    TABLE.write_text(f"{models_table()}\n", encoding="utf-8")
