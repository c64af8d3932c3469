"use strict";
// Rows of the page: an igv.js track each, with a label at the left, the signal of a marker, and
// thin strips of peaks below it. igv.js moves, zooms and loads; what a row shows is drawn here.

const STRIP = 9; // pixels; as high as the text beside it
const SIGNAL = 23;
const LIFT = 8; // an axis of lift ends at 2 to the power of this
const PALETTE = { line: "#777777", text: "#222222", lane: "#f4f4f1", over: "#ff20ff", measured: "#444444", predictedHere: "#bbbbbb", trainedHere: "#8e79b5", repeatHere: "#d95f02" };
const REPEAT = "A tandem repeat with predicted peaks of more than half of all markers: hardly real.";

// ---- scales

// What the values are, and what they are compared with.
const valueWord = () => (site.signal ? "signal" : "probability");
const baseWord = () => (site.signal ? "mean" : "base rate");

// What a share of an axis from 0 (bottom) to 1 (top) a value has, and what stands at its ends.
const SCALES = {
  probability: ({ range }) => ({
    share: (value) => value / range,
    bottom: "0",
    top: short(range),
    about: `${valueWord()}, from 0 to ${short(range)}`,
  }),
  high: ({ high }) => ({
    share: (value) => value / high,
    bottom: "0",
    top: short(high),
    about: `${valueWord()}, from 0 to ${short(high)}: nearly all values of this marker are below`,
  }),
  lift: ({ baseRate, ...marker }) => (baseRate === null
    ? { share: () => 0, bottom: "", top: `no ${baseWord()}`, about: `no ${baseWord()} is known: lift cannot be shown` }
    : {
      share: (value) => Math.max(0, Math.log2(value / baseRate) / LIFT),
      bottom: "1×",
      top: `${2 ** LIFT}×`,
      about: `${valueWord()} over the ${baseWord()} of ${short(baseRate)}, ${whoseBaseRate(marker)}, from 1 to ${2 ** LIFT} times, on a logarithmic axis`,
    }),
};

const scaling = { name: "high" };
const scaleOf = (marker) => SCALES[scaling.name](marker);

// Whose base rate stands for a marker's.
const whoseBaseRate = ({ baseRateOf }) => ({
  report: "that of the report",
  validation: "that of the network's validation",
  predictions: "the mean of its predictions",
})[baseRateOf] ?? "";

// A dot of a category's shape and colour.
const swatchOf = (category, title = "") => element("span", { className: `swatch ${site.categories[category]}`, title });

// The colour of a category, as the page's style has it now: a dark page has others.
const colourOf = (category) => getComputedStyle(document.documentElement).getPropertyValue(`--${site.categories[category]}`).trim();

const short = (value) => String(Number(value.toPrecision(2)));

// ---- values by pixel

// The highest value of each pixel; NaN where there is none. Zoomed out, a peak is narrower than a
// pixel, and a mean would flatten it.
function highest(features, start, basesPerPixel, pixels) {
  const values = new Float32Array(pixels).fill(NaN);
  for (const feature of features) {
    const first = Math.max(0, Math.floor((feature.start - start) / basesPerPixel));
    const behind = Math.min(pixels, Math.ceil((feature.end - start) / basesPerPixel));
    for (let at = first; at < behind; at++) if (!(values[at] >= feature.value)) values[at] = feature.value;
  }
  return values;
}

const overlapping = (features, start, end) => features.filter((feature) => feature.start < end && feature.end > start);

// ---- rows

// A row of one marker, or of a strip alone. `config` has `heading` (name, about, title), `strips`
// (kind, colour, read(chrom, start, end), isShaded), of a marker `marker`, `colour` and, where there are
// any, `repeats` (chrom, start, end), and of the row that finds places by name `search`.
class Row extends igv.TrackBase {
  init(config) {
    super.init(config);
    this.marker = config.marker;
    this.strips = config.strips;
    // Of a BigWig file, other levels of detail are read when the zoom changes.
    this.resolutionAware = Boolean(this.marker);
    this.ignoreTrackMenu = config.ignoreTrackMenu === true;
    this.minHeight = this.strips.length * STRIP + (this.marker ? 12 : 0);
  }

  // Set from the row's menu.
  get name() { return super.name; }
  set name(text) {
    super.name = text;
    this.trackView?.axis.querySelector(".name")?.replaceChildren(...breakable(text));
  }

  async postInit() {
    for (const viewport of this.trackView.viewports) viewport.$viewport[0].classList.add("own");
    this.trackView.axis.append(label(this));
    this.#labelAxis();
    if (this.marker) {
      const { signal, peaks, peaksIndex } = this.marker;
      this.source = (await igv.createTrack({ type: "wig", format: "bigwig", url: fileAt(signal) }, this.browser)).featureSource;
      const called = { type: "annotation", format: "narrowPeak", url: fileAt(peaks), indexURL: fileAt(peaksIndex), visibilityWindow: WHOLE_CHROMOSOMES, searchable: false };
      this.called = await igv.createTrack(called, this.browser);
    }
  }

  get supportsWholeGenome() { return true; }

  // igv.js asks such rows for what was typed that is no region.
  get searchable() { return Boolean(this.config.search); }
  search(text) { return this.config.search(text); }

  async getFeatures(chrom, start, end, basesPerPixel) {
    progress.begin(this);
    try {
      // The whole genome has its signals; thousands of peaks would be one bar.
      const isWhole = chrom.toLowerCase() === "all";
      const strips = this.strips.map((strip) => (isWhole ? null : strip.read ? strip.read(chrom, start, end) : this.called.getFeatures(chrom, start, end, basesPerPixel)));
      const signal = this.source?.getFeatures({ chr: chrom, start, end, bpPerPixel: basesPerPixel, windowFunction: "max" });
      const doubtful = isWhole ? [] : this.config.repeats?.(chrom, start, end);
      const [values, repeats, ...peaks] = await Promise.all([signal ?? [], doubtful ?? [], ...strips]);
      return { values, repeats, peaks };
    } finally {
      progress.end(this);
    }
  }

  draw({ context, features, bpStart, bpPerPixel, pixelWidth }) {
    const top = this.height - this.strips.length * STRIP;
    if (this.marker) this.#drawSignal(context, highest(features.values, bpStart, bpPerPixel, pixelWidth), top - 1);
    for (const [number, strip] of this.strips.entries()) {
      if (!features.peaks[number]) continue;
      const y = top + number * STRIP;
      const colour = strip.colour();
      context.fillStyle = PALETTE.lane;
      context.fillRect(0, y, pixelWidth, STRIP - 1);
      for (const peak of features.peaks[number]) {
        const x = (peak.start - bpStart) / bpPerPixel;
        const width = (peak.end - peak.start) / bpPerPixel;
        if (x + width < 0 || x > pixelWidth) continue;
        context.fillStyle = strip.isShaded ? shaded(colour, peak.score * this.marker.range, this.marker.high) : colour;
        context.fillRect(x, y, Math.max(1.5, width), STRIP - 1);
      }
    }
    context.fillStyle = `${PALETTE.repeatHere}40`;
    for (const { start, end } of features.repeats) context.fillRect((start - bpStart) / bpPerPixel, 0, Math.max(1.5, (end - start) / bpPerPixel), this.height);
  }

  #drawSignal(context, values, height) {
    const { share } = scaleOf(this.marker);
    const line = share(this.marker.threshold);
    context.fillStyle = this.config.colour();
    // Where there is a value there is one pixel at least: no value is another thing than 0.
    eachRun(values, (value, first, behind) => {
      const drawn = Math.max(1, Math.min(1, share(value)) * height);
      context.fillRect(first, height - drawn, behind - first, drawn);
    });
    context.fillStyle = PALETTE.over;
    eachRun(values, (value, first, behind) => { if (share(value) > 1.0001) context.fillRect(first, 0, behind - first, 2); });
    if (line > 1) return;
    context.fillStyle = PALETTE.line;
    for (let x = 0; x < values.length; x += 6) context.fillRect(x, Math.round(height - line * height), 2, 1);
  }

  // igv.js calls this whenever it draws; its canvas stays empty, the label has it all. A picture
  // in SVG has no label, and takes it from here.
  paintAxis(context, width) {
    const scale = this.#labelAxis();
    if (context instanceof CanvasRenderingContext2D) return;
    const name = this.name ?? this.config.heading.name;
    const top = this.height - this.strips.length * STRIP;
    const write = (text, x, y, textAlign) => igv.IGVGraphics.fillText(context, text, x, y, { font: "9px sans-serif", textAlign, fillStyle: PALETTE.text });
    write(name, 2, 9, "left");
    if (this.marker) write(scale.top, width - 4, 8, "right");
    if (this.marker) write(scale.bottom, width - 4, top - 2, "right");
    for (const [number, strip] of this.strips.entries()) write(strip.kind, width - 4, top + number * STRIP + 7, "right");
  }

  #labelAxis() {
    const scale = this.marker ? scaleOf(this.marker) : { top: "", bottom: "", about: "" };
    const shown = this.trackView.axis.querySelector(".label");
    if (shown) {
      shown.querySelector(".top").textContent = scale.top;
      shown.querySelector(".bottom").textContent = scale.bottom;
      shown.title = [this.config.heading.title, scale.about].filter(Boolean).join("\n");
    }
    return scale;
  }

  // ---- what is under the pointer, as pairs of a word and a text

  describe({ genomicLocation, referenceFrame, viewport }) {
    const features = viewport.cachedFeatures;
    if (!features.peaks) return [];
    const pixel = Math.max(1, referenceFrame.bpPerPixel);
    const start = Math.floor(genomicLocation);
    const end = start + Math.ceil(pixel);
    // A peak can be drawn wider than it is.
    const near = (peaks) => overlapping(peaks, start - pixel, end + pixel)[0];
    const lines = this.marker ? this.#describeValue(overlapping(features.values, start, end), end - start) : [];
    for (const [number, strip] of this.strips.entries()) {
      if (!features.peaks[number]) continue;
      const peak = near(features.peaks[number]);
      const highestValue = peak && strip.isShaded ? `, highest value ${short((peak.score * this.marker.range) / 1000)}${site.signal && peak.score === 1000 ? " or more" : ""}` : "";
      lines.push([strip.kind, peak ? `${place(peak.chr, peak.start, peak.end)}, ${bases(peak.end - peak.start)}${highestValue}` : "nothing here"]);
    }
    if (near(features.repeats)) lines.push(["shaded", REPEAT]);
    if (this.marker && !this.marker.measured) lines.push(["measured", "no measured peaks are known"]);
    return lines;
  }

  #describeValue(values, wide) {
    const { threshold, baseRate } = this.marker;
    const value = Math.max(...values.map((segment) => segment.value));
    const floor = floorOf(this.marker);
    const least = floor ? `it is under ${floor}, or the base is N` : "the base is N";
    if (!values.length) return [[valueWord(), `no value: ${least}, or was not predicted`]];
    return [
      [wide > 1 ? `${valueWord()}, highest of ${bases(wide)}` : valueWord(), value.toPrecision(3)],
      ["threshold of peaks", short(threshold)],
      ...(baseRate === null ? [] : [["lift", `${short(value / baseRate)}× the ${baseWord()} of ${short(baseRate)}`]]),
    ];
  }
}

const place = (chrom, start, end) => `${chrom}:${(start + 1).toLocaleString("en")}-${end.toLocaleString("en")}`;
const bases = (count) => `${count.toLocaleString("en")} bp`;

// A thousandth of what is given is the highest value of a peak, by its score; the darkest have a value at the end of the axis.
function shaded(colour, score, high) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},${(0.3 + 0.7 * Math.min(1, (score ?? 0) / (1000 * high))).toFixed(2)})`;
}

// Calls what is given with each run of equal values, which are drawn as one.
function eachRun(values, drawn) {
  for (let first = 0, at = 1; at <= values.length; at++) {
    if (at < values.length && values[at] === values[first]) continue;
    if (!Number.isNaN(values[first])) drawn(values[first], first, at);
    first = at;
  }
}

// What stands at the left of a row, in igv.js's column of axes.
function label(row) {
  const { name, about } = row.config.heading;
  const kinds = row.strips.map((strip) => element("span", { className: "kind" }, strip.kind));
  const made = element("section", { className: "label" },
    element("span", { className: "head" },
      element("b", { className: "name" }, ...breakable(name)),
      element("span", { className: "ends" }, element("span", { className: "top" }), element("span", { className: "bottom" }))),
    element("span", { className: "foot" },
      element("span", { className: "about" }, about ?? ""),
      element("span", { className: "kinds" }, ...kinds)));
  made.dataset.name = name;
  return made;
}

// Long names are broken behind their bars.
const breakable = (name) => name.split(/(?<=\|)/).flatMap((part) => [part, element("wbr")]);

// The label of one of igv.js's own tracks.
function nameOnly(track, name) {
  track.trackView.axis.append(element("section", { className: "label" }, element("b", { className: "name" }, name)));
}

igv.registerTrackClass("row", Row);
