"use strict";
// The list below the heatmap where there are several runs: a line for each marker, with what every
// run predicts of it in view. It takes the place of ranking.js, which has the words and the same parts.

const comparison = (() => {
  const parts = {}; // elements, by what they are
  const lines = new Map(); // name of a marker -> its line
  const RANKS = { lift: "highest lift", difference: "difference of runs" };
  const count = (number) => number.toLocaleString("en");

  function build(choice, changed, add) {
    parts.choice = choice;
    parts.add = add;
    parts.summary = element("summary");
    parts.table = element("tbody");
    parts.agree = element("p", { className: "quiet", id: "heatmap-agree" });
    parts.caution = element("p", { className: "quiet", id: "heatmap-caution" });
    parts.empty = element("p", { className: "quiet" }, "No marker reaches its threshold in this region.");
    const all = element("input", { type: "checkbox", checked: choice.all });
    all.addEventListener("change", () => {
      choice.all = all.checked;
      changed();
    });
    const by = element("select", { id: "heatmap-by" }, ...Object.entries(RANKS).map(([value, text]) => element("option", { value, selected: value === choice.by }, text)));
    by.addEventListener("change", () => {
      choice.by = by.value;
      changed();
    });
    const head = element("tr", {}, ...columns().map(([text, title]) => element("th", { scope: "col", title }, text)));
    const details = element("details", { id: "heatmap-list", open: choice.list },
      parts.summary,
      element("p", { className: "row", id: "heatmap-ranks" }, element("label", {}, "by ", by), element("label", {}, all, " also those below their threshold"), parts.agree),
      parts.caution,
      parts.empty,
      element("div", { className: "scroll" }, element("table", {}, element("thead", {}, head), parts.table)));
    details.addEventListener("toggle", () => {
      choice.list = details.open;
      changed();
    });
    return details;
  }

  function columns() {
    return [
      ["marker", ""],
      ...Object.values(site.runs).map(({ label, network }) => [label, `${network}: log2 of ${valueWord()} / ${baseWord()}, and how many times that is; in grey below its threshold`]),
      ["difference", "of the highest and the lowest log2; what is below the base rate counts as 0"],
      ["measured peak", "where the highest value of all runs is; else how far the nearest one in view is from there"],
      ["where", "the highest value of all runs"],
    ];
  }

  // As ranking.fill: `peaks` has one of each marker and run.
  function fill(peaks, wide) {
    const byName = Map.groupBy ? Map.groupBy(peaks, (peak) => peak.row.marker.name) : grouped(peaks);
    const ofRun = (place) => peaks.filter((peak) => String(peak.row.marker.run) === place);
    const called = Object.keys(site.runs).map((place) => ofRun(place).filter((peak) => peak.isCalled));
    const labels = Object.values(site.runs).map(({ label }) => label);
    parts.summary.textContent = peaks.some((peak) => peak.isKnown)
      ? `Predicted here, of ${byName.size} markers reach their threshold: ${labels.map((label, at) => `${label} ${called[at].length}`).join(", ")}`
      : "Nothing was predicted here";
    parts.agree.textContent = ranking.agreement(labels.map((label, at) => [label, called[at]]));
    parts.summary.title = parts.caution.textContent = ranking.caution(called.flat());
    const shown = [...byName.values()].map(summed)
      .filter(({ best, alike }) => best.value !== null && (parts.choice.all || alike.some((peak) => peak.isCalled)))
      .sort((a, b) => (parts.choice.by === "difference" ? b.difference - a.difference : 0) || b.best.lift - a.best.lift || b.best.value - a.best.value || a.best.number - b.best.number);
    const held = document.activeElement;
    parts.table.replaceChildren(...shown.map((marker) => entry(marker, wide)));
    if (held?.closest?.("#heatmap tbody")) held.focus({ preventScroll: true });
    parts.empty.hidden = shown.length > 0;
  }

  function grouped(peaks) {
    const found = new Map();
    for (const peak of peaks) found.set(peak.row.marker.name, [...(found.get(peak.row.marker.name) ?? []), peak]);
    return found;
  }

  // A marker in all its runs; a difference is between two of them at least.
  function summed(alike) {
    const best = alike.reduce((one, other) => (other.value !== null && (one.value === null || other.lift > one.lift) ? other : one));
    const lifts = alike.filter((peak) => peak.isKnown).map((peak) => Math.max(0, peak.lift));
    return { alike, best, difference: lifts.length > 1 ? Math.max(...lifts) - Math.min(...lifts) : -1 };
  }

  function entry({ alike, best, difference }, wide) {
    const { name, category } = best.row.marker;
    if (!lines.has(name)) lines.set(name, lineOf(name, category, alike));
    const line = lines.get(name);
    const runs = Object.keys(site.runs);
    line.at = best.place;
    for (const [at, place] of runs.entries()) tell(line.children[1 + at], alike.find((peak) => String(peak.row.marker.run) === place));
    const [differs, measured, where] = [...line.children].slice(1 + runs.length);
    differs.textContent = difference < 0 ? "" : difference.toFixed(1);
    measured.textContent = ranking.away(best.away, wide);
    measured.title = best.away > 0 && best.away < Infinity && wide > 1 ? `to within ${bases(wide)}` : "";
    where.firstChild.textContent = `${best.place.chrom}:${count(best.place.start + 1)}`;
    return line;
  }

  function tell(cell, peak) {
    cell.classList.toggle("low", !peak?.isCalled);
    cell.title = "";
    if (!peak) {
      cell.textContent = "–";
      cell.title = "not in this run, or without peaks there";
    }
    else if (!peak.isKnown) cell.textContent = "not predicted";
    else if (peak.value === null) cell.textContent = `below ${floorOf(peak.row.marker)}`;
    else {
      const { marker } = peak.row;
      const raised = peak.value ? `${peak.lift.toFixed(1)} (${times(peak.lift)})` : "0×";
      cell.textContent = marker.baseRate === null ? peak.value.toPrecision(2) : raised;
      cell.title = [
        `${valueWord()} ${peak.value.toPrecision(2)} at ${peak.place.chrom}:${count(peak.place.start + 1)}`,
        `threshold ${marker.threshold.toPrecision(2)}`,
        ...(marker.baseRate === null ? [] : [`${baseWord()} ${short(marker.baseRate)}, ${whoseBaseRate(marker)}`]),
        ...(marker.score === null ? [] : [`AP ${marker.score.toFixed(3)}`]),
      ].join("\n");
    }
  }

  function lineOf(name, category, alike) {
    const held = alike.map((peak) => peak.row).filter((row) => isHeld(row.marker));
    const button = element(held.length ? "button" : "span", {}, name);
    button.title = held.length ? `show ${name} of all runs` : "its tracks are not in this page";
    if (held.length) {
      button.type = "button";
      button.addEventListener("click", () => held.forEach(parts.add));
    }
    const go = element("button", { type: "button", title: "go to its highest place" });
    const line = element("tr", {},
      element("th", { scope: "row" }, swatchOf(category, category), button),
      ...Array.from({ length: Object.keys(site.runs).length + 2 }, () => element("td")),
      element("td", {}, go));
    go.addEventListener("click", () => inTurn(() => jump(around(line.at))));
    return line;
  }

  // Says of each line whether tracks of its marker are shown.
  function mark(rows) {
    const shown = new Set(rows.filter((row) => row.marker.loaded).map((row) => row.marker.name));
    for (const [name, line] of lines) {
      line.classList.toggle("shown", shown.has(name));
      line.querySelector("th button")?.setAttribute("aria-pressed", String(shown.has(name)));
    }
  }

  return { build, fill, mark };
})();
