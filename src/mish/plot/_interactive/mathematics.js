// Numbers: other activations from their tables, the inverse by bisection, and how they are shown.
// Mish itself is in MISH, by order, written by mish.symbolic.

const DATA = JSON.parse(byId("data").textContent);
const [LEAST, MOST] = DATA.range;

// The places of a table: a grid in which breaks between pieces stand twice.
function places(table) {
  const found = [];
  for (let k = 0; LEAST + k * DATA.step <= MOST; k++) {
    const x = LEAST + k * DATA.step;
    found.push(x);
    if (table.breaks.includes(x)) found.push(x);
  }
  return found;
}

// The points of another activation's curve; within a cell on the cubic by values and slopes.
function tabulated(table, order, pieces = 3) {
  const x = places(table);
  const [values, slopes] = [table.values[order], table.values[order + 1]];
  const points = [];
  for (let i = 0; i + 1 < x.length; i++) {
    const h = x[i + 1] - x[i];
    if (h === 0) {
      points.push([x[i], values[i]], null);
      continue;
    }
    for (let k = 0; k < pieces; k++) {
      const t = k / pieces;
      const from = (1 + 2 * t) * values[i] + t * h * slopes[i];
      const to = (3 - 2 * t) * values[i + 1] - (1 - t) * h * slopes[i + 1];
      points.push([x[i] + t * h, (1 - t) ** 2 * from + t ** 2 * to]);
    }
  }
  points.push([x.at(-1), values.at(-1)]);
  return points;
}

// Where Mish takes a value, on one side of its minimum; NaN where it does not.
function inverse(y, branch) {
  const { x: turn, value: least } = DATA.minimum;
  if (!(y >= least) || (branch === "left" && y >= 0)) return NaN;
  // right of the minimum mish(x) > x − 1; left of −700 it is 0 in double precision
  let [low, high] = branch === "right" ? [turn, Math.max(y, 0) + 1] : [-700, turn];
  const rising = branch === "right";
  for (let middle = (low + high) / 2; low < middle && middle < high; middle = (low + high) / 2) {
    if (MISH[0](middle) < y === rising) low = middle;
    else high = middle;
  }
  return high;
}

// A number to so many decimals, without zeros at its end.
function shown(value, decimals) {
  const text = value.toFixed(decimals).replace(/\.?0+$/, "");
  return minus(text === "-0" ? "0" : text);
}
