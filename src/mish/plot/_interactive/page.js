// The parts put together: orders, formulas, light and dark.

const NOTATIONS = { unicode: "Unicode", latex: "LaTeX", python: "Python", c: "C" };
let notation = "unicode";

function showFormula() {
  byId("formula").textContent = DATA.formulas[state.order][notation];
  byId("copied").textContent = "";
}

async function copyFormula() {
  const text = byId("formula").textContent;
  try {
    await navigator.clipboard.writeText(text);
    byId("copied").textContent = "Copied";
  } catch {
    // not every browser lets a file write there
    getSelection().selectAllChildren(byId("formula"));
    byId("copied").textContent = "Selected: copy it by Ctrl+C";
  }
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  const other = name === "dark" ? "Light" : "Dark";
  byId("theme").textContent = other;
  byId("theme").setAttribute("aria-label", `${other}: change the theme`);
}

const darkness = matchMedia("(prefers-color-scheme: dark)");
setTheme(darkness.matches ? "dark" : "light");
darkness.addEventListener("change", () => setTheme(darkness.matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
});

segments("orders", DATA.formulas.map((_, n) => String(n)), 0, (order) => {
  state.order = order;
  drawCurves();
  listMarks();
  showFormula();
});
segments("notations", Object.values(NOTATIONS), 0, (number) => {
  notation = Object.keys(NOTATIONS)[number];
  showFormula();
});
byId("copy").addEventListener("click", copyFormula);
byId("version").textContent = DATA.version;

NARROW.addEventListener("change", () => {
  for (const draw of [drawCurves, drawInverse, drawErrors]) draw();
});

startCurves();
startInverse();
startErrors();
showFormula();
