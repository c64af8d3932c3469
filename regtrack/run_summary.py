"""What a command's work came to: a text for people, and the same for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regtrack.paths import as_text


@dataclass(frozen=True)
class LeftOut:
    """What was left out for one reason.

    Parameters
    ----------
    what
        Of what kind: `bases`, `markers`, `windows`.
    why
        The reason.
    number
        How many.
    names
        Which, where they have names.
    """

    what: str
    why: str
    number: int
    names: tuple[str, ...] = ()

    @classmethod
    def named(cls, what: str, why: str, names: Sequence[str]) -> LeftOut:
        """What has names."""
        return cls(what, why, len(names), tuple(names))


@dataclass(frozen=True)
class RunSummary:
    """What a command's work came to.

    Parameters
    ----------
    text
        For people, in some lines.
    written
        Files, and folders that are wholly the command's.
    following
        Commands that come next, a line each; nobody needs them who wants it quiet.
    more
        What only some commands have, for programs alone, by the name of its key.
    counts
        Numbers of things by what they are; some by split.
    scores
        By category, or by network; NaN where one is not defined.
    facts
        What something is, as texts, by their names; of commands that describe.
    left_out
        What was asked for, or could have been, and is in none of it; reasons without anything
        are passed over.
    """

    text: str
    written: Sequence[Path] = ()
    counts: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    left_out: Sequence[LeftOut] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    following: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a document has it: null for what is not defined."""
        return {
            **({"facts": dict(self.facts)} if self.facts else {}),
            "written": [as_text(path) for path in self.written],
            "counts": dict(self.counts),
            "scores": _defined(self.scores),
            "left_out": [
                {
                    "what": left.what,
                    "why": left.why,
                    "number": left.number,
                    **({"names": list(left.names)} if left.names else {}),
                }
                for left in self.left_out
                if left.number
            ],
            **self.more,
        }


def _defined(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _defined(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
