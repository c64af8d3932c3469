"use strict";
// Where the page's answers come from: the server of `regtrack browse`. A page without a server has
// files.js in place of this.

async function answer(address) {
  const found = await fetch(address).catch(() => { throw new Error("The server of this page does not answer; is regtrack browse still running?"); });
  if (!found.ok) throw new Error(await found.text());
  return found;
}

const ask = async (address) => (await answer(address)).json();

// What the heatmap is drawn from, of columns `first` to `behind` of those that cut start to end: the
// cells of every marker, row after row, and a bit for each column in which measured peaks lie.
const glance = {
  async cells(question) {
    const found = await answer(`heatmap/cells?${new URLSearchParams(question)}`);
    return { ...question, first: 0, behind: question.columns, cells: new Uint16Array(await found.arrayBuffer()) };
  },
  async measured(question, row) {
    const found = await answer(`heatmap/measured?${new URLSearchParams({ ...question, first: row })}`);
    return new Uint8Array(await found.arrayBuffer());
  },
};

// What igv.js reads a file of the site by.
const fileAt = (address) => address;
