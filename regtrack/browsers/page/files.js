"use strict";
// Where the page's answers come from without a server of regtrack's: files that `regtrack browse
// --export` wrote, on any web server or, all of them packed, in the page itself.

const packed = JSON.parse(document.getElementById("packed")?.textContent ?? "null"); // address -> base64

const bytesOf = (address) => Uint8Array.from(atob(packed[address]), (letter) => letter.charCodeAt(0));

// What igv.js reads a file of the site by.
const fileAt = (address) => (packed ? new File([bytesOf(address)], address) : address);

async function answer(address) {
  if (packed) return new Response(bytesOf(address));
  const response = await fetch(address).catch(() => { throw new Error(`${address} cannot be read; this page needs a web server that answers byte ranges`); });
  if (!response.ok) throw new Error(`${address} is missing on the web server (${response.status})`);
  return response;
}

const texts = new Map(); // address -> what it holds, or will

// Made anew each time: igv.js writes into what it is given.
async function json(address) {
  if (!texts.has(address)) texts.set(address, answer(address).then((response) => response.text()));
  return JSON.parse(await texts.get(address));
}

// The same questions as to the server, regtrack/browsers/server.py.
async function ask(address) {
  const [question, query] = address.split("?");
  const words = new URLSearchParams(query);
  if (question === "search") return search(words.get("q"));
  if (question === "advice") return "";
  if (query) return within(question, words.get("chrom"), Number(words.get("start")), Number(words.get("end")));
  return json(question.includes(".") ? question : `answers/${question}.json`);
}

async function within(question, chrom, start, end) {
  const { chroms, held } = await json("answers/held.json");
  const number = chroms.indexOf(chrom);
  if (!held[question]?.includes(number)) return [];
  const features = await json(`answers/${question}/${number}.json`);
  return features.filter((feature) => feature.start < end && feature.end > start);
}

// `COMT`, with site.flank bases on each side, or `COMT+-50kb`: as regtrack/genome/gene_index.py has it.
const AROUND = /^(.+?)\s*(?:\+\/?-|±)\s*([\d,]{1,15}(?:\.\d{1,6})?)\s*(bp?|kb?|mb?|)$/i;
const UNITS = { "": 1, B: 1, K: 1_000, M: 1_000_000 };

async function search(text) {
  const [, before, digits, unit] = text.trim().match(AROUND) ?? [null, text.trim(), String(site.flank), ""];
  const around = Math.round(Number(digits.replaceAll(",", "")) * UNITS[unit.slice(0, 1).toUpperCase()]);
  const name = before.toUpperCase();
  const names = await json("answers/names.json");
  const gene = names[name] ?? names[Object.keys(names).find((other) => other.startsWith(name))];
  if (!name || !gene) return [];
  const { bpLength } = browser.genome.getChromosome(gene.chromosome);
  return [{ ...gene, start: Math.max(gene.start - around, 1), end: Math.min(gene.end + around, bpLength) }];
}

// Of the heatmap one file holds the answers about its region, whatever is in view of it.
const glance = {
  async cells({ chrom, start, end }) {
    const held = site.heatmap;
    if (chrom !== held.chrom || start >= held.end || end <= held.start) return null;
    // Column i begins at base i * bases / columns: these are the last ones that do not begin after a base.
    const columnOf = (base) => Math.floor(((base - held.start + 1) * held.columns - 1) / (held.end - held.start));
    const [first, last] = [Math.max(start, held.start), Math.min(end, held.end) - 1].map(columnOf);
    const cells = new Uint16Array(await unzipped("answers/heatmap/cells"));
    return { start: held.start, end: held.end, columns: held.columns, first, behind: last + 1, cells };
  },
  measured: async () => new Uint8Array(await unzipped("answers/heatmap/measured")),
};

const arrays = new Map(); // address -> its bytes, or a promise of them

function unzipped(address) {
  if (!arrays.has(address)) {
    const stream = new Blob([bytesOf(address)]).stream().pipeThrough(new DecompressionStream("gzip"));
    arrays.set(address, new Response(stream).arrayBuffer());
  }
  return arrays.get(address);
}
