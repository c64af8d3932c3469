"""In which settings two runs differ, in words."""

from __future__ import annotations

import pytest

from regtrack.differences import another, differing


@pytest.mark.parametrize(
    ("written", "wanted", "said"),
    [
        ({"step": 3}, {"step": 3}, ""),
        ({"step": None}, {"step": 96}, "another step (none, now 96)"),
        ({"markers": [1, 2, 3]}, {"markers": [1]}, "other markers (3, now 1)"),
        ({"chromosomes": [1]}, {"chromosomes": [2]}, "other chromosomes"),
        ({"loss": "mean"}, {"loss": "sum"}, "another loss (mean, now sum)"),
        ({"model": "a" * 64}, {"model": "b" * 64}, "another model"),
        ({"model": "a", "markers": [1]}, {"model": "b", "markers": []}, "another model (a, now b), "
         "markers (1, now 0)"),
        ({}, {"peaks": "new"}, "other peaks (none, now new)"),
    ],
)  # fmt: skip
def test_what_differs_is_named_with_both_values_where_people_can_read_them(
    written: dict[str, object], wanted: dict[str, object], said: str
) -> None:
    assert another(written, wanted) == said


def test_what_may_differ_is_passed_over() -> None:
    written, wanted = {"device": "cpu", "step": 1}, {"device": "cuda", "step": 2}
    assert differing(written, wanted, {"device"}) == ["step"]
    assert another(written, wanted, {"device", "step"}) == ""
