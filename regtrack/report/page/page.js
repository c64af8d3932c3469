"use strict";
(() => {
  const table = document.getElementById("markers");
  const form = document.getElementById("filter");
  const body = table.tBodies[0];
  const details = JSON.parse(document.getElementById("details").textContent);
  const heads = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator("en", { numeric: true });

  /** Text or, where a cell has a number, that number; null where it is not defined. */
  const keyOf = (cell) => {
    const value = cell.dataset.v;
    if (value === undefined) return cell.textContent;
    return value === "" ? null : Number(value);
  };
  const rows = [...body.rows].map((row) => ({
    row,
    keys: [...row.cells].map(keyOf),
    words: row.dataset.words,
    category: row.dataset.category,
    button: null,
    opened: null,
  }));
  const byId = new Map(rows.map((entry) => [entry.row.id, entry]));

  const element = (name, text, ...children) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    made.append(...children);
    return made;
  };

  // Sorting: numbers from the greatest down and words from A on, then the reverse, then as they
  // came. What is not defined stays last.
  const compare = (left, right) =>
    typeof left === "number" ? left - right : words.compare(left, right);
  const sortBy = (column, way) => {
    const order = way === 0 ? rows : [...rows].sort((entry, other) => {
      const [left, right] = [entry.keys[column], other.keys[column]];
      if (left === null || right === null) return (left === null) - (right === null);
      return way * compare(left, right);
    });
    const all = document.createDocumentFragment();
    for (const entry of order) {
      all.append(entry.row);
      if (entry.opened) all.append(entry.opened);
    }
    body.append(all);
    for (const head of heads) head.removeAttribute("aria-sort");
    if (way) heads[column].setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
  };
  let sorted = { column: -1, way: 0 };
  heads.forEach((head, column) => {
    const button = element("button", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    const first = head.classList.contains("number") ? -1 : 1;
    button.addEventListener("click", () => {
      const again = sorted.column === column;
      const way = !again || sorted.way === 0 ? first : sorted.way === first ? -first : 0;
      sorted = { column, way };
      sortBy(column, way);
    });
    // Browsers repeat a header on each printed page only when there is no button in it.
    addEventListener("beforeprint", () => head.replaceChildren(button.textContent));
    addEventListener("afterprint", () => head.replaceChildren(button));
  });

  // Filtering.
  const search = form.querySelector("input[type=search]");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const count = form.querySelector("output");
  const filter = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const categories = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const entry of rows) {
      const fits = categories.has(entry.category) && wanted.every((word) => entry.words.includes(word));
      entry.row.hidden = !fits;
      if (entry.opened) entry.opened.hidden = !fits;
      shown += fits;
    }
    count.textContent = `showing ${shown} of ${rows.length}`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());

  // One marker's own curve.
  const SVG = "http://www.w3.org/2000/svg";
  const drawn = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const short = (value) => String(Number(value.toPrecision(2)));
  const plot = (points, level, what) => {
    const [width, height, left, bottom, top] = [360, 230, 60, 34, 10];
    const most = Math.max(level ?? 0, ...points.map(([, precision]) => precision)) || 1;
    const unit = 10 ** Math.floor(Math.log10(most));
    const step = [0.2, 0.5, 1, 2].map((of) => of * unit).find((size) => most / size <= 5);
    const limit = Math.min(Math.ceil(most / step) * step, 1);
    const across = (recall) => (left + recall * (width - left - 12)).toFixed(1);
    const up = (precision) =>
      (height - bottom - (precision / limit) * (height - bottom - top)).toFixed(1);
    const svg = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `Precision against recall of ${what}` });
    svg.append(drawn("path", { class: "axis", d: `M${left} ${top}V${up(0)}H${across(1)}` }));
    for (let value = 0; value <= limit * 1.001; value += step) {
      const place = { x: left - 6, y: Number(up(value)) + 4, "text-anchor": "end" };
      svg.append(drawn("text", place, short(value)));
    }
    for (const value of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
      const place = { x: across(value), y: height - bottom + 15, "text-anchor": "middle" };
      svg.append(drawn("text", place, short(value)));
    }
    svg.append(
      drawn("text", { x: across(0.5), y: height - 4, "text-anchor": "middle" }, `recall of ${what}`),
      drawn("text", { x: 11, y: (height - bottom) / 2, "text-anchor": "middle",
        transform: `rotate(-90 11 ${(height - bottom) / 2})` }, "precision"),
      drawn("path", { class: "line",
        d: `M${points.map((point) => `${across(point[0])} ${up(point[1])}`).join("L")}` }),
    );
    if (level !== null) {
      svg.append(drawn("path", { class: "level", d: `M${left} ${up(level)}H${across(1)}` }));
    }
    return svg;
  };

  const small = (titles, lines) => {
    const line = (name, texts) => element("tr", "", ...texts.map((text) => element(name, text)));
    return element("table", "",
      element("thead", "", line("th", titles)),
      element("tbody", "", ...lines.map((texts) => line("td", texts))));
  };
  const panelOf = (ofMarker) => {
    const panel = element("div");
    panel.className = "panel";
    const text = element("div");
    if (ofMarker.curve.length) {
      panel.append(plot(ofMarker.curve, ofMarker.baseRate, "bases"));
    }
    if (ofMarker.peakCurve.length > 1) {
      panel.append(plot(ofMarker.peakCurve, null, "peaks"));
    }
    for (const note of ofMarker.notes) text.append(element("p", note));
    if (ofMarker.thresholds.length) {
      text.append(small(["threshold", "", "precision", "recall", "F1"], ofMarker.thresholds));
    }
    if (ofMarker.peaks.length) {
      text.append(small(["peaks called from", "", "called", "precision", "recall", "F1",
        "median width", "of measured"], ofMarker.peaks));
    }
    if (ofMarker.chromosomes.length) {
      const box = element("div", "", small(
        ["chromosome", "bases", "in peaks", "base rate", "AP", "lift", "AUROC"],
        ofMarker.chromosomes));
      box.className = "chromosomes";
      text.append(box);
    }
    panel.append(text);
    return panel;
  };

  // Opening a row.
  const toggle = (entry) => {
    if (entry.opened) {
      entry.opened.remove();
      entry.opened = null;
    } else {
      const cell = element("td", "", panelOf(details[entry.row.id]));
      cell.colSpan = heads.length;
      entry.opened = element("tr", "", cell);
      entry.opened.className = "opened";
      entry.row.after(entry.opened);
    }
    entry.button.setAttribute("aria-expanded", String(entry.opened !== null));
  };
  for (const entry of rows) {
    const head = entry.row.cells[0];
    entry.button = element("button", head.textContent);
    entry.button.type = "button";
    entry.button.setAttribute("aria-expanded", "false");
    head.title = head.textContent;
    head.replaceChildren(entry.button);
  }
  body.addEventListener("click", (event) => {
    const entry = byId.get(event.target.closest("#markers > tbody > tr")?.id);
    // Who marks a number in order to copy it does not want the row to open.
    const marking = event.detail > 0 && String(getSelection()) !== "";
    if (entry && !marking) toggle(entry);
  });

  // A link to a row shows it, whatever is filtered, and opens it.
  const follow = () => {
    const entry = byId.get(location.hash.slice(1));
    if (!entry) return;
    if (entry.row.hidden) {
      form.reset();
      filter();
    }
    if (!entry.opened) toggle(entry);
    entry.row.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", follow);

  form.reset();
  form.hidden = false;
  document.documentElement.classList.add("live");
  filter();
  follow();
})();
