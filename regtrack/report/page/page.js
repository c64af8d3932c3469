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
  const byId = new Map(rows.map((one) => [one.row.id, one]));

  const element = (name, text, ...children) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    made.append(...children);
    return made;
  };

  // Sorting: numbers from the greatest down and words from A on, then the reverse, then as they
  // came. What is not defined stays last.
  const compare = (one, other) =>
    typeof one === "number" ? one - other : words.compare(one, other);
  const sortBy = (column, way) => {
    const order = way === 0 ? rows : [...rows].sort((one, other) => {
      const [left, right] = [one.keys[column], other.keys[column]];
      if (left === null || right === null) return (left === null) - (right === null);
      return way * compare(left, right);
    });
    const all = document.createDocumentFragment();
    for (const one of order) {
      all.append(one.row);
      if (one.opened) all.append(one.opened);
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
    for (const one of rows) {
      const fits = categories.has(one.category) && wanted.every((word) => one.words.includes(word));
      one.row.hidden = !fits;
      if (one.opened) one.opened.hidden = !fits;
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
    const step = [0.2, 0.5, 1, 2].map((of) => of * unit).find((one) => most / one <= 5);
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
  const panelOf = (found) => {
    const panel = element("div");
    panel.className = "panel";
    const text = element("div");
    if (found.curve.length) {
      panel.append(plot(found.curve, found.baseRate, "bases"));
    }
    if (found.peakCurve.length > 1) {
      panel.append(plot(found.peakCurve, null, "peaks"));
    }
    for (const note of found.notes) text.append(element("p", note));
    if (found.thresholds.length) {
      text.append(small(["threshold", "", "precision", "recall", "F1"], found.thresholds));
    }
    if (found.peaks.length) {
      text.append(small(["peaks called from", "", "called", "precision", "recall", "F1",
        "median width", "of measured"], found.peaks));
    }
    if (found.chromosomes.length) {
      const box = element("div", "", small(
        ["chromosome", "bases", "in peaks", "base rate", "AP", "lift", "AUROC"],
        found.chromosomes));
      box.className = "chromosomes";
      text.append(box);
    }
    panel.append(text);
    return panel;
  };

  // Opening a row.
  const toggle = (one) => {
    if (one.opened) {
      one.opened.remove();
      one.opened = null;
    } else {
      const cell = element("td", "", panelOf(details[one.row.id]));
      cell.colSpan = heads.length;
      one.opened = element("tr", "", cell);
      one.opened.className = "opened";
      one.row.after(one.opened);
    }
    one.button.setAttribute("aria-expanded", String(one.opened !== null));
  };
  for (const one of rows) {
    const head = one.row.cells[0];
    one.button = element("button", head.textContent);
    one.button.type = "button";
    one.button.setAttribute("aria-expanded", "false");
    head.title = head.textContent;
    head.replaceChildren(one.button);
  }
  body.addEventListener("click", (event) => {
    const one = byId.get(event.target.closest("#markers > tbody > tr")?.id);
    // Who marks a number in order to copy it does not want the row to open.
    const marking = event.detail > 0 && String(getSelection()) !== "";
    if (one && !marking) toggle(one);
  });

  // A link to a row shows it, whatever is filtered, and opens it.
  const follow = () => {
    const one = byId.get(location.hash.slice(1));
    if (!one) return;
    if (one.row.hidden) {
      form.reset();
      filter();
    }
    if (!one.opened) toggle(one);
    one.row.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", follow);

  form.reset();
  form.hidden = false;
  document.documentElement.classList.add("live");
  filter();
  follow();
})();
