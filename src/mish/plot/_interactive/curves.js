// The function and its derivatives, others beside them, and the point.

const WINDOWS = [[-6, 4], [-8, 8], [-3, 3]];
const DASHES = ["", "9 5", "9 4 2 4", "2 4", "14 4 2 4", "5 3", "1 4"];
const OTHERS = Object.entries(DATA.others);
const DECIMALS = 12;

const state = { order: 0, x: 1, window: 0, others: new Set(["silu"]) };
const curves = new Figure("curves", 760, 500);

const look = (number) => ({
  stroke: `var(--curve-${1 + (number % 5)})`,
  "stroke-dasharray": DASHES[1 + (number % (DASHES.length - 1))],
});

function sampled(order, [low, high]) {
  const count = 400;
  return Array.from({ length: count + 1 }, (_, k) => {
    const x = low + ((high - low) * k) / count;
    return [x, MISH[order](x)];
  });
}

function drawCurves() {
  const view = WINDOWS[state.window];
  const within = (points) => points.filter((p) => !p || (p[0] >= view[0] && p[0] <= view[1]));
  const ours = sampled(state.order, view);
  const beside = OTHERS.map(([name, table], number) => [name, table, number])
    .filter(([name]) => state.others.has(name))
    .map(([, table, number]) => [number, within(tabulated(table, state.order))]);
  const all = [ours, ...beside.map(([, points]) => points)].flat().filter(Boolean);
  const heights = all.map((point) => point[1]);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const margin = 0.1 * (high - low);
  Object.assign(byId("x"), { min: view[0], max: view[1] });
  curves.begin(view, [low - margin, high + margin]);
  for (const [number, points] of beside) curves.curve(points, { class: "curve", ...look(number) });
  curves.curve(ours, { class: "curve ours", stroke: "var(--curve-0)" });
  for (const mark of DATA.marks[state.order]) {
    if (mark.x >= view[0] && mark.x <= view[1]) drawMark(mark);
  }
  curves.tangent = curves.add("line", { class: "tangent", "clip-path": curves.clip });
  curves.point = curves.add("circle", {
    id: "point", class: "point", r: 9, tabindex: 0, role: "slider",
    "aria-label": "The point: x", "aria-valuemin": view[0], "aria-valuemax": view[1],
  });
  curves.point.addEventListener("keydown", byKey);
  movePoint(state.x);
}

function drawMark({ kind, x, y }) {
  const [a, b] = [curves.x(x), curves.y(y)];
  const made =
    kind === "zero"
      ? curves.add("rect", { x: a - 5, y: b - 5, width: 10, height: 10, class: "mark" })
      : kind === "inflection"
        ? curves.add("path", { d: `M${a} ${b - 7}l7 7l-7 7l-7-7z`, class: "mark" })
        : curves.add("circle", { cx: a, cy: b, r: 6, class: "mark extremum" });
  made.append(element("title", {}, `${kind} at x = ${shown(x, 4)}`));
}

function movePoint(wanted) {
  const [low, high] = WINDOWS[state.window];
  state.x = Math.min(Math.max(wanted, low), high);
  const { x, order } = state;
  const [y, slope] = [MISH[order](x), MISH[order + 1](x)];
  const { tangent, point } = curves;
  point.setAttribute("cx", curves.x(x));
  point.setAttribute("cy", curves.y(y));
  const ends = [low, high].map((end) => [curves.x(end), curves.y(y + slope * (end - x))]);
  ends.forEach(([a, b], number) => {
    tangent.setAttribute(`x${number + 1}`, a);
    tangent.setAttribute(`y${number + 1}`, b);
  });
  const value = `${DATA.labels[order]} = ${shown(y, DECIMALS)}`;
  point.setAttribute("aria-valuenow", x);
  point.setAttribute("aria-valuetext", `x = ${shown(x, 6)}, ${value}`);
  byId("value").textContent = `${value}\nslope ${shown(slope, DECIMALS)}`;
  if (document.activeElement !== byId("x")) byId("x").value = +x.toFixed(8);
  byId("numbers").replaceChildren(
    ...DATA.formulas.map((_, n) => row(DATA.labels[n], shown(MISH[n](x), DECIMALS))),
  );
}

function byKey(event) {
  const [low, high] = WINDOWS[state.window];
  const step = event.shiftKey ? 1 / 256 : 1 / 16;
  const moved = {
    ArrowRight: state.x + step, ArrowUp: state.x + step,
    ArrowLeft: state.x - step, ArrowDown: state.x - step,
    PageUp: state.x + 1, PageDown: state.x - 1, Home: low, End: high,
  }[event.key];
  if (moved === undefined) return;
  event.preventDefault();
  movePoint(moved);
}

function listMarks() {
  const rows = DATA.marks[state.order].map((mark) => {
    const there = document.createElement("button");
    there.type = "button";
    there.textContent = mark.digits;
    there.setAttribute("aria-label", `Move the point to the ${mark.kind} at ${mark.digits}`);
    there.addEventListener("click", () => movePoint(mark.x));
    return row(mark.kind, there, mark.kind === "zero" ? "0" : shown(mark.y, DECIMALS));
  });
  byId("marks").replaceChildren(...rows);
}

function startCurves() {
  segments("windows", WINDOWS.map(([a, b]) => minus(`${a} … ${b}`)), state.window, (number) => {
    state.window = number;
    drawCurves();
  });
  OTHERS.forEach(([name, table], number) => {
    const made = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "checkbox", value: name, checked: state.others.has(name) });
    input.addEventListener("change", () => {
      if (input.checked) state.others.add(name);
      else state.others.delete(name);
      drawCurves();
    });
    made.title = table.formula;
    made.append(input, swatch(look(number)), table.label);
    byId("others").append(made);
  });
  byId("x").addEventListener("input", (event) => {
    if (event.target.value !== "" && event.target.validity.valid) movePoint(+event.target.value);
  });
  const drag = (event) => event.buttons && movePoint(curves.place(event));
  curves.svg.addEventListener("pointerdown", (event) => {
    curves.svg.setPointerCapture(event.pointerId);
    drag(event);
    curves.point.focus({ preventScroll: true });
    event.preventDefault();
  });
  curves.svg.addEventListener("pointermove", drag);
  drawCurves();
  listMarks();
}
