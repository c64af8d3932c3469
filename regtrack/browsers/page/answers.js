"use strict";
// Where the page's answers come from: the server of `regtrack browse`. A page without a server has
// files.js in place of this.

async function answer(address) {
  const found = await fetch(address).catch(() => { throw new Error("The server of this page does not answer; is regtrack browse still running?"); });
  if (!found.ok) throw new Error(await found.text());
  return found;
}

const ask = async (address) => (await answer(address)).json();

// What igv.js reads a file of the site by.
const fileAt = (address) => address;
