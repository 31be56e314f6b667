// The two branches of the inverse.

const inverses = new Figure("inverse", 760, 400);
const BRANCHES = ["right", "left"];

function drawInverse() {
  const turn = DATA.minimum.x;
  inverses.begin([-0.5, 3], [-8, 3.5]);
  const sides = { right: [turn, 3.5], left: [LEAST, turn] };
  BRANCHES.forEach((branch, number) => {
    const points = sampled(0, sides[branch]).map(([x, y]) => [y, x]);
    const dash = number ? { "stroke-dasharray": "9 5" } : {};
    inverses.curve(points, { class: "curve ours", stroke: `var(--curve-${number})`, ...dash });
  });
  inverses.text(inverses.x(1.7), inverses.y(1.1), "right", "start", "note");
  inverses.text(inverses.x(0.1), inverses.y(-5), "left", "start", "note");
  inverses.text(inverses.right, inverses.bottom - 8, "y", "end");
  inverses.text(inverses.left + 8, inverses.top + 16, "x", "start");
  solve();
}

function startInverse() {
  const { x, value } = DATA.minimum;
  byId("minimum").textContent = `${shown(value, 6)} at x = ${shown(x, 6)}`;
  byId("y").addEventListener("input", solve);
  drawInverse();
}

function solve() {
  const input = byId("y");
  const y = input.value === "" ? NaN : +input.value;
  const found = BRANCHES.map((branch) => inverse(y, branch));
  inverses.svg.querySelectorAll(".point").forEach((each) => each.remove());
  for (const x of found) {
    if (Number.isNaN(x) || y > inverses.x1 || x < inverses.y0) continue;
    inverses.add("circle", { cx: inverses.x(y), cy: inverses.y(x), r: 7, class: "point" });
  }
  const lines = found.map((x, number) => {
    const told = Number.isNaN(x) ? "none" : `x = ${shown(x, 6)}`;
    return `${BRANCHES[number]} branch: ${told}`;
  });
  byId("inverse-values").textContent = lines.join("\n");
}
