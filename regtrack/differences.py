"""In which settings two runs differ, in words for whoever mixed them up."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# Of a setting that is shown; a checksum says nothing.
_LONGEST = 32


def differing(
    written: Mapping[str, object], wanted: Mapping[str, object], may_differ: Collection[str] = ()
) -> list[str]:
    """Names of what two runs differ in, and may not."""
    return [
        name
        for name in {**wanted, **written}
        if name not in may_differ and written.get(name) != wanted.get(name)
    ]


def another(
    written: Mapping[str, object], wanted: Mapping[str, object], may_differ: Collection[str] = ()
) -> str:
    """`another max_error (0.003, now 0.01), markers (3, now 4)`; empty where nothing differs.

    `other markers (3, now 4)`, where the first has a plural.
    """
    names = differing(written, wanted, may_differ)
    if not names:
        return ""
    many = names[0].endswith("s") and not names[0].endswith("ss")
    each = (f"{name}{_change(written.get(name), wanted.get(name))}" for name in names)
    return f"{'other' if many else 'another'} {', '.join(each)}"


def _change(before: object, now: object) -> str:
    """` (0.003, now 0.01)`; of lists, how long they are; nothing of what tells people nothing."""
    if isinstance(before, list) and isinstance(now, list):
        return f" ({len(before):,}, now {len(now):,})" if len(before) != len(now) else ""
    texts = ["none" if value is None else str(value) for value in (before, now)]
    if any(isinstance(value, list) for value in (before, now)) or max(map(len, texts)) >= _LONGEST:
        return ""
    return f" ({texts[0]}, now {texts[1]})"
