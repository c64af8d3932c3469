"use strict";
// Light or dark: as the system has it, or as was chosen here, which this browser remembers. It
// stands in the head of the page, so that nothing is drawn in the other one first.

const theme = (() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const ofSystem = () => (system.matches ? "dark" : "light");
  const chosen = () => localStorage.getItem("theme");

  function apply() {
    root.dataset.theme = chosen() ?? ofSystem();
    document.dispatchEvent(new Event("themechange"));
  }

  // What the system has is not remembered: the page then follows it again.
  function toggle() {
    const wanted = root.dataset.theme === "dark" ? "light" : "dark";
    if (wanted === ofSystem()) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
    apply();
  }

  system.addEventListener("change", apply);
  apply();
  return { toggle, isDark: () => root.dataset.theme === "dark" };
})();
