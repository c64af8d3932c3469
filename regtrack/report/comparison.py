"""Networks side by side on one dataset: what a comparison holds, and its rows and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regtrack.genome.markers import in_order
from regtrack.scoring.metrics import CategoryMeans
from regtrack.text_columns import aligned

RANDOM = "random"
# Of the rows, in this order.
_OF_NETWORK = (
    "network",
    "architecture",
    "parameters",
    "published_parameters",
    "steps",
    "best_step",
    "minutes",
    "category",
)
_OF_SPLIT = ("markers", "base_rate", "average_precision", "pr_auc_trapezoid", "auroc")
_PRINTED = ("average_precision", "pr_auc_trapezoid")


@dataclass(frozen=True)
class Compared:
    """One network of a comparison.

    Parameters
    ----------
    name
        As the tables call it.
    architecture
        Name of its kind.
    parameters
        Trainable ones, with the outputs of this dataset's markers.
    published_parameters, published
        The paper's count for 919 markers, or None, and its test PR AUC per category.
    steps, minutes
        What its training took; None where it came without its log.
    best_step
        The step that the checkpoint is of; None where it does not say.
    means
        Scores per split; categories without a scored marker have none.
    remarks
        What one must know to read its scores rightly.
    """

    name: str
    architecture: str
    parameters: int
    published_parameters: int | None
    published: Mapping[str, float]
    steps: int | None
    minutes: float | None
    best_step: int | None
    means: Mapping[str, Sequence[CategoryMeans]]
    remarks: tuple[str, ...] = ()

    def mean(self, split: str, category: str) -> CategoryMeans | None:
        """Scores of one category on one split."""
        return next((mean for mean in self.means[split] if mean.category == category), None)


@dataclass(frozen=True)
class Comparison:
    """Networks scored on the same bases of one dataset.

    Parameters
    ----------
    dataset, digest, task
        The dataset's name, what names its content, and its task.
    windows
        Windows or inputs of each scored split, in order; an empty split is left out.
    networks
        At least one, each scored on all of these splits.
    """

    dataset: str
    digest: str
    task: str
    windows: Mapping[str, int]
    networks: tuple[Compared, ...]

    @property
    def categories(self) -> list[str]:
        """Those that have a scored marker in any split."""
        means = self.networks[0].means
        return list(in_order(mean.category for split in self.windows for mean in means[split]))

    def base_rate(self, split: str, category: str) -> float | None:
        """What a random ranking reaches: mean over the scored markers of a category."""
        # The same for each network: all are scored on the same bases and markers.
        mean = self.networks[0].mean(split, category)
        return mean.base_rate if mean else None

    def rows(self) -> list[dict[str, Any]]:
        """A row per network and category, then one per category for a random ranking."""
        rows = [
            {
                **_of_network(network),
                "category": category,
                **{
                    f"{split}_{name}": getattr(network.mean(split, category), name, None)
                    for split in self.windows
                    for name in _OF_SPLIT
                },
                "published_pr_auc": network.published.get(category),
                "remarks": "; ".join(network.remarks),
            }
            for network in self.networks
            for category in self.categories
        ]
        return rows + [self._random(category) for category in self.categories]

    def columns(self) -> list[str]:
        """Keys of the rows, in order."""
        of_splits = [f"{split}_{name}" for split in self.windows for name in _OF_SPLIT]
        return [*_OF_NETWORK, *of_splits, "published_pr_auc", "remarks"]

    def _random(self, category: str) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(self.columns())
        row |= {"network": RANDOM, "category": category, "remarks": ""}
        for split in self.windows:
            rate = self.base_rate(split, category)
            row |= {f"{split}_{name}": rate for name in ("base_rate", *_PRINTED)}
            row[f"{split}_auroc"] = None if rate is None else 0.5
            mean = self.networks[0].mean(split, category)
            row[f"{split}_markers"] = mean.markers if mean else None
        return row


def _of_network(network: Compared) -> dict[str, Any]:
    """What a row says of a network, whatever the category."""
    names = ("architecture", "parameters", "published_parameters", "steps", "best_step", "minutes")
    return {"network": network.name, **{name: getattr(network, name) for name in names}}


@dataclass(frozen=True)
class Table:
    """A table for people, as text or as Markdown.

    Parameters
    ----------
    title
        One line above it.
    header
        Of each column, one or two words in two lines.
    rows
        As many cells as there are columns; the first one is a name.
    """

    title: str
    header: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]

    def text(self, width: int | None = None) -> str:
        """Aligned: names to the left, numbers to the right; `width` as `aligned` takes it."""
        titles = ["\n".join(filter(None, title)) for title in self.header]
        return "\n".join([self.title, *aligned(titles, self.rows, width=width)])

    def markdown(self) -> str:
        """As Markdown renders it."""
        header = [f"{upper} {lower}".strip() for upper, lower in self.header]
        rule = [":---", *["---:"] * (len(header) - 1)]
        lines = [f"| {' | '.join(line)} |" for line in (header, rule, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines])


def text_report(comparison: Comparison, width: int | None = None) -> str:
    """What `regtrack compare` prints, on a screen of a width; None for no screen."""
    parts = [table.text(width) for table in tables(comparison)]
    return "\n\n".join([*parts, "\n".join(notes(comparison))])


def markdown_report(comparison: Comparison) -> str:
    """The same for a page of documentation."""
    parts = [table.markdown() for table in tables(comparison)]
    return "\n\n".join([*parts, "\n".join(f"- {note}" for note in notes(comparison))]) + "\n"


def tables(comparison: Comparison) -> list[Table]:
    """One of the networks, then one of the scores per category."""
    numbers = _numbered(comparison)
    names = [
        " ".join([network.name, *(f"({numbers[remark]})" for remark in network.remarks)])
        for network in comparison.networks
    ]
    return [
        _networks_table(comparison, names),
        *(_scores_table(comparison, names, category) for category in comparison.categories),
    ]


def notes(comparison: Comparison) -> list[str]:
    """Notes below the tables, one line each."""
    lines = [f"({number}) {remark}" for remark, number in _numbered(comparison).items()]
    if comparison.categories:
        lines.append(f"{RANDOM}: the base rate, which is what chance reaches")
    else:
        lines.append("no scores: no marker has a peak in the scored windows")
    lines.append(
        "published: the paper's parameters and test PR AUC (by the trapezoid rule), for 919 "
        "markers, genome-wide, on its own split: not of the data scored here"
    )
    if "test" not in comparison.windows:
        lines.append(f"no test columns: the test split of {comparison.dataset} is empty")
    return lines


def _numbered(comparison: Comparison) -> dict[str, int]:
    """Each remark once, numbered from 1 in order of appearance."""
    remarks = dict.fromkeys(remark for network in comparison.networks for remark in network.remarks)
    return {remark: number for number, remark in enumerate(remarks, start=1)}


def _networks_table(comparison: Comparison, names: Sequence[str]) -> Table:
    sizes = ", ".join(f"{split} {count:,}" for split, count in comparison.windows.items())
    unit = "windows" if comparison.task == "dense" else "inputs"
    header = ("network", "architecture", "parameters", "published", "steps", "best step", "minutes")
    return Table(
        f"{comparison.dataset}: {comparison.task} task, {unit}: {sizes}",
        [("", word) for word in header],
        [
            [
                name,
                network.architecture,
                f"{network.parameters:,}",
                _number(network.published_parameters, ","),
                _number(network.steps, ","),
                _number(network.best_step, ","),
                _number(network.minutes, ".1f"),
            ]
            for name, network in zip(names, comparison.networks, strict=True)
        ],
    )


def _scores_table(comparison: Comparison, names: Sequence[str], category: str) -> Table:
    # A marker without a peak in a split is not scored there.
    markers = {
        split: mean.markers if (mean := comparison.networks[0].mean(split, category)) else 0
        for split in comparison.windows
    }
    counts = " and ".join(f"{count} ({split})" for split, count in markers.items())
    if len(set(markers.values())) == 1:
        counts = str(max(markers.values()))
    header = [("", "network")]
    header += [(split, name) for split in comparison.windows for name in _PRINTED]
    rows = [
        [
            name,
            *(
                _number(getattr(network.mean(split, category), column, None), ".4f")
                for split in comparison.windows
                for column in _PRINTED
            ),
            _number(network.published.get(category), ".3f"),
        ]
        for name, network in zip(names, comparison.networks, strict=True)
    ]
    rates = [
        _number(comparison.base_rate(split, category), ".4f")
        for split in comparison.windows
        for _ in _PRINTED
    ]
    return Table(
        f"{category}, mean of {counts} marker{'s' if counts != '1' else ''}",
        [*header, ("", "published")],
        [*rows, [RANDOM, *rates, "-"]],
    )


def _number(value: float | None, form: str) -> str:
    """A number for people, and a dash where there is none."""
    return "-" if value is None else format(value, form)
