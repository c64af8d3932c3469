"use strict";
// The page of `regtrack browse`: a chooser of markers at the left, igv.js at the right. What is
// shown stands in the address (#locus=...&markers=1,5), so that a link restores it.

const byId = (id) => document.getElementById(id);
const WHOLE_CHROMOSOMES = 1_000_000_000; // bases that are shown without zooming in
const REMEMBER_AFTER = 150; // milliseconds without a move; browsers limit how often it may be done

let site; // what the server knows of the tracks, site.json
let browser; // igv.js
const markers = new Map(); // index -> marker, with its row and, when shown, its igv tracks
let listed = []; // the strongest peaks of the marker whose list is open
let current = -1; // which of them was gone to

// One thing after another: igv.js must have loaded a track before it is removed again.
let turn = Promise.resolve();
const inTurn = (job) => { turn = turn.then(job).catch(problem); };

inTurn(start);

async function start() {
  site = await ask("site.json");
  document.title = `${site.folder} - regtrack`;
  byId("folder").textContent = site.folder;
  byId("about").textContent = site.about;
  byId("order-label").hidden = byId("ap").hidden = !site.scored;
  byId("where").textContent = `There are predictions on ${Object.keys(site.predicted).join(", ")}.`;
  if (!site.genes) byId("hint").textContent = `Type a region, chr1:1,000-2,000. For genes, first: ${site.genes_from}`;
  for (const marker of site.markers) markers.set(marker.index, marker);
  buildFilter();
  buildRows();
  const wanted = asked();
  browser = await igv.createBrowser(byId("igv"), {
    reference: site.reference,
    locus: site.opens,
    loadDefaultGenomes: false,
    flanking: site.flank,
    search: { url: `${location.origin}/search?q=$FEATURE$`, coords: 1, chromosomeField: "chromosome", geneField: "gene" },
    showSVGButton: true,
    tracks: [...(site.genes ? [genesTrack()] : []), predictedTrack()],
  });
  await show(wanted.markers ?? site.shown);
  await goTo(wanted.locus).catch(problem);
  browser.on("locuschange", moved);
  browser.on("trackremoved", removedByHand);
  window.addEventListener("hashchange", () => inTurn(restore));
  moved();
  document.body.inert = false;
  document.body.dataset.ready = "yes";
}

// ---- the view in the address

function asked() {
  const words = new URLSearchParams(location.hash.slice(1));
  const numbers = words.get("markers");
  return {
    locus: words.get("locus"),
    markers: numbers === null ? null : numbers.split(",").filter(Boolean).map(Number),
  };
}

// igv.js counts in fractions of bases when the window is resized.
const locusNow = () => [browser.currentLoci()].flat()[0].replace(/\.\d+/g, "");

function view() {
  const locus = locusNow();
  return `#locus=${encodeURIComponent(locus).replaceAll("%3A", ":")}&markers=${shownOnes().map((one) => one.index).join(",")}`;
}

let remembering;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => history.replaceState(null, "", view()), REMEMBER_AFTER);
}

function moved() {
  const [, chrom, start, end] = locusNow().match(/^(.*):(\d+)-(\d+)$/) ?? [];
  const [first, behind] = site.predicted[chrom] ?? [0, 0];
  byId("nowhere").hidden = !chrom || (Number(start) <= behind && Number(end) > first);
  remember();
}

// The address was changed by hand, or a link of this page was pasted into it.
async function restore() {
  const wanted = asked();
  if (wanted.markers) {
    for (const one of shownOnes()) if (!wanted.markers.includes(one.index)) await hide(one);
    await show(wanted.markers);
  }
  await goTo(wanted.locus);
  remember();
}

async function goTo(locus) {
  if (!locus) return;
  const found = await browser.search(locus);
  if (!found) throw new Error(`nothing is found at ${locus}${await ask(`advice?q=${encodeURIComponent(locus)}`)}`);
}

// ---- igv tracks

function genesTrack() {
  return {
    type: "annotation", name: "genes", order: -1, height: 60, displayMode: "EXPANDED", color: "#444444",
    visibilityWindow: 20_000_000, removable: false, reader: reader("genes"),
  };
}

// A base without a value is one of two things, which must not be mixed up.
function predictedTrack() {
  return {
    type: "annotation", name: "was predicted", order: -0.5, height: 27, displayMode: "COLLAPSED", color: "#bbbbbb",
    visibilityWindow: WHOLE_CHROMOSOMES, removable: false, reader: reader("predicted"),
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
  const answer = await fetch(address).catch(() => { throw new Error("The server of this page does not answer; is regtrack browse still running?"); });
  if (!answer.ok) throw new Error(await answer.text());
  return await answer.json();
}

// Measured peaks are no file of the tracks folder: the server is asked for those of a region.
function configurations(one) {
  return one.tracks.map((track, number) => ({
    ...track,
    order: one.place + number / 10,
    ...(track.asked ? { reader: reader(track.asked), visibilityWindow: WHOLE_CHROMOSOMES } : {}),
  }));
}

let places = 0; // so that markers stand in the order in which they were added

const shownOnes = () => [...markers.values()].filter((one) => one.loaded).sort((a, b) => a.place - b.place);

async function show(indices) {
  const room = site.most - shownOnes().length;
  const added = [...new Set(indices)].map((index) => markers.get(index)).filter((one) => one && !one.loaded).slice(0, room);
  for (const one of added) one.place = ++places;
  try {
    const wanted = added.map(configurations);
    const loaded = await browser.loadTrackList(wanted.flat());
    for (const [number, one] of added.entries()) one.loaded = loaded.splice(0, wanted[number].length);
  } finally {
    mark();
  }
}

async function hide(one) {
  const tracks = one.loaded ?? [];
  one.loaded = null;
  mark();
  for (const track of tracks) {
    browser.removeTrack(track);
    await browser.updateViews(); // igv.js stumbles over a track that goes while it draws
  }
}

// A track's own menu removes it: with a marker's signal goes the marker.
function removedByHand(track) {
  const removed = [track].flat()[0];
  const one = shownOnes().find((marker) => marker.loaded[0] === removed);
  if (!one) return;
  one.loaded.shift();
  setTimeout(() => inTurn(() => hide(one).then(remember))); // once igv.js is done with the first
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
  const form = byId("filter");
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
}

function buildRows() {
  for (const one of markers.values()) {
    one.box = element("input", { type: "checkbox" });
    one.box.addEventListener("change", () => {
      one.wanted = one.box.checked;
      inTurn(() => chosen(one));
    });
    const peaks = element("button", { type: "button", title: `strongest predicted peaks of ${one.name}` }, "peaks");
    peaks.addEventListener("click", () => inTurn(() => openPeaks(one)));
    const name = element("span", { className: "name", title: one.name }, one.name);
    const swatch = element("span", { className: `swatch ${one.category}` });
    const score = element("span", { className: "score", title: "average precision (PR AUC)" }, one.score === null ? "" : one.score.toFixed(3));
    one.row = element("li", {}, element("label", {}, one.box, swatch, name), score, peaks);
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
  mark();
}

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
  const shown = shownOnes().length;
  for (const one of markers.values()) {
    one.box.checked = one.wanted ?? Boolean(one.loaded);
    one.box.disabled = !one.box.checked && shown >= site.most;
  }
  const full = shown >= site.most ? ` (${site.most} at most)` : "";
  byId("count").textContent = `${byId("count").dataset.visible} of ${markers.size} markers, ${shown} shown${full}`;
}

// Clicked several times while igv.js was at work, only the last click counts.
async function chosen(one) {
  const wanted = one.wanted;
  one.wanted = undefined;
  if (wanted) await show([one.index]);
  else if (wanted === false) await hide(one);
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
  one.loaded?.[0].trackView.axis.scrollIntoView({ block: "nearest" });
}

async function goToPeak(number) {
  current = number;
  stepped();
  const { chr, start, end } = listed[number];
  const flank = Math.max(site.flank, 2 * (end - start));
  await goTo(`${chr}:${Math.max(1, start + 1 - flank)}-${end + flank}`);
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

byId("toggle").addEventListener("click", () => {
  const alone = document.body.classList.toggle("alone");
  byId("toggle").textContent = alone ? "show markers" : "hide markers";
  byId("toggle").setAttribute("aria-expanded", String(!alone));
  if (browser) browser.visibilityChange();
});

byId("copy").addEventListener("click", () => inTurn(async () => {
  await navigator.clipboard.writeText(`${location.origin}/${view()}`);
  byId("copy").textContent = "copied";
  setTimeout(() => { byId("copy").textContent = "copy a link to this view"; }, 1500);
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
