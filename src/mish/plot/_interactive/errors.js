// Errors in ulp, as they were measured when the page was made.

const errors = new Figure("errors", 1100, 420);
const FLOOR = 0.1;
const measured = { picture: 0, bin: 0 };

function middle(bin) {
  const { interval, pictures } = DATA.errors;
  const width = (interval[1] - interval[0]) / pictures[0].curves[0].worst.length;
  return interval[0] + (bin + 0.5) * width;
}

function ulps(worst) {
  if (worst === null) return "no number here";
  return worst === "inf" ? "NaN or ∞" : String(worst);
}

function errorLook({ ours }, number) {
  if (ours) return { class: "curve ours", stroke: "var(--curve-0)" };
  const stroke = `var(--curve-${1 + (number % 5)})`;
  return { class: "curve", stroke, "stroke-dasharray": DASHES[number % DASHES.length] };
}

function drawErrors() {
  const { interval, bound, pictures } = DATA.errors;
  const { curves: all } = pictures[measured.picture];
  const bins = all[0].worst.length;
  const numbers = all.flatMap((each) => each.worst).filter(Number.isFinite);
  const top = Math.max(bound, ...numbers);
  errors.begin(interval, [FLOOR, 10 ** Math.max(Math.ceil(Math.log10(top) + 0.3), 2)], true);
  all.forEach((curve, number) => {
    const points = curve.worst.map((worst, bin) =>
      Number.isFinite(worst) ? [middle(bin), Math.max(worst, FLOOR)] : null,
    );
    errors.curve(points, errorLook(curve, number));
    curve.worst.forEach((worst, bin) => {
      if (worst !== "inf") return;
      errors.text(errors.x(middle(bin)), errors.top + 12, "▼", "middle", "note");
    });
  });
  const height = errors.y(bound);
  errors.add("line", { x1: errors.left, x2: errors.right, y1: height, y2: height, class: "bound" });
  errors.text(errors.right - 4, height - 6, `bound of mish: ${bound} ulp`, "end", "note");
  errors.cursor = errors.add("line", { y1: errors.top, y2: errors.bottom, class: "tangent" });
  Object.assign(byId("error-x"), { min: 0, max: bins - 1, step: 1, value: measured.bin });
  readErrors();
}

// What lies under the cursor.
function readErrors() {
  const { pictures, dtype } = DATA.errors;
  const { order, curves: all } = pictures[measured.picture];
  const at = middle(measured.bin);
  errors.cursor.setAttribute("x1", errors.x(at));
  errors.cursor.setAttribute("x2", errors.x(at));
  const place = `near x = ${shown(at, 1)}`;
  byId("error-place").textContent = place;
  byId("error-x").setAttribute("aria-valuetext", place);
  byId("error-caption").textContent = `Errors of ${DATA.labels[order]} in ${dtype}, in ulp`;
  const rows = all.map((curve, number) => {
    const worst = curve.worst.includes("inf")
      ? "inf"
      : Math.max(...curve.worst.filter((each) => each !== null));
    const made = row(` ${curve.label}`, ulps(worst), ulps(curve.worst[measured.bin]));
    made.cells[0].prepend(swatch(errorLook(curve, number)));
    return made;
  });
  byId("error-numbers").replaceChildren(...rows);
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
    readErrors();
  });
  drawErrors();
}
