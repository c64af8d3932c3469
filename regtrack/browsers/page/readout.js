"use strict";
// What lies under the pointer, in words, beside it.

function readOut(igvBrowser) {
  const box = byId("readout");
  const hide = () => { box.hidden = true; };

  igvBrowser.columnContainer.addEventListener("mousemove", (event) => {
    const words = event.buttons === 0 && under(igvBrowser, event);
    if (!words || !words.lines.length) return hide();
    box.replaceChildren(
      element("b", {}, words.title),
      element("span", { className: "quiet" }, words.where),
      ...words.lines.map(([word, text]) => element("span", {}, element("span", { className: "quiet" }, word && `${word}: `), text)),
    );
    box.hidden = false;
    // Left of the pointer where there is no room at its right; never below the window's end.
    const { width, height } = box.getBoundingClientRect();
    const left = event.clientX + 16 + width > window.innerWidth ? event.clientX - 16 - width : event.clientX + 16;
    box.style.left = `${Math.max(4, left)}px`;
    box.style.top = `${Math.max(4, Math.min(event.clientY + 16, window.innerHeight - height - 4))}px`;
  });
  igvBrowser.columnContainer.addEventListener("mouseleave", hide);
  igvBrowser.columnContainer.addEventListener("mousedown", hide);
  igvBrowser.on("locuschange", hide);
  // igv.js would show a box without a title on a click.
  igvBrowser.on("trackclick", () => false);
}

function under(igvBrowser, event) {
  for (const { track, viewports } of igvBrowser.trackViews) {
    const viewport = viewports.find((candidate) => candidate.$viewport[0].contains(event.target));
    if (!viewport) continue;
    const state = viewport.createClickState(event);
    if (!state) return null;
    const where = whereOf(igvBrowser, state);
    if (track instanceof Row) return { title: track.name ?? track.config.heading.name, where, lines: track.describe(state) };
    if (track.type !== "annotation") return null;
    const genes = track.clickedFeatures(state);
    const lines = genes.map((gene) => [gene.name ?? track.name, `${place(gene.chr, gene.start, gene.end)}, ${bases(gene.end - gene.start)}, strand ${gene.strand ?? "."}`]);
    return { title: track.name, where, lines };
  }
  return null;
}

// Position under the pointer, 1-based; on the whole genome, igv.js counts on from one chromosome to the next.
function whereOf(igvBrowser, { referenceFrame, genomicLocation }) {
  const base = Math.floor(genomicLocation);
  const { chr, position } = referenceFrame.chr === "all" ? igvBrowser.genome.getChromosomeCoordinate(base) : { chr: referenceFrame.chr, position: base };
  return `${chr}:${(Math.floor(position) + 1).toLocaleString("en")}`;
}
