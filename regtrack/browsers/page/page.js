"use strict";
// The page of `regtrack browse`: a chooser of markers at the left, igv.js at the right. What is
// shown stands in the address (#locus=...&markers=1,5), so that a link restores it.

const byId = (id) => document.getElementById(id);
const MOST_LISTED = 40; // characters of a locus, more are not one
const PEAKS_HEIGHT = 27; // pixels; igv.js cuts its labels off in less
const FLANK = 2000; // bases shown on each side of a peak, at least, and of a gene

let site; // what the server knows of the tracks, site.json
let browser; // igv.js
const markers = new Map(); // index -> marker, with its row and, when shown, its igv tracks
let listed = []; // the strongest peaks of the marker whose list is open
let current = -1; // which of them was gone to

start().catch(problem);

async function start() {
  site = await (await fetch("site.json")).json();
  document.title = `${site.folder} - regtrack`;
  byId("folder").textContent = site.folder;
  byId("model").textContent = `${site.model.architecture}, ${site.model.assembly}`;
  byId("order-label").hidden = !site.scored;
  if (!site.genes) byId("hint").textContent = "Type a region, chr1:1,000-2,000. Genes can be found when browse is given --genes.";
  for (const marker of site.markers) markers.set(marker.index, marker);
  buildFilter();
  buildRows();
  const wanted = asked();
  browser = await igv.createBrowser(byId("igv"), {
    reference: site.reference,
    locus: wanted.locus || locusText(site.opens),
    loadDefaultGenomes: false,
    flanking: FLANK,
    search: { url: `${location.origin}/search?q=$FEATURE$`, coords: 1, chromosomeField: "chromosome", geneField: "gene" },
    showSVGButton: true,
    tracks: site.genes ? [genesTrack()] : [],
  });
  const shown = wanted.markers || site.markers.filter((one) => one.shown).map((one) => one.index);
  await show(shown.filter((index) => markers.has(index)).slice(0, site.most));
  browser.on("locuschange", remember);
  browser.on("trackremoved", removedByHand);
  window.addEventListener("hashchange", () => restore().catch(problem));
  remember();
  document.body.dataset.ready = "yes";
}

// ---- the view in the address

function asked() {
  const words = new URLSearchParams(location.hash.slice(1));
  const numbers = words.get("markers");
  return {
    locus: (words.get("locus") || "").slice(0, MOST_LISTED),
    markers: numbers === null ? null : numbers.split(",").filter(Boolean).map(Number),
  };
}

function view() {
  const locus = locusText([browser.currentLoci()].flat()[0]);
  return `#locus=${encodeURIComponent(locus).replaceAll("%3A", ":")}&markers=${shownOnes().map((one) => one.index).join(",")}`;
}

function remember() {
  history.replaceState(null, "", view());
}

async function restore() {
  if (location.hash === view()) return;
  const wanted = asked();
  const numbers = wanted.markers || [];
  for (const one of shownOnes()) if (!numbers.includes(one.index)) await hide(one);
  await show(numbers.filter((index) => markers.has(index)).slice(0, site.most));
  if (wanted.locus) await browser.search(wanted.locus);
  remember();
}

const locusText = (text) => text.replaceAll(",", "");

// ---- igv tracks

function genesTrack() {
  return {
    type: "annotation", name: "genes", order: -1, height: 60, displayMode: "EXPANDED", color: "#444444",
    visibilityWindow: 20_000_000, removable: false, reader: reader("genes"),
  };
}

// What igv.js asks for features; it asks for a little more than it shows.
function reader(address) {
  return {
    async readFeatures(chrom, start, end) {
      const query = new URLSearchParams({ chrom, start: Math.max(0, Math.floor(start)), end: Math.ceil(end) });
      return await ask(`${address}?${query}`);
    },
  };
}

async function ask(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return await answer.json();
}

function tracksOf(marker, place) {
  const color = site.colours[marker.category];
  const score = marker.score === null ? "" : ` (AP ${marker.score.toFixed(3)})`;
  const tracks = [
    {
      type: "wig", format: "bigwig", name: marker.name + score, url: marker.bigwig, color,
      min: 0, max: 1, autoscale: false, windowFunction: "max", height: 46, order: place,
    },
    {
      type: "annotation", format: "narrowpeak", name: "predicted", url: marker.peaks, indexURL: `${marker.peaks}.tbi`,
      color, displayMode: "COLLAPSED", height: PEAKS_HEIGHT, order: place + 0.1, visibilityWindow: -1,
    },
  ];
  if (marker.measured) {
    tracks.push({
      type: "annotation", name: "measured", color: "#444444", displayMode: "COLLAPSED", height: PEAKS_HEIGHT,
      order: place + 0.2, visibilityWindow: 1_000_000_000, reader: reader(`measured/${marker.index}`),
    });
  }
  return tracks;
}

let places = 0; // so that markers stand in the order in which they were added

const shownOnes = () => [...markers.values()].filter((one) => one.tracks).sort((a, b) => a.place - b.place);

async function show(indices) {
  const added = indices.map((index) => markers.get(index)).filter((one) => !one.tracks);
  for (const one of added) {
    one.place = ++places;
    one.tracks = [];
  }
  mark();
  const configurations = added.map((one) => tracksOf(one, one.place));
  const loaded = await browser.loadTrackList(configurations.flat());
  for (const [number, one] of added.entries()) one.tracks = loaded.splice(0, configurations[number].length);
}

async function hide(one) {
  const tracks = one.tracks;
  one.tracks = null;
  mark();
  for (const track of tracks) {
    browser.removeTrack(track);
    await browser.updateViews(); // igv.js stumbles over a track that goes while it draws
  }
}

// A track's own menu removes it: with a marker's signal goes the marker.
function removedByHand(track) {
  const removed = Array.isArray(track) ? track[0] : track;
  const one = shownOnes().find((marker) => marker.tracks[0] === removed);
  if (!one) return;
  one.tracks.shift();
  setTimeout(() => hide(one).then(remember).catch(problem)); // once igv.js is done with the first
}

// ---- the chooser

function buildFilter() {
  const all = [...markers.values()];
  for (const category of site.categories) {
    const many = all.filter((one) => one.category === category).length;
    if (!many) continue;
    const box = element("input", { type: "checkbox", value: category, defaultChecked: true });
    byId("categories").append(element("label", {}, box, element("span", { className: `swatch ${category}` }), `${category} ${many}`));
  }
  for (const key of ["cell", "target"]) {
    const counts = new Map();
    for (const one of all) counts.set(one[key], (counts.get(one[key]) || 0) + 1);
    const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b, "en", { sensitivity: "base", numeric: true }));
    byId(key).append(element("option", { value: "" }, `all ${counts.size}`));
    for (const [value, many] of sorted) byId(key).append(element("option", { value }, `${value} (${many})`));
  }
  const form = byId("filter");
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
}

function buildRows() {
  for (const one of markers.values()) {
    one.box = element("input", { type: "checkbox" });
    one.box.addEventListener("change", () => chosen(one).catch(problem));
    const peaks = element("button", { type: "button", title: `strongest predicted peaks of ${one.name}` }, "peaks");
    peaks.addEventListener("click", () => openPeaks(one).catch(problem));
    const name = element("span", { className: "name", title: one.name }, one.name);
    const swatch = element("span", { className: `swatch ${one.category}` });
    const score = element("span", { className: "score", title: "average precision (PR AUC)" }, one.score === null ? "" : one.score.toFixed(3));
    one.row = element("li", {}, element("label", {}, one.box, swatch, name), score, peaks);
    one.words = [one.name, one.category, one.cell, one.target, one.treatment].join(" ").toLowerCase();
  }
  filter();
}

function filter() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const categories = [...byId("categories").querySelectorAll(":checked")].map((box) => box.value);
  const [cell, target, only] = [byId("cell").value, byId("target").value, byId("only-shown").checked];
  let visible = 0;
  for (const one of markers.values()) {
    const fits = categories.includes(one.category) && (!cell || one.cell === cell) && (!target || one.target === target)
      && (!only || Boolean(one.tracks)) && words.every((word) => one.words.includes(word));
    one.row.hidden = !fits;
    visible += fits;
  }
  const ordered = [...markers.values()];
  if (byId("order").value === "score") ordered.sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  byId("markers").replaceChildren(...ordered.map((one) => one.row));
  byId("count").dataset.visible = visible;
  mark();
}

function mark() {
  const shown = shownOnes().length;
  for (const one of markers.values()) {
    one.box.checked = Boolean(one.tracks);
    one.box.disabled = !one.tracks && shown >= site.most;
  }
  const full = shown >= site.most ? ` (${site.most} at most)` : "";
  byId("count").textContent = `${byId("count").dataset.visible} of ${markers.size} markers, ${shown} shown${full}`;
}

async function chosen(one) {
  if (one.box.checked) await show([one.index]);
  else await hide(one);
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
    button.addEventListener("click", () => goTo(number).catch(problem));
    return element("li", {}, button);
  });
  byId("peaks").querySelector("ol").replaceChildren(...rows);
  stepped();
  if (!one.tracks && shownOnes().length < site.most) {
    await show([one.index]);
    remember();
  }
}

async function goTo(number) {
  current = number;
  stepped();
  const { chr, start, end } = listed[number];
  const flank = Math.max(FLANK, 2 * (end - start));
  await browser.search(`${chr}:${Math.max(1, start + 1 - flank)}-${end + flank}`);
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

byId("previous").addEventListener("click", () => goTo(current - 1).catch(problem));
byId("next").addEventListener("click", () => goTo(current + 1).catch(problem));
byId("close-peaks").addEventListener("click", () => { byId("peaks").hidden = true; });

// ---- the bar

byId("toggle").addEventListener("click", () => {
  const alone = document.body.classList.toggle("alone");
  byId("toggle").textContent = alone ? "show markers" : "hide markers";
  byId("toggle").setAttribute("aria-expanded", String(!alone));
  if (browser) browser.visibilityChange();
});

byId("copy").addEventListener("click", async () => {
  remember();
  await navigator.clipboard.writeText(location.href);
  byId("copy").textContent = "copied";
  setTimeout(() => { byId("copy").textContent = "copy a link to this view"; }, 1500);
});

function problem(error) {
  byId("problem").textContent = String(error.message || error);
  byId("problem").hidden = false;
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
