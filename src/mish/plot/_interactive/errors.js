// Errors in ulp, as they were measured when the page was made.

const errors = new Figure("errors", 1100, 420);
const FLOOR = 0.1;
const measured = { picture: 0, bin: 0 };

function ulps(worst) {
  if (worst === null) return "no number here";
  return worst === "inf" ? "NaN or ∞" : String(worst);
}

function errorLook(curve, number) {
  return curve.ours
    ? { class: "curve ours", stroke: "var(--curve-0)" }
    : { class: "curve", stroke: `var(--curve-${1 + (number % 5)})`, "stroke-dasharray": DASHES[number] };
}

function drawErrors() {
  const { interval, bound, pictures } = DATA.errors;
  const { curves: all } = pictures[measured.picture];
  const bins = all[0].worst.length;
  const width = (interval[1] - interval[0]) / bins;
  const numbers = all.flatMap((each) => each.worst).filter(Number.isFinite);
  const top = Math.max(bound, ...numbers);
  errors.begin(interval, [FLOOR, 10 ** Math.max(Math.ceil(Math.log10(top) + 0.3), 2)], true);
  const middle = (bin) => interval[0] + (bin + 0.5) * width;
  all.forEach((curve, number) => {
    const points = curve.worst.map((worst, bin) =>
      Number.isFinite(worst) ? [middle(bin), Math.max(worst, FLOOR)] : null,
    );
    errors.curve(points, errorLook(curve, number));
    curve.worst.forEach((worst, bin) => {
      if (worst === "inf") errors.text(errors.x(middle(bin)), errors.top + 12, "▼", "middle", "note");
    });
  });
  const height = errors.y(bound);
  errors.add("line", { x1: errors.left, x2: errors.right, y1: height, y2: height, class: "bound" });
  errors.text(errors.right - 4, height - 6, `bound of mish: ${bound} ulp`, "end", "note");
  errors.cursor = errors.add("line", { y1: errors.top, y2: errors.bottom, class: "tangent" });
  Object.assign(byId("error-x"), { min: 0, max: bins - 1, step: 1, value: measured.bin });
  readErrors();

  function readErrors() {
    const at = middle(measured.bin);
    errors.cursor.setAttribute("x1", errors.x(at));
    errors.cursor.setAttribute("x2", errors.x(at));
    const place = `near x = ${shown(at, 1)}`;
    byId("error-place").textContent = place;
    byId("error-x").setAttribute("aria-valuetext", place);
    const label = DATA.labels[pictures[measured.picture].order];
    byId("error-caption").textContent = `Errors of ${label} in ${DATA.errors.dtype}, in ulp`;
    const rows = all.map((curve, number) => {
      const worst = curve.worst.includes("inf")
        ? "inf"
        : Math.max(...curve.worst.filter((each) => each !== null));
      const made = row(` ${curve.label}`, ulps(worst), ulps(curve.worst[measured.bin]));
      const swatch = element("svg", { viewBox: "0 0 26 8", width: 26, height: 8, "aria-hidden": "true" });
      swatch.append(element("line", { x2: 26, y1: 4, y2: 4, "stroke-width": 3, ...errorLook(curve, number) }));
      made.cells[0].prepend(swatch);
      return made;
    });
    byId("error-numbers").replaceChildren(...rows);
  }
  errors.read = readErrors;
}

function startErrors() {
  const labels = DATA.errors.pictures.map(({ order }) => DATA.labels[order]);
  measured.bin = Math.floor(DATA.errors.pictures[0].curves[0].worst.length / 2);
  segments("error-orders", labels, 0, (number) => {
    measured.picture = number;
    drawErrors();
  });
  byId("error-x").addEventListener("input", (event) => {
    measured.bin = +event.target.value;
    errors.read();
  });
  drawErrors();
}
