// The network: units with the numbers of the first sample, and a line for each weight.
"use strict";

const RADIUS = 18, COLUMN = 150, ROW = 42, LEFT = 48;

function svg(kind, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

// A number that fits in a unit; what is tiny beside the largest one is rounding, and is 0.
function inside(value, largest) {
  const tiny = Math.abs(value) < 1e-4 * largest;
  const text = !tiny && value && Math.abs(value) < 1e-3 ? value.toExponential(0) : (tiny ? 0 : value).toFixed(2);
  return text.replaceAll("-", "−");
}

// "W_2" as italic letters with a small index.
function label(name, x, y, suffix = "") {
  const group = svg("g", {});
  const [letter, index] = name.split("_");
  const text = svg("text", { class: "name", x, y });
  text.append(letter);
  if (index) text.append(svg("tspan", { dy: 4, "font-size": 10.5 }, index));
  if (suffix) text.append(svg("tspan", { dy: index ? -4 : 0 }, suffix));
  const wide = 16 + 7 * (letter.length + (index ? 1 : 0) + suffix.length);
  group.append(svg("rect", { class: "label", x: x - wide / 2, y: y - 11, width: wide, height: 22, rx: 4 }), text);
  return group;
}

class Picture {
  constructor(place, network) {
    Object.assign(this, network);
    this.parts = new Map();
    this.last = this.units.length - 1;
    this.tall = Math.max(...this.units) * ROW;
    this.top = 38 + this.tall / 2;
    this.low = this.tall + 92 + this.tall / 2;
    const extra = this.others.some((names) => names.length) ? 26 : 0;
    const width = LEFT * 2 + COLUMN * this.last + 60;
    const height = this.low + this.tall / 2 + 8 + extra;
    this.root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
    this.root.append(svg("title", {}, "The network; lit parts are used by this step"));
    this.layers = [svg("g", {}), svg("g", {})]; // lines below units
    this.root.append(...this.layers);
    this.root.append(svg("text", { class: "rest", x: width / 2, y: 10 }, "forward →"));
    this.root.append(svg("text", { class: "rest", x: width / 2, y: this.low - this.tall / 2 - 32 }, "← teaching signals"));
    this.drawForward();
    this.drawBack();
    this.drawOthers(height - 14);
    place.append(this.root);
  }

  x(column) { return LEFT + COLUMN * column; }

  y(middle, index, count) { return middle + ROW * (index - (count - 1) / 2); }

  part(name) {
    if (!this.parts.has(name)) this.parts.set(name, { groups: [], units: [], edges: [] });
    return this.parts.get(name);
  }

  group(names, layer) {
    const made = svg("g", {});
    this.layers[layer].append(made);
    for (const name of names) this.part(name).groups.push(made);
    return made;
  }

  // Units that show the first row of an array; other arrays light them, too.
  column(name, alsoLitBy, x, middle, count, square = false, suffix = "") {
    const group = this.group([name, ...alsoLitBy], 1);
    for (let i = 0; i < count; i++) {
      const y = this.y(middle, i, count);
      const at = square ? { x: x - RADIUS, y: y - RADIUS, width: 2 * RADIUS, height: 2 * RADIUS, rx: 4 } : { cx: x, cy: y, r: RADIUS };
      const shape = square ? "rect" : "circle";
      const [paper, unit, number] = [svg(shape, { class: "paper", ...at }), svg(shape, { class: "unit", ...at }), svg("text", { class: "number", x, y })];
      group.append(paper, unit, number);
      this.part(name).units.push([unit, number]);
    }
    group.append(label(name, x, middle - (count / 2) * ROW - 12, suffix));
  }

  // A line for each entry of a matrix, from units below to units above.
  matrix(name, entries, style, at) {
    const group = this.group([name, `d${name}`], 0);
    for (const [path, row, column] of entries) {
      const edge = svg("path", { class: `edge ${style}`, d: path });
      group.append(edge);
      this.part(name).edges.push([edge, row, column]);
    }
    const labels = this.group([name, `d${name}`], 1);
    labels.append(label(name, at[0], at[1], at[2] ?? ""));
  }

  drawForward() {
    for (let l = 1; l <= this.last; l++) {
      const entries = [], [below, above] = [this.units[l - 1], this.units[l]];
      for (let i = 0; i < below; i++) for (let j = 0; j < above; j++) {
        const line = `M${this.x(l - 1)} ${this.y(this.top, i, below)}L${this.x(l)} ${this.y(this.top, j, above)}`;
        entries.push([line, i, j]);
      }
      this.matrix(`W_${l}`, entries, "", [(this.x(l - 1) + this.x(l)) / 2, this.top - this.tall / 2 + 2]);
    }
    this.column("x", [], this.x(0), this.top, this.units[0]);
    for (let l = 1; l <= this.last; l++) this.column(`h_${l}`, [`a_${l}`, `b_${l}`, `db_${l}`], this.x(l), this.top, this.units[l], false, l === this.last ? " = ŷ" : "");
    this.column("y", [], this.x(this.last) + 60, this.top, this.units[this.last], true);
  }

  drawBack() {
    for (const way of this.back) {
      const entries = [], [from, to] = [this.units[way.from], this.units[way.to]];
      const deep = way.from - way.to > 1 ? 30 * (way.from - way.to) : 0;
      for (let i = 0; i < from; i++) for (let j = 0; j < to; j++) {
        const [x1, y1] = [this.x(way.from), this.y(this.low, i, from)];
        const [x2, y2] = [this.x(way.to), this.y(this.low, j, to)];
        const line = `M${x1} ${y1}Q${(x1 + x2) / 2} ${(y1 + y2) / 2 + deep} ${x2} ${y2}`;
        entries.push(way.transposed ? [line, j, i] : [line, i, j]);
      }
      const near = deep ? this.x(way.to) + COLUMN * 0.45 : (this.x(way.from) + this.x(way.to)) / 2;
      this.matrix(way.name, entries, "back", [near, this.low + deep / 2, way.transposed ? "ᵀ" : ""]);
      if (way.to === 0) this.column("x̃", [way.name], this.x(0), this.low, to, true);
    }
    for (let l = 1; l <= this.last; l++) this.column(`δ_${l}`, l === this.last ? ["e"] : [], this.x(l), this.low, this.units[l]);
  }

  drawOthers(y) {
    this.others.forEach((names, below) => names.forEach((name, i) => {
      this.group([name], 1).append(label(name, this.x(below + 1) + (i - (names.length - 1) / 2) * 44, y));
    }));
  }

  show(state, uses) {
    for (const [name, part] of this.parts) {
      const lit = uses.includes(name);
      for (const group of part.groups) if (lit) group.classList.add("lit");
      const content = state.get(name);
      this.showUnits(part.units, content);
      this.showEdges(part.edges, content, lit || uses.includes(`d${name}`));
    }
  }

  clear() { for (const part of this.parts.values()) for (const group of part.groups) group.classList.remove("lit"); }

  showUnits(units, content) {
    units.forEach(([unit, number], i) => {
      const value = content?.rows[0]?.[i];
      unit.style.fill = value === undefined ? "" : colour(value, content.largest);
      number.textContent = value === undefined ? "" : inside(value, content.largest);
    });
  }

  showEdges(edges, content, lit) {
    for (const [edge, row, column] of edges) {
      const value = content?.rows[row]?.[column] ?? 0;
      const part = content?.largest ? Math.abs(value) / content.largest : 0;
      edge.style.stroke = lit ? `rgb(var(--${value < 0 ? "negative" : "positive"}))` : "";
      edge.style.strokeWidth = lit ? (1 + 4 * part).toFixed(2) : "";
    }
  }
}

// A method's arrays as boxes.
class Boxes {
  constructor(place, network) {
    this.boxes = new Map();
    const root = element("div", "boxes");
    for (const column of network.columns) {
      const made = element("div");
      made.append(element("h3", "", column.title));
      for (const name of column.names) {
        const box = nameOf(name);
        this.boxes.set(name, box);
        made.append(box);
      }
      root.append(made);
    }
    place.append(root);
  }

  clear() { for (const box of this.boxes.values()) box.classList.remove("lit"); }

  show(state, uses) { for (const [name, box] of this.boxes) box.classList.toggle("lit", uses.includes(name)); }
}
