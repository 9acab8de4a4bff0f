// The tables as an entity diagram: who refers to whom, from left to right.
const LINE = 17, HEAD = 24, MOST = 18;
let boxes = [];
let wires = [];
let look = { x: 0, y: 0, k: 1, w: 0, h: 0 };
let er = null;

function box(shape) {
  const primary = keyed(shape, "primary key"), foreign = keyed(shape, "foreign key");
  let lines = shape.columns.map((one) => ({ ...one, pk: primary.has(one.name.toLowerCase()), fk: foreign.has(one.name.toLowerCase()) }));
  if (lines.length > MOST && !DATA.focus.length) {
    // Keys and what differs stay; of the rest as many as there is room for.
    const must = new Set(lines.filter((one) => one.pk || one.fk || one.state));
    let room = MOST - 1 - must.size;
    const shown = lines.filter((one) => must.has(one) || room-- > 0);
    const left = lines.length - shown.length;
    lines = left ? [...shown, { name: `+ ${left} more`, text: "", more: true, certain: true }] : shown;
  }
  const short = (text) => (text.length > 34 ? `${text.slice(0, 33)}\u2026` : text);
  for (const one of lines) { one.shownName = short(one.name); one.shownType = short(one.text === null ? "?" : shortType(one.text || "")); }
  const nameWide = Math.max(...lines.map((one) => one.shownName.length), 4);
  const typeWide = Math.max(...lines.map((one) => one.shownType.length), 1);
  const w = Math.max((nameWide + typeWide) * 7 + 62, Math.min(shape.name.length, 40) * 7.8 + 40);
  return { shape, lines, w, h: HEAD + lines.length * LINE + 6, typeAt: 34 + nameWide * 7 + 12, x: 0, y: 0 };
}

/** Place the boxes: what is referred to left of what refers to it, columns of about one height. */
function place() {
  const byNumber = new Map(boxes.map((one) => [one.shape.number, one]));
  const byName = new Map(boxes.map((one) => [one.shape.name.toLowerCase(), one]));
  wires = [];
  for (const from of boxes) {
    from.up = from.up || [];
    const wire = (key, state) => {
      const to = (key.target !== null && byNumber.get(key.target)) || byName.get((key.refers || "").toLowerCase());
      if (!to) return;
      wires.push({ from, to, key, state });
      if (to !== from) from.up.push(to);
    };
    for (const key of from.shape.keys) if (key.kind === "foreign key") wire(key, key.state);
  }
  const linked = new Set(wires.flatMap((one) => (one.from === one.to ? [] : [one.from, one.to])));
  const rank = new Map();
  const ranked = (one, path) => {
    if (rank.has(one)) return rank.get(one);
    if (path.has(one)) return 0;
    path.add(one);
    const found = Math.max(-1, ...one.up.map((other) => ranked(other, path))) + 1;
    path.delete(one);
    rank.set(one, found);
    return found;
  };
  const columns = [];
  for (const one of boxes) if (linked.has(one)) { const at = ranked(one, new Set()); (columns[at] = columns[at] || []).push(one); }
  const alone = boxes.filter((one) => !linked.has(one)).sort((a, b) => a.shape.name.localeCompare(b.shape.name));
  const area = boxes.reduce((sum, one) => sum + (one.w + 90) * (one.h + 26), 0);
  const tall = Math.max(420, Math.sqrt(area / 1.7));
  let x = 0, bottom = 0;
  const seat = (column) => {
    let y = 0, w = 0;
    for (const one of column) {
      if (y && y + one.h > tall) { x += w + 40; y = 0; w = 0; }
      one.x = x; one.y = y; y += one.h + 26; w = Math.max(w, one.w); bottom = Math.max(bottom, y);
    }
    x += w + 90;
  };
  for (const column of columns.filter(Boolean)) {
    // Near to what it refers to: sorted by the middle of these.
    const middle = (one) => { const ups = one.up.filter((other) => rank.get(other) < rank.get(one)); return ups.length ? ups.reduce((sum, other) => sum + other.y + other.h / 2, 0) / ups.length : 0; };
    column.sort((a, b) => middle(a) - middle(b) || a.shape.name.localeCompare(b.shape.name));
    seat(column);
  }
  if (alone.length) {
    let y = bottom ? bottom + 10 : 0, line = 0, at = 0;
    const wide = Math.max(x, tall * 1.7);
    for (const one of alone) {
      if (at && at + one.w > wide) { at = 0; y += line + 26; line = 0; }
      one.x = at; one.y = y; at += one.w + 30; line = Math.max(line, one.h);
    }
  }
}

function drawBox(one) {
  const { shape } = one;
  const node = vector("g", { class: `er ${shape.state} ${shape.certain ? "" : "unsure"}`, transform: `translate(${one.x} ${one.y})`, tabindex: -1 });
  const title = vector("title", {});
  title.textContent = `${shape.name}${shape.certain ? "" : ": not all of it is certain"}`;
  node.append(title, vector("rect", { class: "body", width: one.w, height: one.h, rx: 6 }), vector("path", { class: "bar", d: `M0.5 ${HEAD}V6a5.5 5.5 0 0 1 5.5 -5.5H${one.w - 6}a5.5 5.5 0 0 1 5.5 5.5V${HEAD}z` }));
  const bar = node.lastChild;
  bar.style.fill = shape.state ? `var(--${{ add: "goodback", del: "badback", mod: "warnback" }[shape.state]})` : "var(--code)";
  const text = (cls, x, y, words) => { const made = vector("text", { class: cls, x, y }); made.textContent = words; node.append(made); return made; };
  const name = shape.name.length > 40 ? `${shape.name.slice(0, 39)}\u2026` : shape.name;
  text(`t ${shape.state === "del" ? "del" : ""}`, 10, 16, `${shape.state ? `${SIGNS[shape.state]} ` : ""}${name}${shape.certain ? "" : " ?"}`);
  const far = text("tf", one.w / 2, one.h / 2, `${shape.state ? `${SIGNS[shape.state]} ` : ""}${name}`);
  far.style.setProperty("--far", `${Math.min(34, (one.w - 12) / (name.length + 1) / 0.6)}px`);
  one.lines.forEach((column, at) => {
    const y = HEAD + at * LINE;
    if (column.state) node.append(vector("rect", { class: `line ${column.state}`, x: 1, y: y + 2, width: one.w - 2, height: LINE }));
    if (column.pk || column.fk) text(`k ${column.fk && !column.pk ? "fk" : ""}`, 8, y + 14, column.pk ? "PK" : "FK");
    text(column.state === "del" ? "del" : column.more ? "ty" : "", 30, y + 14, column.shownName + (column.certain ? "" : " ?"));
    text(`ty ${column.state === "del" ? "del" : ""}`, one.typeAt, y + 14, column.shownType);
    one.lines[at].y = y + 11;
  });
  node.addEventListener("click", () => { if (!moved && shape.number !== null) chooseTable(shape.number, true); });
  one.node = node;
  return node;
}

function drawWire(wire) {
  const { from, to, key } = wire;
  const at = (one, name) => { const found = one.lines.find((line) => line.name.toLowerCase() === (name || "").toLowerCase()); return one.y + (found ? found.y : HEAD / 2); };
  const y0 = at(from, key.columns[0]), y1 = at(to, key.referred[0] || (to.lines.find((line) => line.pk) || {}).name);
  let x0, x1, c0, c1;
  if (to === from) { x0 = x1 = from.x + from.w; c0 = c1 = x0 + 34; }
  else if (to.x + to.w <= from.x) { x0 = from.x; x1 = to.x + to.w; const bend = Math.max(30, (x0 - x1) / 2); c0 = x0 - bend; c1 = x1 + bend; }
  else if (to.x >= from.x + from.w) { x0 = from.x + from.w; x1 = to.x; const bend = Math.max(30, (x1 - x0) / 2); c0 = x0 + bend; c1 = x1 - bend; }
  else { x0 = from.x; x1 = to.x; c0 = c1 = Math.min(x0, x1) - 40; }
  const side = x1 <= c1 ? 1 : -1;
  const path = vector("path", { class: `wire ${wire.state} ${key.certain ? "" : "unsure"}`, d: `M${x0} ${y0}C${c0} ${y0} ${c1} ${y1} ${x1 + 5 * side} ${y1}M${x1 + 8 * side} ${y1 - 4}L${x1} ${y1}L${x1 + 8 * side} ${y1 + 4}` });
  wire.node = path;
  return path;
}

let moved = false;
function showSchema() {
  list.className = "canvas";
  list.setAttribute("role", "img");
  list.setAttribute("aria-label", "Entity diagram of the tables");
  boxes = DATA.compared.map(box);
  if (!boxes.length) { list.className = ""; list.replaceChildren(make("p", "empty", "no tables")); return; }
  place();
  const group = vector("g", {});
  const nodes = boxes.map(drawBox);
  group.append(...wires.map(drawWire), ...nodes);
  er = vector("svg", {});
  er.append(group);
  const buttons = make("div", "zoom");
  for (const [text, word, act] of [["+", "Larger", () => zoom(1.25)], ["\u2212", "Smaller", () => zoom(0.8)], ["\u2922", "All of it", fit]]) {
    const button = make("button", "", text);
    button.type = "button";
    button.setAttribute("aria-label", word);
    button.addEventListener("click", act);
    buttons.append(button);
  }
  list.replaceChildren(er, buttons);
  look.w = Math.max(...boxes.map((one) => one.x + one.w));
  look.h = Math.max(...boxes.map((one) => one.y + one.h));
  fit();
  lightSchema();
  document.getElementById("hits").textContent = "";
}

function apply() {
  er.firstChild.setAttribute("transform", `translate(${look.x} ${look.y}) scale(${look.k})`);
  er.firstChild.setAttribute("class", look.k < 0.5 ? "far" : "");
}

function fit() {
  const w = list.clientWidth || 800, h = list.clientHeight || 600, least = 0.1;
  look.k = Math.max(least, Math.min(1.1, (w - 40) / look.w, (h - 40) / look.h));
  look.x = Math.max(20, (w - look.w * look.k) / 2);
  look.y = Math.max(20, (h - look.h * look.k) / 2);
  apply();
}

function zoom(by, x = list.clientWidth / 2, y = list.clientHeight / 2) {
  const k = Math.max(0.08, Math.min(3, look.k * by));
  look.x = x - ((x - look.x) * k) / look.k;
  look.y = y - ((y - look.y) * k) / look.k;
  look.k = k;
  apply();
}

function lightSchema() {
  if (state.view !== "schema") return;
  const on = boxes.find((one) => one.shape.number === state.table && state.table >= 0);
  const near = new Set(on ? [on] : []);
  for (const wire of wires) {
    const lit = on && (wire.from === on || wire.to === on);
    if (lit) { near.add(wire.from); near.add(wire.to); }
    wire.node.classList.toggle("lit", Boolean(lit));
    wire.node.classList.toggle("pale", Boolean(on) && !lit);
  }
  for (const one of boxes) {
    one.node.classList.toggle("chosen", one === on);
    one.node.classList.toggle("pale", Boolean(on) && !near.has(one));
  }
}

function paleSchema() {
  const words = state.query.split(/\s+/).filter(Boolean);
  let first = null, number = 0;
  for (const one of boxes) {
    const hit = words.every((word) => one.shape.name.toLowerCase().includes(word) || one.shape.columns.some((line) => line.name.toLowerCase().includes(word)));
    one.node.classList.toggle("pale", !hit);
    if (hit) { number++; first = first || one; }
  }
  document.getElementById("hits").textContent = words.length ? plural(number, "table") : "";
  if (words.length && first) { look.x = list.clientWidth / 2 - (first.x + first.w / 2) * look.k; look.y = list.clientHeight / 3 - first.y * look.k; apply(); }
}

list.addEventListener("wheel", (event) => {
  if (state.view !== "schema" || !er) return;
  event.preventDefault();
  const place = list.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey || !event.shiftKey) zoom(event.deltaY < 0 ? 1.12 : 0.89, event.clientX - place.left, event.clientY - place.top);
  else { look.x -= event.deltaY; apply(); }
}, { passive: false });

const fingers = new Map();
list.addEventListener("pointerdown", (event) => {
  if (state.view !== "schema" || !er) return;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  moved = false;
});
window.addEventListener("pointermove", (event) => {
  if (!fingers.has(event.pointerId)) return;
  const [x, y] = fingers.get(event.pointerId);
  if (fingers.size === 2) {
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const span = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    const place = list.getBoundingClientRect();
    zoom(span([event.clientX, event.clientY], other) / Math.max(1, span([x, y], other)), other[0] - place.left, other[1] - place.top);
  } else {
    if (Math.abs(event.clientX - x) + Math.abs(event.clientY - y) > 3 || moved) {
      moved = true;
      list.classList.add("drag");
      look.x += event.clientX - x;
      look.y += event.clientY - y;
      apply();
    } else return;
  }
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});
for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, (event) => { fingers.delete(event.pointerId); list.classList.remove("drag"); });
