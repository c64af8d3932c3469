"""Tables for pandas, which need not be installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regtrack.errors import RegtrackError

if TYPE_CHECKING:
    import pandas as pd


def frame(columns: Mapping[str, Any], **more: Any) -> pd.DataFrame:
    """A DataFrame of some columns, by name.

    Raises
    ------
    RegtrackError
        Where pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise RegtrackError(
            "to_frame needs pandas, which is not installed: pip install 'regtrack[notebook]'"
        ) from None
    return pd.DataFrame(columns, **more)


def frame_of_rows(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A DataFrame of rows that all have the same columns; one at least."""
    return frame({name: [row[name] for row in rows] for name in rows[0]})
