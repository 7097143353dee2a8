// The steps: what is shown, and how a reader moves through them.
"use strict";

const at = (id) => document.getElementById(id);
const phases = [...new Set(data.steps.map((step) => step.phase))];
const picture = new (data.network.kind === "units" ? Picture : Boxes)(at("network"), data.network);
const places = new Map(); // of all arrays, by name
let current = -1;

// All arrays after a step.
function stateAt(index) {
  const found = new Map();
  for (const step of data.steps.slice(0, index + 1))
    for (const [name, content] of Object.entries(step.sets)) found.set(name, data.contents[content]);
  return found;
}

function lineOf(line, kind) {
  const made = element("div", `code ${kind}`);
  if (kind === "runs") made.setAttribute("aria-current", "step");
  made.append(element("span", "", String(line.number)), element("span", "", line.code), element("span", "", line.marks));
  return made;
}

// A whole function with the lines that run, or of a caller only the line that waits.
function functionOf(call, kind) {
  const source = data.functions[call.function];
  const place = element("div", "file", kind === "runs" ? `${source.name} in ${source.file}` : `called by ${source.name}`);
  const lines = source.lines.filter((line) => kind === "runs" || call.lines.includes(line.number));
  return [place, ...lines.map((line) => lineOf(line, call.lines.includes(line.number) ? kind : ""))];
}

function showCode(step) {
  const code = at("code");
  code.replaceChildren();
  for (const caller of step.callers) code.append(...functionOf(caller, "waits"));
  if (step.call) code.append(...functionOf(step.call, "runs"));
  else code.append(element("div", "file", "No line of code belongs to this step."));
  const first = code.querySelector(".runs");
  const last = [...code.querySelectorAll(".runs")].pop();
  code.scrollTop = !first || last.offsetTop + last.offsetHeight < code.clientHeight ? 0 : first.offsetTop - code.clientHeight / 3;
}

function showLine(step) {
  at("equations").innerHTML = step.equations.map((text) => `<div>${text}</div>`).join("");
  at("says").innerHTML = step.says;
  at("reads").replaceChildren(...step.reads.map(operandOf));
  at("makes").replaceChildren(...step.makes.map(operandOf));
}

function makeGroups() {
  for (const group of data.groups) {
    const made = element("div", "group"), arrays = element("div", "arrays");
    made.append(element("h4", "", group.title), arrays);
    for (const name of group.names) {
      const place = element("div");
      arrays.append(place);
      places.set(name, [place, group.shapes[name]]);
    }
    at("state").append(made);
  }
}

function showState(state, step) {
  for (const [name, [place, shape]] of places) {
    const table = tableOf([nameOf(name)], state.get(name) ?? unknown(shape));
    if (name in step.sets) table.classList.add("new");
    else if (step.uses.includes(name)) table.classList.add("used");
    place.replaceChildren(table);
  }
}

function showWhere(index, step) {
  const marks = phases.map((phase) => element(phase === step.phase ? "b" : "span", "", phase));
  at("phase").replaceChildren(...marks);
  at("title").textContent = step.title;
  at("count").textContent = `Step ${index + 1} of ${data.steps.length}`;
  at("slider").value = index + 1;
  at("slider").setAttribute("aria-valuetext", `${index + 1} of ${data.steps.length}: ${step.title}`);
  at("back").setAttribute("aria-disabled", index === 0);
  at("next").setAttribute("aria-disabled", index === data.steps.length - 1);
}

function show(index) {
  const to = Math.max(0, Math.min(data.steps.length - 1, index));
  if (to === current) return;
  current = to;
  const step = data.steps[to], state = stateAt(to);
  showWhere(to, step);
  showLine(step);
  showCode(step);
  showState(state, step);
  picture.clear();
  picture.show(state, step.uses);
  try { history.replaceState(null, "", `#step=${to + 1}`); } catch { /* not allowed in some frames */ }
}

// Reserve the height of the largest step, so that nothing below moves.
function reserve() {
  const box = document.querySelector(".line");
  const step = data.steps[current];
  box.style.minHeight = "";
  let most = 0;
  for (const each of data.steps) {
    showLine(each);
    most = Math.max(most, box.offsetHeight);
  }
  box.style.minHeight = `${Math.min(most, 640)}px`;
  showLine(step);
}

function fromHash() {
  const found = /step=(\d+)/.exec(location.hash);
  show(found ? Number(found[1]) - 1 : Math.max(0, current));
}

const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1, Home: -Infinity, End: Infinity };

function pressed(event) {
  const move = KEYS[event.key];
  if (move === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  show(Number.isFinite(move) ? current + move : move > 0 ? data.steps.length - 1 : 0);
}

// A swipe: far enough, sideways, and not where something scrolls sideways.
let touch = null;
function touched(event) {
  const scrolls = event.target.closest("nav") || [...event.composedPath()].some((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === "auto");
  touch = scrolls || event.touches.length > 1 ? null : event.touches[0];
}
function released(event) {
  if (!touch) return;
  const end = event.changedTouches[0];
  const [dx, dy] = [end.clientX - touch.clientX, end.clientY - touch.clientY];
  touch = null;
  if (Math.abs(dx) > 50 && Math.abs(dx) > 2 * Math.abs(dy)) show(current + (dx < 0 ? 1 : -1));
}

function makeLegend() {
  const units = data.network.kind === "units";
  const entries = [["scale", "each array from − its largest number to + its largest number"]];
  if (units) entries.push(["stroke", "W"], ["stroke dashed", "way back"]);
  entries.push(["ring", units ? "used by this step; units show the first sample" : "used by this step"]);
  for (const [kind, words] of entries) {
    const made = element("li");
    made.append(element("i", kind), words);
    at("legend").append(made);
  }
}

at("rule").textContent = `${data.title} (${data.name})`;
at("question").innerHTML = data.question;
at("slider").max = data.steps.length;
at("slider").addEventListener("input", (event) => show(Number(event.target.value) - 1));
at("back").addEventListener("click", () => show(current - 1));
at("next").addEventListener("click", () => show(current + 1));
addEventListener("keydown", pressed);
addEventListener("hashchange", fromHash);
addEventListener("touchstart", touched, { passive: true });
addEventListener("touchend", released, { passive: true });
addEventListener("resize", reserve);
makeLegend();
makeGroups();
fromHash();
reserve();
