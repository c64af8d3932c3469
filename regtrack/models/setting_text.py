"""Settings as they are typed, `width=64`. Loads nothing heavy: options are read with it."""

from __future__ import annotations

from typing import Any


def typed_setting(text: str) -> tuple[str, Any]:
    """A name, and a number, true or false, or text; `-` in a name counts as `_`.

    Raises
    ------
    ValueError
        When it is not `NAME=VALUE`.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"expected NAME=VALUE, got {text!r}")
    return name.strip().replace("-", "_"), _plain(value.strip())


def _plain(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
