// Drawing in SVG: a figure with two scales, a grid, and lines in them.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

const byId = (id) => document.getElementById(id);
const minus = (text) => String(text).replaceAll("-", "−");

// As in page.css: from here on letters would be too small in a wide figure.
const NARROW = matchMedia("(max-width: 50rem)");

class Figure {
  constructor(id, width, height) {
    this.svg = byId(id);
    this.size = [width, height];
  }

  // Begin anew with these ends of the axes; `log` is of the vertical one.
  begin([x0, x1], [y0, y1], log = false) {
    const [width, height] = NARROW.matches ? [400, 320] : this.size;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    [this.left, this.right, this.top, this.bottom] = [52, width - 12, 12, height - 36];
    Object.assign(this, { x0, x1, y0, y1, log });
    this.svg.replaceChildren();
    for (const x of ticks(x0, x1)) {
      const at = this.x(x);
      const kind = x ? "grid" : "axis";
      this.add("line", { x1: at, x2: at, y1: this.top, y2: this.bottom, class: kind });
      this.text(at, this.bottom + 22, minus(x), "middle");
    }
    for (const y of log ? decades(y0, y1) : ticks(y0, y1)) {
      const at = this.y(y);
      const kind = y || log ? "grid" : "axis";
      this.add("line", { x1: this.left, x2: this.right, y1: at, y2: at, class: kind });
      this.text(this.left - 8, at + 5, minus(y), "end");
    }
    const clip = `${this.svg.id}-clip`;
    const inside = element("clipPath", { id: clip });
    const [w, h] = [this.right - this.left, this.bottom - this.top];
    inside.append(element("rect", { x: this.left, y: this.top, width: w, height: h }));
    this.svg.append(inside);
    this.clip = `url(#${clip})`;
  }

  x(value) {
    return this.left + ((value - this.x0) / (this.x1 - this.x0)) * (this.right - this.left);
  }

  y(value) {
    const of = this.log ? Math.log10 : (each) => each;
    const share = (of(value) - of(this.y0)) / (of(this.y1) - of(this.y0));
    // far outside is as good as outside, and SVG has no large numbers
    return this.bottom - Math.min(Math.max(share, -9), 9) * (this.bottom - this.top);
  }

  // What x a pointer is at.
  place(event) {
    const box = this.svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * this.svg.viewBox.baseVal.width;
    return this.x0 + ((at - this.left) / (this.right - this.left)) * (this.x1 - this.x0);
  }

  add(name, attributes, text) {
    const made = element(name, attributes, text);
    this.svg.append(made);
    return made;
  }

  text(x, y, text, anchor, kind = "") {
    return this.add("text", { x, y, "text-anchor": anchor, class: kind }, text);
  }

  // A line through points; null begins a new piece.
  curve(points, attributes) {
    let pen = "M";
    let path = "";
    for (const point of points) {
      if (point) path += `${pen}${this.x(point[0]).toFixed(1)} ${this.y(point[1]).toFixed(1)}`;
      pen = point ? "L" : "M";
    }
    return this.add("path", { d: path, "clip-path": this.clip, ...attributes });
  }
}

function ticks(low, high) {
  const rough = (high - low) / 7;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(+(k * step).toFixed(6));
  return found;
}

function decades(low, high) {
  const found = [];
  for (let k = Math.round(Math.log10(low)); 10 ** k <= high; k++) found.push(+`1e${k}`);
  return found;
}

// A group of radio buttons that look like one bar; `chosen` is called with the number.
function segments(id, labels, first, chosen) {
  labels.forEach((label, number) => {
    const made = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: id, value: number, checked: number === first });
    input.addEventListener("change", () => chosen(number));
    made.append(input, label);
    byId(id).append(made);
  });
}

// What a line looks like, in front of its name.
function swatch(look) {
  const made = element("svg", { viewBox: "0 0 26 8", width: 26, height: 8, "aria-hidden": "true" });
  made.append(element("line", { x2: 26, y1: 4, y2: 4, "stroke-width": 3, ...look }));
  return made;
}

// A row of a table: a heading and cells, which are texts or elements.
function row(heading, ...cells) {
  const made = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = heading;
  made.append(head);
  for (const cell of cells) made.insertCell().append(cell);
  return made;
}
