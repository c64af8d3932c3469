"use strict";
// Several runs on one page: whose a marker's track is, the choice of runs, and the measured peaks,
// which stand once below all rows of a marker. Of one run none of this is seen. A part of the page:
// page.js has the markers and igv.js.

const isSeveral = () => Object.keys(site.runs).length > 1;
const runOf = ({ run }) => site.runs[run];

// What a marker's track is called.
const nameOf = (marker) => (isSeveral() ? `${runOf(marker).label}: ${marker.name}` : marker.name);

const floorOf = ({ run, range }) => {
  const { floor } = site.runs[run];
  return floor ? String(Number((floor * range).toPrecision(4))) : "";
};

// Of the rows of one marker those of the first run are above; a place of a row is a whole number,
// that of its marker, and a share of 1 by the run.
function placeTogether(added) {
  const runs = Object.keys(site.runs);
  const together = new Map(shownOnes().map((marker) => [marker.name, Math.floor(marker.place)]));
  for (const marker of added) {
    if (!together.has(marker.name)) together.set(marker.name, ++places);
    marker.place = together.get(marker.name) + runs.indexOf(String(marker.run)) / (runs.length + 1);
  }
}

// ---- what was measured

const measuredRows = new Map(); // name of a marker -> its row of measured peaks
const measuredColour = () => PALETTE.measured;

// The address by which measured peaks of a marker are asked for: that of the first run that has it.
const measuredAddress = (marker) => `measured/${[...markers.values()].find((other) => other.name === marker.name).index}`;

async function showMeasured(added) {
  if (!isSeveral()) return;
  const first = new Map(added.filter((marker) => marker.measured && !measuredRows.has(marker.name)).map((marker) => [marker.name, marker]));
  const loaded = await browser.loadTrackList([...first.values()].map((marker) => ({
    type: "row", id: `measured ${marker.name}`, order: Math.floor(marker.place) + 0.99, height: STRIP + 3, removable: false, ignoreTrackMenu: true,
    heading: { name: "measured", title: `${marker.name}: measured peaks, the same for all runs` },
    strips: [{ kind: "", colour: measuredColour, read: reading(measuredAddress(marker)) }],
  })));
  for (const [number, name] of [...first.keys()].entries()) measuredRows.set(name, loaded[number]);
}

// Rows of measured peaks whose markers are shown no more; they are to be removed.
function leftMeasured() {
  const names = new Set(shownOnes().map((marker) => marker.name));
  const left = [...measuredRows.keys()].filter((name) => !names.has(name));
  const rows = left.map((name) => measuredRows.get(name));
  for (const name of left) measuredRows.delete(name);
  return rows;
}

// ---- the choice

function buildRuns() {
  if (!isSeveral()) return;
  byId("runs").hidden = false;
  for (const [place, { label, network }] of Object.entries(site.runs)) {
    const many = [...markers.values()].filter((marker) => String(marker.run) === place).length;
    const box = element("input", { type: "checkbox", value: place, defaultChecked: true });
    byId("runs").append(element("label", { title: network }, box, element("span", { className: "run" }, label), ` ${many}`));
  }
}

const isChosenRun = (marker) => !isSeveral() || byId("runs").querySelector(`[value="${marker.run}"]`).checked;

// A report is that of a run.
function linkReports() {
  const first = byId("report");
  const links = site.reports.map((_, number) => (number ? first.cloneNode(true) : first));
  for (const [number, { address, run }] of site.reports.entries()) {
    const link = links[number];
    link.hidden = false;
    link.href = address;
    if (isSeveral()) link.textContent = `report ${site.runs[run].label}`;
    if (!number) continue;
    link.removeAttribute("id");
    links[number - 1].after(link);
  }
}
