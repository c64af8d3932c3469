"use strict";
// The page of `regtrack browse`: a chooser of markers at the left, igv.js at the right. What is
// shown stands in the address (#locus=...&markers=1,5), so that a link restores it.

const byId = (id) => document.getElementById(id);
const WHOLE_CHROMOSOMES = 1_000_000_000; // bases that are shown without zooming in
const USUAL_SCALE = "high";
const NARROW = "(max-width: 900px)"; // as page.css has it

let site; // what is known of the tracks, site.json
let browser; // igv.js
const anyMeasured = () => [...markers.values()].some((marker) => marker.measured); // or no peaks were given
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
  // Without a row of what was trained on, a reader would take it that nothing was.
  byId("trained").textContent = site.trained;
  byId("order-label").hidden = byId("ap").hidden = !site.scored;
  linkReports();
  byId("where").textContent = site.where;
  byId("hint").textContent = site.hint;
  for (const marker of site.markers) markers.set(marker.index, marker);
  buildFilter();
  buildRows();
  if (window.matchMedia(NARROW).matches) putAway(true);
  const wanted = viewInAddress();
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
  await browser.loadTrackList([...(site.genes ? [genesTrack()] : []), ...site.stretches.predicted.map(predictedTrack), ...site.stretches.trained.map(trainedTrack), ...site.stretches.repeats.map(repeatsTrack)]);
  for (const name of ["genes", "sequence"]) for (const track of browser.findTracks("id", name)) nameOnly(track, name);
  await goTo(wanted.locus ?? site.opens).catch(problem);
  await show(wanted.markers ?? site.shown);
  readOut(browser);
  listenToKeys(browser);
  browser.on("locuschange", moved);
  browser.on("trackremoved", removedByHand);
  window.addEventListener("popstate", () => clearTimeout(remembering)); // hashchange comes a little later
  window.addEventListener("hashchange", addressChanged);
  moved();
  if (site.heatmap) heatmap.start();
  document.body.inert = false;
  document.body.dataset.ready = "yes";
}

function referenceHere() {
  const isFile = ([key]) => key.endsWith("URL");
  return Object.fromEntries(Object.entries(site.reference).map((entry) => (isFile(entry) ? [entry[0], fileAt(entry[1])] : entry)));
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
    byId("progress").textContent = first ? `reading ${nameOf(first.marker)}${more} ...` : "";
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

// A row of stretches; of runs that differ in them, it says which it is of.
function stretchesTrack(name, title, colour, order, { address, runs }) {
  const whole = runs.length ? `${name}: ${runs.join(", ")}` : name;
  return {
    type: "row", id: whole, order, height: STRIP + 3, removable: false, ignoreTrackMenu: true,
    heading: { name: whole, title }, strips: [{ kind: "", colour, read: reading(address) }],
  };
}

// A base without a value is one of two things, which must not be mixed up.
function predictedTrack(stretches, number) {
  const title = "Elsewhere, an empty row means that nothing is known.";
  const track = stretchesTrack("was predicted", title, () => PALETTE.predictedHere, number / 1000 - 0.5, stretches);
  return number ? track : { ...track, search: findGene };
}

// There, that predictions are right says little: the network was shown the measured peaks.
function trainedTrack(stretches, number) {
  const title = "Here the network was shown the measured peaks: predictions are too good.";
  return stretchesTrack("was trained on", title, () => PALETTE.trainedHere, number / 1000 - 0.4, stretches);
}

// There, that more than half of all markers have peaks says little of them: a network finds one motif
// a hundred times. These stretches are shaded in the rows of the run's markers, too.
function repeatsTrack(stretches, number) {
  return stretchesTrack("tandem repeats", REPEAT, () => PALETTE.repeatHere, number / 1000 - 0.3, stretches);
}

function repeatsOf(marker) {
  const own = site.stretches.repeats.find(({ runs }) => !runs.length || runs.includes(runOf(marker).label));
  return own && reading(own.address);
}

// Where a gene is that was typed; igv.js takes places as 0-based, half-open.
async function findGene(text) {
  const [gene] = await ask(`search?q=${encodeURIComponent(text)}`);
  return gene && { chr: gene.chromosome, start: gene.start - 1, end: gene.end, name: gene.gene };
}

// Features of a stretch; igv.js asks for a little more than it shows.
function reading(address) {
  return (chrom, start, end) => {
    const query = new URLSearchParams({ chrom, start: Math.max(0, Math.floor(start)), end: Math.ceil(end) });
    return ask(`${address}?${query}`);
  };
}

// A marker's signal, its predicted peaks, and the measured ones, which are no file of the folder.
function markerTrack(marker) {
  const colour = () => colourOf(marker.category);
  const predicted = { kind: "predicted", colour, isShaded: true };
  const measured = { kind: "measured", colour: measuredColour, read: reading(measuredAddress(marker)) };
  const strips = marker.measured && !isSeveral() ? [predicted, measured] : [predicted];
  const score = marker.score === null ? "" : `AP ${marker.score.toFixed(3)}`;
  return {
    type: "row", id: nameOf(marker), order: marker.place, height: SIGNAL + strips.length * STRIP,
    marker, colour, strips, repeats: repeatsOf(marker),
    heading: { name: nameOf(marker), about: [score, marker.noPeaks?.match(/^not clearly better than chance/)?.[0]].filter(Boolean).join(", "), title: nameOf(marker) },
  };
}

let places = 0; // so that markers stand in the order in which they were added

const shownOnes = () => [...markers.values()].filter((marker) => marker.loaded).sort((a, b) => a.place - b.place);

async function show(indices) {
  const room = site.most - shownOnes().length;
  const added = [...new Set(indices)].map((index) => markers.get(index)).filter((marker) => marker && !marker.loaded).slice(0, room);
  placeTogether(added);
  try {
    const loaded = await browser.loadTrackList(added.map(markerTrack));
    for (const [number, marker] of added.entries()) marker.loaded = loaded[number];
    await showMeasured(added);
  } finally {
    mark();
  }
}

async function hide(ones) {
  const rows = ones.map((marker) => marker.loaded).filter(Boolean);
  for (const marker of ones) marker.loaded = null;
  rows.push(...leftMeasured());
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
  const gone = shownOnes().find((marker) => marker.loaded === removed);
  if (!gone) return;
  gone.loaded = null;
  mark();
  remember();
  inTurn(() => hide([]));
}

// ---- the chooser

function buildFilter() {
  const all = [...markers.values()];
  buildRuns();
  for (const category of Object.keys(site.categories)) {
    const many = all.filter((marker) => marker.category === category).length;
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
  for (const marker of markers.values()) {
    marker.box = element("input", { type: "checkbox" });
    marker.box.addEventListener("change", () => {
      marker.wanted = marker.box.checked;
      inTurn(() => chosen(marker));
    });
    const why = marker.noPeaks ? `no peaks were called: ${marker.noPeaks}` : `strongest predicted peaks of ${nameOf(marker)}`;
    const peaks = element("button", { type: "button", title: why, disabled: Boolean(marker.noPeaks) }, marker.noPeaks ? "none" : "peaks");
    peaks.addEventListener("click", () => inTurn(() => openPeaks(marker)));
    const name = element("span", { className: "name", title: nameOf(marker) }, marker.name);
    const run = isSeveral() ? [element("span", { className: "run", title: runOf(marker).label }, runOf(marker).label)] : [];
    const score = element("span", { className: "score", title: "average precision (PR AUC)" }, marker.score === null ? "" : marker.score.toFixed(3));
    marker.row = element("li", {}, element("label", {}, marker.box, swatchOf(marker.category), name), ...run, score, peaks);
    marker.row.dataset.index = marker.index;
    marker.words = [marker.name, marker.category, marker.cell, marker.target, ...marker.synonyms, marker.treatment].join(" ").toLowerCase();
  }
  filter();
}

function filter() {
  const words = byId("words").value.toLowerCase().replaceAll("*", " ").split(/\s+/).filter(Boolean);
  const categories = [...byId("categories").querySelectorAll(":checked")].map((box) => box.value);
  const only = byId("only-shown").checked;
  const fitting = [...markers.values()].filter((marker) => categories.includes(marker.category)
    && isChosenRun(marker) && (!only || marker.loaded) && words.every((word) => marker.words.includes(word)));
  const [cell, target] = [byId("cell").value, byId("target").value];
  const inCell = (marker) => !cell || marker.cell === cell;
  const onTarget = (marker) => !target || marker.target === target;
  offer("cell", fitting.filter(onTarget));
  offer("target", fitting.filter(inCell));
  const visible = new Set(fitting.filter((marker) => inCell(marker) && onTarget(marker)));
  for (const marker of markers.values()) marker.row.hidden = !visible.has(marker);
  const ordered = [...markers.values()];
  if (byId("order").value === "score") ordered.sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  byId("markers").replaceChildren(...ordered.map((marker) => marker.row));
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
  for (const marker of left) counts.set(marker[key], (counts.get(marker[key]) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b, "en", { sensitivity: "base", numeric: true }));
  byId(key).replaceChildren(
    element("option", { value: "" }, `all ${counts.size}`),
    ...sorted.map(([value, many]) => element("option", { value, selected: value === chosenOne }, `${value} (${many})`)),
  );
}

function mark() {
  heatmap.mark();
  const shown = shownOnes().length;
  for (const marker of markers.values()) {
    marker.box.checked = marker.wanted ?? Boolean(marker.loaded);
    marker.box.disabled = !marker.box.checked && shown >= site.most;
  }
  const full = shown >= site.most ? ` (${site.most} at most)` : "";
  const room = site.most - shown;
  const more = matching().filter((index) => !markers.get(index).loaded).length;
  byId("show-all").disabled = !more || !room;
  byId("show-all").textContent = more > room ? `show ${room} of the ${more} others that match` : "show all that match";
  byId("clear").disabled = !shown;
  byId("count").textContent = `${byId("count").dataset.visible} of ${markers.size} ${isSeveral() ? "tracks" : "markers"}, ${shown} shown${full}`;
}

// Clicked several times while igv.js was at work, only the last click counts.
async function chosen(marker) {
  const wanted = marker.wanted;
  marker.wanted = undefined;
  if (wanted) await show([marker.index]);
  else if (wanted === false) await hide([marker]);
  remember();
}

// ---- the strongest peaks

async function openPeaks(marker) {
  listed = await ask(`strongest/${marker.index}`);
  current = -1;
  byId("peaks").hidden = false;
  byId("peaks").querySelector("h2").textContent = nameOf(marker);
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
  if (!marker.loaded) await show([marker.index]);
  if (listed.length) await goToPeak(0);
  else stepped();
  marker.loaded?.trackView.axis.scrollIntoView({ block: "nearest" });
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
