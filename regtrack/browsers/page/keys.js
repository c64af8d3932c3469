"use strict";
// The keyboard: arrows move, + and - zoom, / searches markers, g goes to the box of regions.

const STEP = 0.25; // of the view, at a stroke of an arrow; all of it with shift

function listenToKeys(igvBrowser) {
  const actions = {
    ArrowLeft: (event) => move(igvBrowser, event.shiftKey ? -1 : -STEP),
    ArrowRight: (event) => move(igvBrowser, event.shiftKey ? 1 : STEP),
    "+": () => igvBrowser.zoomIn(),
    "=": () => igvBrowser.zoomIn(), // the same key, without shift
    "-": () => igvBrowser.zoomOut(),
    "/": () => { putAway(false); byId("words").focus(); },
    g: () => regionBox(igvBrowser).select(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    inTurn(() => action(event));
  });
  // igv.js asks when the text has changed only, and then once more when the box is left.
  regionBox(igvBrowser).addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const wanted = event.target.value;
    const search = igvBrowser.doSearch;
    igvBrowser.doSearch = () => {};
    event.target.blur();
    igvBrowser.doSearch = search;
    search(wanted);
  });
}

const regionBox = (igvBrowser) => igvBrowser.root.querySelector(".igv-search-input");

function isTyping(event) {
  const [target] = event.composedPath();
  return target.matches?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
}

async function move(igvBrowser, views) {
  const frames = igvBrowser.referenceFrameList; // several, where several regions were asked for
  const width = igvBrowser.calculateViewportWidth(frames.length);
  for (const frame of frames) frame.shiftPixels(Math.round(views * width), width, true);
  await igvBrowser.updateViews();
}
