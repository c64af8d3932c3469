"use strict";
// Where the page's answers come from: the server of `regtrack browse`. A page without a server has
// files.js in place of this.

async function answer(address) {
  const response = await fetch(address).catch(() => { throw new Error("The server of this page does not answer; is regtrack browse still running?"); });
  if (!response.ok) throw new Error(await response.text());
  return response;
}

const ask = async (address) => (await answer(address)).json();

// What the heatmap is drawn from, of columns `first` to `behind` of those that cut start to end: the
// cells of every marker, row after row, and a bit for each column in which measured peaks lie.
const glance = {
  async cells(question) {
    const response = await answer(`heatmap/cells?${new URLSearchParams(question)}`);
    return { ...question, first: 0, behind: question.columns, cells: new Uint16Array(await response.arrayBuffer()) };
  },
  async measured(question, row) {
    const response = await answer(`heatmap/measured?${new URLSearchParams({ ...question, first: row })}`);
    return new Uint8Array(await response.arrayBuffer());
  },
};

// What igv.js reads a file of the site by.
const fileAt = (address) => address;
