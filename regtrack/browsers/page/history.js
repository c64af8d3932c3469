"use strict";
// The view in the address, and in the web browser's history. A part of the page: page.js has the
// markers and igv.js.

const REMEMBER_AFTER = 150; // milliseconds without a move; browsers limit how often it may be done

function viewInAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  const numbers = words.get("markers");
  return {
    locus: words.get("locus"),
    markers: numbers === null ? null : numbers.split(",").filter(Boolean).map(Number),
    scale: words.get("scale"),
  };
}

// igv.js counts in fractions of bases when the window is resized.
const lociNow = () => [browser.currentLoci()].flat().map((locus) => locus.replace(/\.\d+/g, ""));

function view() {
  const locus = lociNow().join(" ");
  const scale = scaling.name === USUAL_SCALE ? "" : `scale=${scaling.name}&`;
  return `#${scale}locus=${encodeURIComponent(locus).replaceAll("%3A", ":")}&markers=${shownOnes().map((marker) => marker.index).join(",")}`;
}

// What stands in an entry of the history that this page made, and in none that a link made.
const OURS = { isOurs: true };

let remembering;
let travelling = 0; // jumps and changes of the address that are not done yet

function remember() {
  clearTimeout(remembering);
  if (!travelling) remembering = setTimeout(rememberNow, REMEMBER_AFTER);
}

function rememberNow() {
  clearTimeout(remembering);
  // Else the view would be written over the entry that it is on its way to.
  if (!travelling) history.replaceState(OURS, "", view());
}

function moved() {
  const [, chrom, start, end] = lociNow()[0].match(/^(.*):(\d+)-(\d+)$/) ?? [];
  const [first, behind] = site.predicted[chrom] ?? [0, 0];
  byId("nowhere").hidden = !chrom || chrom === "all" || (Number(start) <= behind && Number(end) > first);
  remember();
}

// Goes to a place that was asked for: the web browser's Back button leads to the one before.
// Moving and zooming from there on change the new entry of the history.
async function jump(locus) {
  rememberNow();
  travelling += 1;
  try {
    await goTo(locus);
  } finally {
    travelling -= 1;
  }
  if (view() !== location.hash) history.pushState(OURS, "", view());
}

// By Back and Forward, by hand or by a link. What the page shows until it has followed is not
// remembered: Back may be pressed again before that.
function addressChanged() {
  clearTimeout(remembering);
  travelling += 1;
  const follow = history.state ? goBack : restore;
  inTurn(async () => {
    try {
      await follow();
    } finally {
      travelling -= 1;
    }
    remember();
  });
}

// Back and forward change the place, and leave the markers that are shown meanwhile.
const goBack = () => goTo(viewInAddress().locus);

let find; // a place, as igv.js does it

// What is asked for in igv.js's box of regions and its menu of chromosomes is a jump, too; of a name
// that is none igv.js would say so in a dialog of its own.
function searchHere() {
  find = browser.search.bind(browser);
  browser.search = browser.doSearch = (locus) => inTurn(() => jump(locus.trim()));
}

// The address was changed by hand, or a link of this page was pasted into it.
async function restore() {
  const wanted = viewInAddress();
  if (wanted.markers) {
    await hide(shownOnes().filter((marker) => !wanted.markers.includes(marker.index)));
    await show(wanted.markers);
  }
  rescale(wanted.scale);
  await goTo(wanted.locus);
}

// igv.js would go to another place without a word.
function refuseSlip(locus) {
  const [, start, end] = /:([\d,]+)(?:-|\.\.)([\d,]+)$/.exec(locus) ?? [];
  const whole = (digits) => Number(digits.replaceAll(",", ""));
  if (start && whole(start) > whole(end)) throw new Error(`${locus} is turned: it ends before it begins`);
  const [, chrom, first, last] = /^([^\s:]+)\s+([\d,]+)[\s-]+([\d,]+)$/.exec(locus) ?? [];
  if (chrom) throw new Error(`nothing is found at ${locus}; type ${chrom}:${first}-${last}`);
}

async function goTo(locus) {
  if (!locus) return;
  refuseSlip(locus);
  const isThere = await find(locus);
  if (!isThere) throw new Error(`nothing is found at ${locus}${await ask(`advice?q=${encodeURIComponent(locus)}`)}`);
  byId("problem").hidden = true;
}
