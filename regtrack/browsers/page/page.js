"use strict";
// The page of `regtrack browse`: a chooser of markers at the left, igv.js at the right. What is
// shown stands in the address (#locus=...&markers=1,5), so that a link restores it.

const byId = (id) => document.getElementById(id);
const WHOLE_CHROMOSOMES = 1_000_000_000; // bases that are shown without zooming in
const USUAL_SCALE = "high";
const NARROW = "(max-width: 900px)"; // as page.css has it

let site; // what is known of the tracks, site.json
let browser; // igv.js
const anyMeasured = () => [...markers.values()].some((one) => one.measured); // or no peaks were given
const markers = new Map(); // index -> marker, with its row in the list and, when shown, its igv track
let listed = []; // the strongest peaks of the marker whose list is open
let current = -1; // which of them was gone to

// One thing after another: igv.js must have loaded a track before it is removed again.
let turn = Promise.resolve();
const inTurn = (job) => { turn = turn.then(job).catch(problem); };

inTurn(start);

async function start() {
  site = await ask("site.json");
  document.title = `${site.folder} (${site.about}) - regtrack`;
  byId("folder").textContent = site.folder;
  byId("about").textContent = site.about;
  byId("order-label").hidden = byId("ap").hidden = !site.scored;
  byId("report").hidden = !site.report;
  byId("report").href = site.report ?? "";
  byId("where").textContent = site.where;
  byId("hint").textContent = site.hint;
  for (const marker of site.markers) markers.set(marker.index, marker);
  buildFilter();
  buildRows();
  if (window.matchMedia(NARROW).matches) putAway(true);
  const wanted = asked();
  rescale(wanted.scale);
  byId("progress").textContent = "starting igv.js ...";
  browser = await igv.createBrowser(byId("igv"), {
    reference: referenceHere(),
    locus: site.opens,
    loadDefaultGenomes: false,
    flanking: 0, // genes come with theirs
    search: false, // the first row does it
    showSVGButton: true,
    showTrackLabels: false, // they would lie on the data
    showTrackLabelButton: false,
    showMultiSelectButton: false,
  });
  await dress();
  searchHere();
  // Of a genome's lengths alone there is no base to show.
  if (site.reference?.format === "chromsizes") for (const track of browser.findTracks("id", "sequence")) browser.removeTrack(track);
  await browser.loadTrackList([...(site.genes ? [genesTrack()] : []), predictedTrack(), ...(site.trained ? [trainedTrack()] : [])]);
  for (const name of ["genes", "sequence"]) for (const track of browser.findTracks("id", name)) nameOnly(track, name);
  await goTo(wanted.locus ?? site.opens).catch(problem);
  await show(wanted.markers ?? site.shown);
  readOut(browser);
  listenToKeys(browser);
  browser.on("locuschange", moved);
  browser.on("trackremoved", removedByHand);
  window.addEventListener("hashchange", () => inTurn(history.state ? goBack : restore));
  moved();
  if (site.heatmap) heatmap.start();
  document.body.inert = false;
  document.body.dataset.ready = "yes";
}

function referenceHere() {
  const isFile = ([key]) => key.endsWith("URL");
  return Object.fromEntries(Object.entries(site.reference).map((one) => (isFile(one) ? [one[0], fileAt(one[1])] : one)));
}

// Names of rows stand in igv.js's column of axes, which it takes to be 50 pixels wide.
async function dress() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await (await answer("igv.css")).text());
  const root = browser.root.getRootNode();
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  const reckoned = browser.calculateViewportWidth.bind(browser);
  const column = browser.columnContainer.querySelector(".igv-axis-column");
  browser.calculateViewportWidth = (panels) => reckoned(panels) - Math.ceil((column.getBoundingClientRect().width - 50) / panels);
  await browser.visibilityChange();
}

// What is being read, in words.
const progress = {
  rows: new Map(), // row -> how often it is being read
  begin(row) {
    this.rows.set(row, (this.rows.get(row) ?? 0) + 1);
    this.say();
  },
  end(row) {
    if (this.rows.get(row) > 1) this.rows.set(row, this.rows.get(row) - 1);
    else this.rows.delete(row);
    this.say();
  },
  async over(rows) {
    do await new Promise((done) => setTimeout(done, 20)); while (rows.some((row) => this.rows.has(row)));
  },
  say() {
    const [first, ...others] = [...this.rows.keys()].filter((row) => row.marker);
    const more = others.length ? ` and ${others.length} more` : "";
    byId("progress").textContent = first ? `reading ${first.marker.name}${more} ...` : "";
  },
};

// ---- the scale

// One scale for all rows; what is drawn already is drawn again, and nothing is read again.
function rescale(wanted) {
  scaling.name = wanted in SCALES ? wanted : USUAL_SCALE;
  byId("scale").value = scaling.name;
  browser?.repaintViews();
}

byId("scale").addEventListener("change", () => inTurn(() => { rescale(byId("scale").value); remember(); }));

// ---- igv tracks

function genesTrack() {
  return {
    type: "annotation", name: "genes", order: -1, height: 78, displayMode: "EXPANDED", color: "#444444",
    visibilityWindow: 20_000_000, removable: false, reader: { readFeatures: reading("genes") },
    searchable: false, // findGene knows what belongs to a gene
  };
}

// A base without a value is one of two things, which must not be mixed up.
function predictedTrack() {
  return {
    type: "row", id: "was predicted", order: -0.5, height: STRIP + 3, removable: false, ignoreTrackMenu: true,
    heading: { name: "was predicted", title: "Elsewhere, an empty row means that nothing is known." },
    strips: [{ kind: "", colour: () => PALETTE.predictedHere, read: reading("predicted") }], search: findGene,
  };
}

// There, that predictions are right says little: the network was shown the measured peaks.
function trainedTrack() {
  return {
    ...predictedTrack(), id: "was trained on", order: -0.4, search: undefined,
    heading: { name: "was trained on", title: "Here the network was shown the measured peaks: predictions are too good." },
    strips: [{ kind: "", colour: () => PALETTE.trainedHere, read: reading("trained") }],
  };
}

// Where a gene is that was typed; igv.js takes places as 0-based, half-open.
async function findGene(text) {
  const [found] = await ask(`search?q=${encodeURIComponent(text)}`);
  return found && { chr: found.chromosome, start: found.start - 1, end: found.end, name: found.gene };
}

// Features of a stretch; igv.js asks for a little more than it shows.
function reading(address) {
  return (chrom, start, end) => {
    const query = new URLSearchParams({ chrom, start: Math.max(0, Math.floor(start)), end: Math.ceil(end) });
    return ask(`${address}?${query}`);
  };
}

// A marker's signal, its predicted peaks, and the measured ones, which are no file of the folder.
function markerTrack(one) {
  const colour = () => colourOf(one.category);
  const predicted = { kind: "predicted", colour, isShaded: true };
  const measured = { kind: "measured", colour: () => PALETTE.measured, read: reading(`measured/${one.index}`) };
  const strips = one.measured ? [predicted, measured] : [predicted];
  const score = one.score === null ? "" : `AP ${one.score.toFixed(3)}`;
  return {
    type: "row", id: one.name, order: one.place, height: SIGNAL + strips.length * STRIP,
    marker: one, colour, strips,
    heading: { name: one.name, about: [score, one.noPeaks?.match(/^no better than chance/)?.[0]].filter(Boolean).join(", "), title: one.name },
  };
}

let places = 0; // so that markers stand in the order in which they were added

const shownOnes = () => [...markers.values()].filter((one) => one.loaded).sort((a, b) => a.place - b.place);

async function show(indices) {
  const room = site.most - shownOnes().length;
  const added = [...new Set(indices)].map((index) => markers.get(index)).filter((one) => one && !one.loaded).slice(0, room);
  for (const one of added) one.place = ++places;
  try {
    const loaded = await browser.loadTrackList(added.map(markerTrack));
    for (const [number, one] of added.entries()) one.loaded = loaded[number];
  } finally {
    mark();
  }
}

async function hide(ones) {
  const rows = ones.map((one) => one.loaded).filter(Boolean);
  for (const one of ones) one.loaded = null;
  mark();
  for (const row of rows) {
    // igv.js draws all when a track goes, and stumbles over one that goes while it is drawn.
    await browser.updateViews();
    await progress.over(rows);
    if (!row.disposed) browser.removeTrack(row);
  }
}

// A row's own menu removes it.
function removedByHand(track) {
  const removed = [track].flat()[0];
  const one = shownOnes().find((marker) => marker.loaded === removed);
  if (!one) return;
  one.loaded = null;
  mark();
  remember();
}

// ---- the chooser

function buildFilter() {
  const all = [...markers.values()];
  for (const category of Object.keys(site.categories)) {
    const many = all.filter((one) => one.category === category).length;
    if (!many) continue;
    byId("colours").append(swatchOf(category), `${category}\u2002 `);
    const box = element("input", { type: "checkbox", value: category, defaultChecked: true });
    byId("categories").append(element("label", {}, box, swatchOf(category), `${category} ${many}`));
  }
  const form = byId("filter");
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    byId("show-all").click();
  });
  form.querySelector("[type=reset]").addEventListener("click", (event) => {
    event.preventDefault(); // which would reset after this, and the list would be of what was asked before
    form.reset();
    filter();
  });
}

const matching = () => [...byId("markers").children].filter((row) => !row.hidden).map((row) => Number(row.dataset.index));

byId("show-all").addEventListener("click", () => inTurn(() => show(matching()).then(remember)));
byId("clear").addEventListener("click", () => inTurn(async () => {
  await hide(shownOnes());
  remember();
}));

function buildRows() {
  for (const one of markers.values()) {
    one.box = element("input", { type: "checkbox" });
    one.box.addEventListener("change", () => {
      one.wanted = one.box.checked;
      inTurn(() => chosen(one));
    });
    const why = one.noPeaks ? `no peaks were called: ${one.noPeaks}` : `strongest predicted peaks of ${one.name}`;
    const peaks = element("button", { type: "button", title: why, disabled: Boolean(one.noPeaks) }, one.noPeaks ? "none" : "peaks");
    peaks.addEventListener("click", () => inTurn(() => openPeaks(one)));
    const name = element("span", { className: "name", title: one.name }, one.name);
    const score = element("span", { className: "score", title: "average precision (PR AUC)" }, one.score === null ? "" : one.score.toFixed(3));
    one.row = element("li", {}, element("label", {}, one.box, swatchOf(one.category), name), score, peaks);
    one.row.dataset.index = one.index;
    one.words = [one.name, one.category, one.cell, one.target, ...one.synonyms, one.treatment].join(" ").toLowerCase();
  }
  filter();
}

function filter() {
  const words = byId("words").value.toLowerCase().replaceAll("*", " ").split(/\s+/).filter(Boolean);
  const categories = [...byId("categories").querySelectorAll(":checked")].map((box) => box.value);
  const only = byId("only-shown").checked;
  const fitting = [...markers.values()].filter((one) => categories.includes(one.category)
    && (!only || one.loaded) && words.every((word) => one.words.includes(word)));
  const [cell, target] = [byId("cell").value, byId("target").value];
  const inCell = (one) => !cell || one.cell === cell;
  const onTarget = (one) => !target || one.target === target;
  offer("cell", fitting.filter(onTarget));
  offer("target", fitting.filter(inCell));
  const visible = new Set(fitting.filter((one) => inCell(one) && onTarget(one)));
  for (const one of markers.values()) one.row.hidden = !visible.has(one);
  const ordered = [...markers.values()];
  if (byId("order").value === "score") ordered.sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  byId("markers").replaceChildren(...ordered.map((one) => one.row));
  byId("count").dataset.visible = visible.size;
  // Who types a gene here looks for a place.
  byId("no-match").hidden = visible.size > 0;
  byId("as-place").hidden = !words.length;
  byId("as-place").textContent = `go to ${byId("words").value.trim()} on the genome`;
  mark();
}

byId("as-place").addEventListener("click", () => inTurn(() => jump(byId("words").value.trim())));

// What can be chosen beside all that is chosen already, and how many markers each choice leaves.
function offer(key, left) {
  const chosenOne = byId(key).value;
  const counts = new Map(chosenOne ? [[chosenOne, 0]] : []);
  for (const one of left) counts.set(one[key], (counts.get(one[key]) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b, "en", { sensitivity: "base", numeric: true }));
  byId(key).replaceChildren(
    element("option", { value: "" }, `all ${counts.size}`),
    ...sorted.map(([value, many]) => element("option", { value, selected: value === chosenOne }, `${value} (${many})`)),
  );
}

function mark() {
  heatmap.mark();
  const shown = shownOnes().length;
  for (const one of markers.values()) {
    one.box.checked = one.wanted ?? Boolean(one.loaded);
    one.box.disabled = !one.box.checked && shown >= site.most;
  }
  const full = shown >= site.most ? ` (${site.most} at most)` : "";
  const room = site.most - shown;
  const more = matching().filter((index) => !markers.get(index).loaded).length;
  byId("show-all").disabled = !more || !room;
  byId("show-all").textContent = more > room ? `show ${room} of the ${more} others that match` : "show all that match";
  byId("clear").disabled = !shown;
  byId("count").textContent = `${byId("count").dataset.visible} of ${markers.size} markers, ${shown} shown${full}`;
}

// Clicked several times while igv.js was at work, only the last click counts.
async function chosen(one) {
  const wanted = one.wanted;
  one.wanted = undefined;
  if (wanted) await show([one.index]);
  else if (wanted === false) await hide([one]);
  remember();
}

// ---- the strongest peaks

async function openPeaks(one) {
  listed = await ask(`strongest/${one.index}`);
  current = -1;
  byId("peaks").hidden = false;
  byId("peaks").querySelector("h2").textContent = one.name;
  const rows = listed.map((peak, number) => {
    const button = element("button", { type: "button" },
      element("span", { className: "value" }, peak.value.toFixed(3)),
      element("span", { className: "where" }, `${peak.chr}:${(peak.start + 1).toLocaleString("en")}`),
      element("span", { className: "width" }, `${(peak.end - peak.start).toLocaleString("en")} bp`));
    button.addEventListener("click", () => inTurn(() => goToPeak(number)));
    return element("li", {}, button);
  });
  byId("peaks").querySelector("ol").replaceChildren(...rows);
  byId("peaks").querySelector("ol button")?.focus();
  if (!one.loaded) await show([one.index]);
  if (listed.length) await goToPeak(0);
  else stepped();
  one.loaded?.trackView.axis.scrollIntoView({ block: "nearest" });
}

async function goToPeak(number) {
  current = number;
  stepped();
  const { chr, start, end } = listed[number];
  const flank = Math.max(site.flank, 2 * (end - start));
  await jump(`${chr}:${Math.max(1, start + 1 - flank)}-${end + flank}`);
}

function stepped() {
  byId("place").textContent = listed.length ? `${current < 0 ? "" : `${current + 1} of `}${listed.length} strongest` : "no predicted peak";
  byId("previous").disabled = current <= 0;
  byId("next").disabled = current + 1 >= listed.length;
  for (const [number, button] of [...byId("peaks").querySelectorAll("ol button")].entries()) {
    if (number === current) {
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    } else button.removeAttribute("aria-current");
  }
}

byId("previous").addEventListener("click", () => inTurn(() => goToPeak(current - 1)));
byId("next").addEventListener("click", () => inTurn(() => goToPeak(current + 1)));
byId("close-peaks").addEventListener("click", () => { byId("peaks").hidden = true; });
byId("peaks").addEventListener("keydown", (event) => { if (event.key === "Escape") byId("close-peaks").click(); });

// ---- the bar

function putAway(wanted) {
  document.body.classList.toggle("alone", wanted);
  byId("toggle").textContent = wanted ? "show markers" : "hide markers";
  byId("toggle").setAttribute("aria-expanded", String(!wanted));
  browser?.visibilityChange();
}

// A window that becomes narrow is as one that was: the list would hide the tracks.
let wasAway = false;
window.matchMedia(NARROW).addEventListener("change", ({ matches }) => {
  if (matches) wasAway = document.body.classList.contains("alone");
  putAway(matches || wasAway);
});

byId("toggle").addEventListener("click", () => putAway(!document.body.classList.contains("alone")));
byId("theme").addEventListener("click", theme.toggle);
document.addEventListener("themechange", () => {
  browser?.repaintViews();
  if (site?.heatmap) heatmap.recolour();
});

// Browsers let pages write there on this machine and over https only; the address has the link, too.
byId("copy").hidden = !navigator.clipboard;
byId("copy").addEventListener("click", () => inTurn(async () => {
  await navigator.clipboard.writeText(new URL(view(), location.href).href);
  byId("copy").textContent = "copied";
  setTimeout(() => { byId("copy").textContent = "copy link"; }, 1500);
}));

function problem(error) {
  byId("problem-text").textContent = String(error.message || error);
  byId("problem").hidden = false;
}

byId("problem-close").addEventListener("click", () => { byId("problem").hidden = true; });

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
