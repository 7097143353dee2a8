// Arrays as tables of coloured cells.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);

function element(kind, kindOfIt = "", text = "") {
  const made = document.createElement(kind);
  if (kindOfIt) made.className = kindOfIt;
  if (text) made.textContent = text;
  return made;
}

// A name as HTML; Python has escaped it.
function nameOf(name) {
  const made = element("span");
  made.innerHTML = data.names[name] ?? "";
  return made;
}

function colour(value, largest) {
  if (typeof value !== "number" || !value || !largest) return "transparent";
  const part = Math.min(1, Math.abs(value) / largest).toFixed(3);
  return `rgba(var(--${value > 0 ? "positive" : "negative"}), calc(var(--strength) * ${part}))`;
}

function written(value, content) {
  if (typeof value !== "number") return value;
  const text = (value / 10 ** content.power).toFixed(content.digits);
  return (/^-[0.]*$/.test(text) ? text.slice(1) : text).replace("-", "−");
}

function shapeText(content) {
  const shape = content.shape;
  const power = content.power ? ` in 10^${content.power}` : "";
  return ` (${shape.join(", ")}${shape.length === 1 ? "," : ""})${power}`;
}

function rowOf(row, content) {
  const made = element("tr");
  for (const value of row) {
    const cell = element("td", content.unknown ? "none" : "", written(value, content));
    cell.style.background = content.unknown ? "" : colour(value, content.largest);
    made.append(cell);
  }
  return made;
}

function tableOf(caption, content) {
  const made = element("div", "array");
  const table = element("table");
  const head = element("caption");
  head.append(...caption, element("small", "", shapeText(content)));
  table.append(head, ...content.rows.map((row) => rowOf(row, content)));
  made.append(table);
  if (content.more) made.append(element("div", "more", `and ${content.more} more rows`));
  return made;
}

// A name, also as it is called in the network: "B = B_2".
function captionOf(operand) {
  const known = operand.as && operand.as !== operand.name;
  return known ? [nameOf(operand.name), " = ", nameOf(operand.as)] : [nameOf(operand.name)];
}

// An array before and after the step, or a word.
function operandOf(operand) {
  const content = data.contents[operand.content];
  if (content.text !== undefined) {
    const made = element("div", "word");
    made.append(...captionOf(operand), ` = ${content.text}`);
    return made;
  }
  const made = element("div", "pair");
  const before = data.contents[operand.before];
  if (before?.rows) made.append(tableOf([...captionOf(operand), " before"], before));
  made.append(tableOf([...captionOf(operand), before ? " after" : ""], content));
  return made;
}

// As large as an array that will be computed later, so that nothing moves then.
function unknown(shape) {
  const columns = shape.length ? shape[shape.length - 1] : 1;
  const count = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const rows = Array.from({ length: Math.min(count, 6) }, () => Array(columns).fill(""));
  return { shape, rows, more: Math.max(0, count - 6), power: 0, unknown: true };
}
