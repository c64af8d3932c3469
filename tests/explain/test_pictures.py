"""The pictures of explanations: every line can be seen, every name is shown as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from explain_helpers import Explainable
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from pictures import ODD_NAMES, words_of

from regtrack.explain import context_files, stretch_files
from regtrack.explain.context_files import plot_contexts
from regtrack.explain.contexts import MarkerContext
from regtrack.explain.explained_models import ExplainedModel
from regtrack.explain.positives import MEASURED
from regtrack.explain.stretch import Explanation
from regtrack.explain.stretch_files import plot_explanations
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.markers import CATEGORIES

REGION = Interval("chr1", 20_000, 24_000)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures, instead of files."""
    figures: list[Figure] = []
    for module in (context_files, stretch_files):
        monkeypatch.setattr(module, "save_figure", lambda figure, _: figures.append(figure))
    return figures


def named(tiny: Explainable, name: str) -> ExplainedModel:
    return replace(tiny.model(), name=name, path=Path(f"{name}.safetensors"))


def an_explanation(
    tiny: Explainable, name: str, category: str = "TFBS", threshold: float | None = None
) -> Explanation:
    """A peak of the norm in the middle, where the probability is high, too."""
    bases = np.arange(4_000, dtype=np.float32)
    height = np.exp(-(((bases - 2_000) / 300) ** 2)).astype(np.float32)
    positives = IntervalSet.of([21_900], [22_100])
    marker = replace(tiny.markers[0], name=f"marker {name}", category=category)
    return Explanation(
        named(tiny, name), marker, REGION, positives, threshold, 20_000, height, 0.8 * height, ()
    )


def luminance(colour: object) -> float:
    """Relative luminance by WCAG 2."""
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(colour)
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_probability_stands_out_from_the_filling(
    tiny_one: Explainable, drawn: list[Figure], category: str
) -> None:
    plot_explanations([an_explanation(tiny_one, "x", category)], Path("x.png"))
    _, panel = drawn[0].axes
    line = next(one for one in panel.lines if one.get_label() == "predicted probability")
    (casing,) = line.get_path_effects()
    levels = [luminance(line.get_color())]
    levels += [luminance(one.get_facecolor()[0]) for one in panel.collections]
    levels += [luminance(casing._gc["foreground"])]
    dark, light = min(levels), max(levels)
    # The line is the darkest of all and lies on the lightest: 3 is what WCAG asks of graphics.
    assert (levels[0], levels[-1]) == (dark, light)
    assert (light + 0.05) / (dark + 0.05) > 3


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("threshold", [None, 0.25])
def test_names_on_a_stretch_are_shown_as_they_are(
    tiny_one: Explainable, drawn: list[Figure], name: str, threshold: float | None
) -> None:
    plot_explanations([an_explanation(tiny_one, name, threshold=threshold)], Path("x.png"))
    words = words_of(drawn[0])
    assert f">marker {name}   chr1:20,001-24,000<" in words
    assert f">{name}.safetensors, dilated: 50 / 90 / 99% of the norm within " in words
    assert (f">{name} ≥ 0.25<" in words) == (threshold is not None)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_of_networks_are_shown_as_they_are(
    tiny_one: Explainable, drawn: list[Figure], name: str
) -> None:
    profile = np.full(1_000, 1e-3)
    found = [
        MarkerContext(named(tiny_one, one), tiny_one.markers[0], MEASURED, 3, profile)
        for one in (name, "other")
    ]
    plot_contexts(found, Path("x.png"))
    # On the axis and in the legend.
    assert words_of(drawn[0]).count(f">{name}<") == 2
