"use strict";
// All markers at a glance: a heatmap of the region that igv.js shows, a row for each marker, and
// below it a list of those that are predicted there, which is ranking.js. A part of the page: page.js
// starts it, and has the markers and igv.js.

const heatmap = (() => {
  // What a cell says, as regtrack/browsers/heatmap.py has it.
  const [NOT_PREDICTED, ABSENT, LEAST, MOST] = [0, 1, 2, 65_535];
  const MOST_COLUMNS = 1_000;
  const TOP_LIFT = 6; // log2: 64 times the base rate has the full colour
  const STEPS = 255; // of a colour
  const UNKNOWN = 0xffd4d4d4; // of cells where nothing was predicted, as a pixel: alpha, blue, green, red
  const PAPER = 0xffffffff;
  const SHARE = 0.24; // of the window's height, unless it is resized
  const SETTLED = 120; // milliseconds without a move, after which the region is asked for
  const FEW = 10; // tracks that leave room for it: with more it is folded at first
  const REMEMBERED = "heatmap"; // what this browser keeps of the choices
  const ORDERS = { category: "category", cell: "cell", target: "target", run: "run", alike: "likeness here" };
  const HEIGHTS = { fit: "fit", 1: "1 pixel", 2: "2 pixels", 3: "3 pixels", 6: "6 pixels" };

  const choice = { open: null, list: false, order: "category", height: "fit", all: false, chance: false, by: "lift", ...remembered() };
  const parts = {}; // elements, by what they are
  let rows = []; // of every marker, in the server's order: the marker, and log2 of its base rate's share of the top
  let seen = null; // what was drawn last: region, columns, cells, and, so far, measured bits
  let order = []; // numbers of rows, from top to bottom
  let groups = []; // their names and where they begin
  let picture = null; // a pixel for each cell, on a canvas of its own
  let pointed = null; // the row and column under the pointer
  let asking = false; // one question at a time: the server is not flooded while the view moves
  let outdated = false;
  let settling;

  // The logarithm of every share of a track's top that a cell can have.
  const LOG2 = Float32Array.from({ length: MOST + 1 }, (_, cell) => Math.log2((cell - LEAST) / (MOST - LEAST)));
  const valueOf = (row, cell) => ((cell - LEAST) / (MOST - LEAST)) * row.marker.top;
  const liftOf = (row, cell) => (cell < LEAST ? -Infinity : LOG2[cell] - row.log);

  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
    } catch {
      return {}; // nothing may be kept here, or what was kept is of another kind
    }
  }

  function keep() {
    try {
      localStorage.setItem(REMEMBERED, JSON.stringify(choice));
    } catch { /* nothing may be kept here */ }
  }

  // ---- the region

  function start() {
    // One file has all markers at a glance, and the tracks of some.
    const all = (site.heatmap.markers ?? site.markers).map((marker) => markers.get(marker.index) ?? marker);
    rows = all.map((marker) => ({ marker, log: marker.baseRate === null ? Infinity : Math.log2(marker.baseRate / marker.top) }));
    choice.open ??= shownOnes().length <= FEW;
    if (choice.order === "run" && !isSeveral()) choice.order = "category";
    build();
    browser.on("locuschange", follow);
    new ResizeObserver(follow).observe(byId("igv"));
    new ResizeObserver(paint).observe(parts.scroll);
    follow();
  }

  // What igv.js shows of which chromosome, and where on the screen.
  function view() {
    const frame = browser.referenceFrameList[0];
    const column = browser.columnContainer.querySelector(".igv-column").getBoundingClientRect();
    const chrom = browser.genome.getChromosome(frame.chr);
    if (!chrom || chrom.name.toLowerCase() === "all" || column.width < 1) return null;
    const behind = frame.start + frame.bpPerPixel * column.width;
    return {
      chrom: frame.chr,
      left: column.left,
      width: column.width,
      origin: frame.start,
      scale: frame.bpPerPixel,
      start: Math.max(0, Math.floor(frame.start)),
      end: Math.min(chrom.bpLength, Math.ceil(behind)),
    };
  }

  // The old picture moves along at once; the new one is asked for when the view rests.
  function follow() {
    paint();
    if (!choice.open) return;
    clearTimeout(settling);
    settling = setTimeout(renew, SETTLED);
  }

  async function renew() {
    outdated = true;
    if (asking) return;
    asking = true;
    try {
      while (outdated && choice.open) {
        outdated = false;
        await look();
      }
    } catch (error) {
      problem(error);
    } finally {
      asking = false;
    }
  }

  async function look() {
    const now = view();
    parts.body.hidden = !now;
    parts.many.textContent = now ? "" : "one chromosome at a time";
    if (!now || now.start >= now.end) {
      seen = null;
      return paint();
    }
    const columns = Math.min(MOST_COLUMNS, now.end - now.start, Math.max(1, Math.round(now.width)));
    const question = { chrom: now.chrom, start: now.start, end: now.end, columns };
    const query = JSON.stringify(question);
    if (seen?.query === query) return paint();
    parts.section.setAttribute("aria-busy", "true");
    const grid = await glance.cells(question);
    seen = grid && { ...now, query, question, grid, columns: grid.behind - grid.first, bits: null, done: 0 };
    if (seen) [seen.start, seen.end] = [edge(0), edge(seen.columns)];
    parts.section.setAttribute("aria-busy", "false");
    parts.body.hidden = !seen;
    if (!seen) {
      parts.many.textContent = "this page holds nothing here";
      return paint();
    }
    arrange();
    list();
    lookForMeasured(seen).catch(problem);
  }

  // The first time it takes long, for files of peaks are read: what is there is shown meanwhile.
  async function lookForMeasured(current) {
    if (!rows.some((row) => row.marker.measured)) return;
    const wide = Math.ceil(current.grid.columns / 8);
    current.bits = new Uint8Array(rows.length * wide);
    while (current === seen && current.done < rows.length) {
      const some = await glance.measured(current.question, current.done);
      current.bits.set(some, current.done * wide);
      current.done += some.length / wide;
      if (current === seen) list();
    }
  }

  function isMeasured(number, column) {
    const at = seen.grid.first + column;
    return Boolean(seen.bits[number * Math.ceil(seen.grid.columns / 8) + (at >> 3)] & (128 >> (at & 7)));
  }

  const cellAt = (number, column) => seen.grid.cells[number * seen.grid.columns + seen.grid.first + column];

  // Where a column begins.
  function edge(column) {
    const { start, end, columns, first } = seen.grid;
    return start + Math.floor(((first + column) * (end - start)) / columns);
  }

  function columnAt(base) {
    const { start, end, columns, first } = seen.grid;
    return Math.floor(((Math.floor(base) - start + 1) * columns - 1) / (end - start)) - first;
  }

  // ---- the order of rows

  const compare = new Intl.Collator("en", { sensitivity: "base", numeric: true }).compare;

  // A marker without peaks, whose network is not clearly better than chance, is seen when it is asked for.
  const isShown = (row) => choice.chance || !row.marker.noPeaks;

  function arrange() {
    const numbers = [...rows.keys()].filter((number) => isShown(rows[number]));
    const names = Object.keys(site.categories);
    const categories = (row) => names.indexOf(row.marker.category);
    const orders = {
      category: (a, b) => categories(a) - categories(b) || compare(a.marker.target, b.marker.target) || compare(a.marker.cell, b.marker.cell),
      cell: (a, b) => compare(a.marker.cell, b.marker.cell) || categories(a) - categories(b) || compare(a.marker.target, b.marker.target),
      target: (a, b) => compare(a.marker.target, b.marker.target) || compare(a.marker.cell, b.marker.cell),
      run: (a, b) => a.marker.run - b.marker.run || orders.category(a, b),
    };
    const within = orders[choice.order];
    order = within ? numbers.sort((a, b) => within(rows[a], rows[b]) || a - b) : alike(numbers);
    groups = [];
    if (within) {
      for (const [at, number] of order.entries()) {
        const { marker } = rows[number];
        const name = choice.order === "run" ? runOf(marker).label : marker[choice.order];
        if (groups.at(-1)?.name !== name) groups.push({ name, at });
      }
    }
    picture = null;
    paint();
  }

  // Rows that look alike stand side by side: average linkage of the distances between their lifts,
  // in few columns, by chains of nearest neighbours; of two clusters the higher one is above. A
  // marker's rows of several runs stay together.
  function alike(numbers) {
    const few = Math.min(100, seen.columns);
    const places = new Map(Object.keys(site.runs).map((place, at) => [Number(place), at]));
    const together = new Map();
    for (const number of numbers) {
      const { name } = rows[number].marker;
      if (!together.has(name)) together.set(name, []);
      together.get(name).push(number);
    }
    const leaves = [...together.values()];
    const looks = leaves.map((ofMarker) => {
      const look = new Float32Array(few * places.size);
      for (const number of ofMarker) {
        const first = few * places.get(rows[number].marker.run);
        for (let column = 0; column < seen.columns; column++) {
          const lift = liftOf(rows[number], cellAt(number, column));
          const at = first + Math.floor((column * few) / seen.columns);
          look[at] = Math.max(look[at], Math.min(lift, TOP_LIFT));
        }
      }
      return look;
    });
    const count = leaves.length;
    const far = new Float32Array(count * count);
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < a; b++) {
        let sum = 0;
        for (let at = 0; at < looks[a].length; at++) sum += (looks[a][at] - looks[b][at]) ** 2;
        far[a * count + b] = far[b * count + a] = Math.sqrt(sum);
      }
    }
    const clusters = looks.map((look, number) => ({ leaves: [number], height: look.reduce((sum, value) => sum + value, 0) }));
    const left = new Set(leaves.keys());
    const chain = [];
    while (left.size > 1) {
      if (!chain.length) chain.push(left.values().next().value);
      const last = chain.at(-1);
      const before = chain.at(-2);
      let nearest = before;
      for (const other of left) {
        if (other !== last && (nearest === undefined || far[last * count + other] < far[last * count + nearest])) nearest = other;
      }
      if (nearest !== before) {
        chain.push(nearest);
        continue;
      }
      chain.length -= 2;
      const [kept, gone] = [clusters[last], clusters[nearest]];
      const [many, few_] = [kept.leaves.length, gone.leaves.length];
      for (const other of left) {
        const mean = (many * far[last * count + other] + few_ * far[nearest * count + other]) / (many + few_);
        far[last * count + other] = far[other * count + last] = mean;
      }
      const isAbove = kept.height / many >= gone.height / few_;
      kept.leaves = isAbove ? kept.leaves.concat(gone.leaves) : gone.leaves.concat(kept.leaves);
      kept.height += gone.height;
      left.delete(nearest);
    }
    return left.size ? clusters[left.values().next().value].leaves.flatMap((leaf) => leaves[leaf]) : [];
  }

  // ---- the picture

  // Pixels of the steps from paper to the full colour of each category.
  let colours;
  function rampOf(category) {
    colours ??= new Map(Object.keys(site.categories).map((name) => {
      const colour = colourOf(name);
      const full = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
      return [name, Uint32Array.from({ length: STEPS + 1 }, (_, step) => {
        const share = (step / STEPS) ** 1.5; // what is hardly raised stays pale
        const [red, green, blue] = full.map((part) => Math.round(255 + (part - 255) * share));
        return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
      })];
    }));
    return colours.get(category);
  }

  function ramps() {
    const names = Object.keys(site.categories);
    const canvas = element("canvas", { width: STEPS + 1, height: names.length });
    const image = new ImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (const [line, name] of names.entries()) pixels.set(rampOf(name), line * canvas.width);
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.title = `${names.join(", ")}: ${valueWord()} over ${baseWord()}, from 1 to ${2 ** TOP_LIFT} times or more, on a logarithmic scale`;
    return canvas;
  }

  // The page has become light or dark.
  function recolour() {
    if (!parts.section) return;
    colours = undefined;
    picture = null;
    const made = ramps();
    parts.ramps.replaceWith(made);
    parts.ramps = made;
    paint();
  }

  const stepOf = (lift) => Math.max(0, Math.min(STEPS, Math.round((lift / TOP_LIFT) * STEPS)));

  // Rows of the order that share line `line` of `lines`.
  const sharing = (line, lines) => order.slice(Math.floor((line * order.length) / lines), Math.max(Math.floor(((line + 1) * order.length) / lines), Math.floor((line * order.length) / lines) + 1));

  // Lines are rows or, where there are more rows than pixels, several rows, and so with columns: the
  // highest is seen.
  function draw(wide, lines) {
    const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: lines });
    const image = new ImageData(wide, lines);
    const pixels = new Uint32Array(image.data.buffer);
    const lifts = new Float32Array(wide);
    const pixelOf = Uint32Array.from({ length: seen.columns }, (_, column) => Math.floor((column * wide) / seen.columns));
    for (let line = 0; line < lines; line++) {
      const base = line * wide;
      lifts.fill(-Infinity);
      pixels.fill(PAPER, base, base + wide);
      for (const number of sharing(line, lines)) {
        const ramp = rampOf(rows[number].marker.category);
        for (let column = 0; column < seen.columns; column++) {
          const cell = cellAt(number, column);
          const at = pixelOf[column];
          if (cell === NOT_PREDICTED) {
            if (lifts[at] === -Infinity) pixels[base + at] = UNKNOWN;
          } else if (cell !== ABSENT) {
            const lift = LOG2[cell] - rows[number].log;
            if (lift > lifts[at]) {
              lifts[at] = lift;
              pixels[base + at] = ramp[stepOf(lift)];
            }
          }
        }
      }
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  // Lines of the picture, and pixels of a line.
  function layout() {
    const isResized = parts.scroll.style.height !== "";
    const room = Math.max(1, isResized ? parts.scroll.clientHeight : Math.round(window.innerHeight * SHARE));
    if (choice.height !== "fit") return { lines: order.length, high: Number(choice.height) };
    if (order.length > room) return { lines: room, high: 1 };
    return { lines: order.length, high: Math.max(1, Math.min(12, Math.floor(room / order.length))) };
  }

  let painting = 0;
  function paint() {
    painting ||= requestAnimationFrame(() => {
      painting = 0;
      paintNow();
    });
  }

  function paintNow() {
    const now = choice.open && seen && order.length ? view() : null;
    const canvas = parts.canvas;
    if (!now) {
      parts.whole.style.height = "0";
      return;
    }
    const { lines, high } = layout();
    const wide = Math.max(1, Math.min(seen.columns, Math.round((seen.end - seen.start) / now.scale)));
    if (picture?.height !== lines || picture.width !== wide) picture = draw(wide, lines);
    const height = lines * high;
    // As high as it has to be; one that is resized has a height of its own.
    parts.scroll.style.setProperty("--needed", `${height}px`);
    parts.whole.style.height = `${height}px`;
    const gutter = now.left - parts.scroll.getBoundingClientRect().left;
    const [width, seenHeight] = [gutter + now.width, Math.min(height, parts.scroll.clientHeight)];
    const dots = window.devicePixelRatio || 1;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${seenHeight}px`;
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(seenHeight * dots);
    const context = canvas.getContext("2d");
    context.scale(dots, dots);
    context.translate(0, -parts.scroll.scrollTop);
    context.imageSmoothingEnabled = false;
    // What is not read yet is white; what one file does not hold is not known.
    context.fillStyle = site.heatmap.markers ? "#d4d4d4" : "white";
    context.fillRect(gutter, 0, now.width, height);
    context.save();
    context.beginPath();
    context.rect(gutter, 0, now.width, height);
    context.clip();
    if (seen.chrom === now.chrom) {
      const left = gutter + (seen.start - now.origin) / now.scale;
      context.drawImage(picture, left, 0, (seen.end - seen.start) / now.scale, height);
    }
    context.restore();
    paintGutter(context, gutter, lines, high);
    if (pointed) {
      context.strokeStyle = "#0009";
      context.strokeRect(gutter - 0.5, pointed.line * high - 0.5, now.width + 1, high + 1);
    }
  }

  // Names of groups where they have room, and a mark at each marker that is shown below.
  function paintGutter(context, gutter, lines, high) {
    const toPixel = (at) => (at * lines * high) / order.length;
    context.textBaseline = "middle";
    context.fillStyle = "#222";
    context.strokeStyle = "#bbb";
    for (const [number, { name, at }] of groups.entries()) {
      const top = toPixel(at);
      const bottom = toPixel(groups[number + 1]?.at ?? order.length);
      if (number && bottom - top > 3) {
        context.beginPath();
        context.moveTo(0, Math.round(top) - 0.5);
        context.lineTo(gutter - 6, Math.round(top) - 0.5);
        context.stroke();
      }
      if (bottom - top < 8) continue;
      context.font = `${Math.min(11, bottom - top)}px system-ui, sans-serif`;
      context.fillText(shortened(context, name, gutter - 12), 2, (top + bottom) / 2);
    }
    for (const [at, number] of order.entries()) {
      if (!rows[number].marker.loaded) continue;
      const y = toPixel(at + 0.5);
      context.beginPath();
      context.moveTo(gutter - 6, y - 3);
      context.lineTo(gutter - 1, y);
      context.lineTo(gutter - 6, y + 3);
      context.fill();
    }
  }

  function shortened(context, text, width) {
    if (context.measureText(text).width <= width) return text;
    let end = text.length;
    while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end--;
    return `${text.slice(0, end)}…`;
  }

  // ---- what lies under the pointer

  // Of rows that share a line the one that is seen, that is, the highest.
  function under(event) {
    const now = seen && order.length ? view() : null;
    if (!now || seen.chrom !== now.chrom) return null;
    const { lines, high } = layout();
    const box = parts.canvas.getBoundingClientRect();
    const line = Math.floor((event.clientY - box.top + parts.scroll.scrollTop) / high);
    if (line < 0 || line >= lines) return null;
    const column = columnAt(now.origin + (event.clientX - now.left) * now.scale);
    if (event.clientX < now.left || column < 0 || column >= seen.columns) return null;
    const peaks = sharing(line, lines).map((number) => ({ number, lift: liftOf(rows[number], cellAt(number, column)) }));
    const highest = peaks.reduce((best, peak) => (peak.lift > best.lift ? peak : best));
    return { line, column, number: highest.number, sharing: peaks.length };
  }

  function pointAt(event) {
    pointed = under(event);
    parts.scroll.classList.toggle("on", Boolean(pointed) && isHeld(rows[pointed.number].marker));
    paint();
    if (!pointed) return parts.read.replaceChildren(hint());
    const { number, column, sharing: several } = pointed;
    const { marker } = rows[number];
    parts.read.replaceChildren(
      swatchOf(marker.category),
      element("b", {}, nameOf(marker)),
      ` ${place(seen.chrom, edge(column), edge(column + 1))} · ${described(number, column)}`,
      several > 1 ? element("span", { className: "quiet" }, ` · the highest of ${several} rows in this pixel`) : "",
    );
  }

  const hint = () => element("span", { className: "quiet" }, `Point at a row to read it; click to add its track${site.heatmap.markers ? ", where this page holds it" : ""}.`);

  function described(number, column) {
    const row = rows[number];
    const cell = cellAt(number, column);
    const measured = seen.done > number && seen.bits && row.marker.measured
      ? ` · ${isMeasured(number, column) ? "a measured peak here" : "no measured peak here"}`
      : row.marker.measured || !anyMeasured() ? "" : " · not measured";
    if (cell === NOT_PREDICTED) return `nothing was predicted here${measured}`;
    if (cell === ABSENT) return `below ${floorOf(row.marker)}${measured}`;
    const value = valueOf(row, cell);
    const lift = row.marker.baseRate === null ? `${baseWord()} unknown` : `lift ${liftOf(row, cell).toFixed(1)}, ${timesBase(row.marker, liftOf(row, cell))}`;
    const called = value >= row.marker.threshold ? "reaches" : "below";
    return `${valueWord()} ${value.toPrecision(2)} · ${lift} · ${called} its threshold ${row.marker.threshold.toPrecision(2)}${measured}`;
  }

  // ---- the list

  // Of each row the highest place. What is below the base rate is not predicted here, though
  // thresholds may be lower.
  function peaksHere() {
    return [...rows.entries()].filter(([, row]) => isShown(row)).map(([number, row]) => {
      let [column, cell] = [0, NOT_PREDICTED];
      for (let at = 0; at < seen.columns; at++) if (cellAt(number, at) > cell) [column, cell] = [at, cellAt(number, at)];
      const lift = liftOf(row, cell);
      const value = cell < LEAST ? null : valueOf(row, cell);
      const place = { chrom: seen.chrom, start: edge(column), end: edge(column + 1) };
      const isCalled = value !== null && value >= row.marker.threshold && !(lift < 0);
      return { row, number, place, value, lift, isCalled, isKnown: cell !== NOT_PREDICTED, away: columnsAway(number, column) };
    });
  }

  // How many columns lie between a place and the nearest measured peak in view: 0 is there, NaN is
  // not known yet, infinitely many where there is none in view; null where nothing was measured.
  function columnsAway(number, column) {
    if (!rows[number].marker.measured) return null;
    if (seen.done <= number) return NaN;
    const isThere = (at) => at >= 0 && at < seen.columns && isMeasured(number, at);
    for (let away = 0; away < seen.columns; away++) if (isThere(column - away) || isThere(column + away)) return away;
    return Infinity;
  }

  function list() {
    const peaks = peaksHere();
    parts.canvas.setAttribute("aria-label", `Heatmap of ${peaks.length} markers over ${place(seen.chrom, seen.start, seen.end)}. The list below ranks them.`);
    parts.list.fill(peaks, Math.max(1, Math.round((seen.grid.end - seen.grid.start) / seen.grid.columns)));
    mark();
  }

  function add(row) {
    const { marker } = row;
    inTurn(async () => {
      if (!marker.loaded && shownOnes().length >= site.most) throw new Error(`${site.most} markers are shown, which is the most; clear some to add ${nameOf(marker)}`);
      await show([marker.index]);
      remember();
      [marker.loaded].flat()[0]?.trackView.axis.scrollIntoView({ block: "nearest" });
    });
  }

  // Which markers are shown has changed.
  function mark() {
    if (!parts.section) return;
    parts.list.mark(rows);
    paint();
  }

  // ---- the elements

  function build() {
    const menu = (choices, name) => {
      const made = element("select", {}, ...Object.entries(choices).map(([value, text]) => element("option", { value, selected: value === String(choice[name]) }, text)));
      made.addEventListener("change", () => {
        choice[name] = made.value;
        keep();
        if (seen) arrange();
      });
      return made;
    };
    const orders = { ...ORDERS };
    if (!isSeveral()) delete orders.run;
    const fold = element("button", { type: "button", id: "heatmap-fold" });
    fold.setAttribute("aria-controls", "heatmap-body");
    const folded = () => {
      fold.textContent = choice.open ? "▾ All markers here" : "▸ All markers here";
      fold.setAttribute("aria-expanded", String(choice.open));
      parts.section.classList.toggle("folded", !choice.open);
    };
    fold.addEventListener("click", () => {
      choice.open = !choice.open;
      keep();
      folded();
      follow();
    });
    parts.many = element("span", { className: "quiet" });
    parts.canvas = element("canvas");
    parts.canvas.setAttribute("role", "img");
    parts.canvas.setAttribute("aria-label", "Heatmap of all markers. The list below ranks them.");
    parts.canvas.addEventListener("pointermove", pointAt);
    parts.canvas.addEventListener("pointerleave", () => {
      pointed = null;
      parts.read.replaceChildren(hint());
      paint();
    });
    parts.canvas.addEventListener("click", (event) => {
      const cell = under(event);
      if (cell && isHeld(rows[cell.number].marker)) add(rows[cell.number]);
    });
    // The canvas is as high as what is seen of the rows, and stays there while they scroll.
    parts.whole = element("div", {}, parts.canvas);
    parts.scroll = element("div", { id: "heatmap-scroll" }, parts.whole);
    parts.scroll.addEventListener("scroll", paint);
    parts.read = element("p", { id: "heatmap-read" }, hint());
    parts.list = isSeveral() ? comparison : ranking;
    const details = parts.list.build(choice, () => {
      keep();
      if (seen) list();
    }, add);
    parts.ramps = ramps();
    const legend = element("span", { id: "heatmap-legend" },
      "over base rate ",
      element("span", {}, "1×"),
      parts.ramps,
      element("span", {}, `${2 ** TOP_LIFT}×`),
      element("i", { className: "unknown" }), "not predicted");
    parts.body = element("div", { id: "heatmap-body" }, parts.scroll, parts.read, details);
    parts.section = element("section", { id: "heatmap", ariaLabel: "All markers here" },
      element("header", {}, fold, parts.many,
        element("label", {}, "rows by ", menu(orders, "order")),
        element("label", {}, "row height ", menu(HEIGHTS, "height")),
        ...byChance(),
        legend),
      parts.body);
    folded();
    byId("igv").before(parts.section);
  }

  // Whether to show markers without peaks, where there are any.
  function byChance() {
    const many = rows.filter((row) => row.marker.noPeaks).length;
    if (!many) return [];
    const box = element("input", { type: "checkbox", id: "heatmap-chance", checked: choice.chance });
    box.addEventListener("change", () => {
      choice.chance = box.checked;
      keep();
      if (!seen) return;
      arrange();
      list();
    });
    const title = "their networks are not clearly better than chance, so that no peaks were called";
    return [element("label", { title }, box, ` ${many} without peaks`)];
  }

  return { start, mark, recolour };
})();
