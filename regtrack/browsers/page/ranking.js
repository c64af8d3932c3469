"use strict";
// The list below the heatmap: which markers are predicted in view, by lift over their base rates,
// with what was measured there. heatmap.js finds them and their places; words and lines are made here.

const ranking = (() => {
  const parts = {}; // elements, by what they are
  const count = (number) => number.toLocaleString("en");
  const USEFUL = 2; // times the base rate: below it, docs/report.md says not to use a marker

  // `choice` has whether the list is open and whether it has all markers; `changed` is told when that
  // is another, and `add` shows the track of a row.
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
    const head = element("tr", {}, ...columns().map(([text, title]) => element("th", { scope: "col", title }, text)));
    const details = element("details", { id: "heatmap-list", open: choice.list },
      parts.summary,
      element("p", { className: "row" }, element("label", {}, all, " also those below their threshold"), parts.agree),
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
    const whose = [...new Set(site.markers.map((marker) => whoseBaseRate(marker)).filter(Boolean))].join(", or ");
    return [
      ["marker", ""],
      ["highest", `the highest ${valueWord()} in this region`],
      ["lift", `log2 of ${valueWord()} / ${baseWord()}, and how many times that is; the ${baseWord()} is ${whose}`],
      ["threshold", "from which peaks are called"],
      ...(site.scored ? [["AP", "average precision (PR AUC) of the report: how good the network is at this marker"]] : []),
      ["measured peak", "there: where its value is highest; else how far the nearest one in view is from there"],
      ["where", ""],
    ];
  }

  // `peaks` has, of each marker: row, place, value, lift, isCalled, and how many columns of `wide` bases
  // the nearest measured peak is away.
  function fill(peaks, wide) {
    const called = peaks.filter((peak) => peak.isCalled);
    parts.summary.textContent = peaks.some((peak) => peak.isKnown)
      ? `Predicted here: ${called.length} of ${peaks.length} markers reach their threshold`
      : "Nothing was predicted here";
    parts.agree.textContent = agreement([["", called]]);
    parts.summary.title = parts.caution.textContent = caution(called);
    const shown = peaks
      .filter((peak) => peak.value !== null && (parts.choice.all || peak.isCalled))
      .sort((a, b) => b.lift - a.lift || b.value - a.value || a.number - b.number);
    const held = document.activeElement;
    parts.table.replaceChildren(...shown.map((peak) => entry(peak, wide)));
    if (held?.closest?.("#heatmap tbody")) held.focus({ preventScroll: true });
    parts.empty.hidden = shown.length > 0;
  }

  // Of those that reach their threshold, how many were measured where they are highest, by category;
  // `called` has, of each run, what it is called where there are several, and its markers.
  function agreement(called) {
    const known = called.map(([label, ones]) => [label, ones.filter((peak) => peak.away !== null)]).filter(([, ones]) => ones.length);
    if (!known.length) return "";
    if (known.some(([, ones]) => ones.some((peak) => Number.isNaN(peak.away)))) return "reading measured peaks ...";
    const each = known.map(([label, ones]) => `${label && `${label}: `}${shares(ones)}`);
    return `with a measured peak there: ${each.join("; ")}`;
  }

  // That many that reach their threshold say little, and what the report knows of them.
  function caution(called) {
    if (!called.length) return "";
    const scored = called.filter(({ row: { marker } }) => marker.score !== null && marker.baseRate);
    const poor = scored.filter(({ row: { marker } }) => marker.score < USEFUL * marker.baseRate).length;
    const report = scored.length
      ? `in the report, the average precision of ${poor} of these ${scored.length} is less than twice what chance has`
      : "score the network first, regtrack eval: some markers may be not clearly better than chance";
    return `One base at the threshold is enough here, and is no peak yet; ${report}.`;
  }

  function shares(known) {
    const share = (ones) => `${ones.filter((peak) => peak.away === 0).length} of ${ones.length}`;
    return Object.keys(site.categories)
      .map((name) => [name, known.filter((peak) => peak.row.marker.category === name)])
      .filter(([, ones]) => ones.length)
      .map(([name, ones]) => `${name} ${share(ones)}`)
      .join(", ");
  }

  function entry({ row, place: at, value, lift, isCalled, away }, wide) {
    const { marker } = row;
    row.line ??= lineOf(row);
    row.place = at;
    row.line.classList.toggle("low", !isCalled);
    const [name, highestValue, raised, threshold, ...others] = row.line.children;
    const [measured, where] = others.slice(-2);
    name.lastChild.title = isHeld(marker) ? `show ${marker.name}` : "its track is not in this page";
    highestValue.textContent = value.toPrecision(2);
    raised.textContent = marker.baseRate === null ? "" : `${lift.toFixed(1)} (${times(lift)})`;
    raised.title = marker.baseRate === null ? `no ${baseWord()} is known` : `${timesBase(marker, lift)}, ${whoseBaseRate(marker)}`;
    threshold.textContent = marker.threshold.toPrecision(2);
    if (site.scored) others[0].textContent = marker.score === null ? "" : marker.score.toFixed(3);
    measured.textContent = awayWord(away, wide);
    measured.title = away > 0 && away < Infinity && wide > 1 ? `to within ${bases(wide)}` : "";
    where.firstChild.textContent = `${at.chrom}:${count(at.start + 1)}`;
    return row.line;
  }

  function awayWord(away, wide) {
    if (away === null) return anyMeasured() ? "not measured" : "no peaks given";
    if (Number.isNaN(away)) return "...";
    if (away === 0) return "yes, there";
    return away === Infinity ? "none in view" : `${wide > 1 ? "~" : ""}${bases(away * wide)} away`;
  }

  function lineOf(row) {
    const { marker } = row;
    const name = element(isHeld(marker) ? "button" : "span", {}, marker.name);
    if (isHeld(marker)) {
      name.type = "button";
      name.addEventListener("click", () => parts.add(row));
    }
    const go = element("button", { type: "button", title: "go to its highest place" });
    go.addEventListener("click", () => inTurn(() => jump(around(row.place))));
    const swatch = swatchOf(marker.category, marker.category);
    const cells = Array.from({ length: site.scored ? 5 : 4 }, () => element("td"));
    return element("tr", {}, element("th", { scope: "row" }, swatch, name), ...cells, element("td", {}, go));
  }

  // Says of each line whether the track of its marker is shown.
  function mark(rows) {
    for (const { line, marker } of rows) {
      if (!line || !isHeld(marker)) continue;
      line.classList.toggle("shown", Boolean(marker.loaded));
      line.querySelector("th button").setAttribute("aria-pressed", String(Boolean(marker.loaded)));
    }
  }

  return { build, fill, mark, agreement, caution, away: awayWord };
})();

// Whether the page has the track of a marker: one file has those of some only.
const isHeld = (marker) => Boolean(marker.signal);

// A place with some bases on each side.
function around({ chrom, start, end }) {
  const flank = Math.max(site.flank, end - start);
  return `${chrom}:${Math.max(1, start + 1 - flank)}-${end + flank}`;
}

const times = (lift) => `${short(2 ** lift)}×`;
const timesBase = (marker, lift) => `${times(lift)} the ${baseWord()} of ${short(marker.baseRate)}`;
