// The list of revisions: only the rows that are seen are there.
const narrow = window.matchMedia("(max-width: 760px)");
const list = document.getElementById("list");
const state = { view: DATA.view, chosen: -1, table: -1, fork: -1, query: "", hits: [], hit: new Set() };
let spacer = null;
let drawn = new Map();

const high = () => (narrow.matches ? 46 : 30);
const wide = () => Math.max(4, Math.min(16, Math.floor((narrow.matches ? 110 : 260) / LANES)));

/** Draw the lanes of one row: what comes from above, the revision, what leads down. */
function lanes(row) {
  const tall = high(), middle = tall / 2, width = LANES * wide() + 8;
  const x = (column) => column * wide() + wide() / 2 + 4;
  const picture = vector("svg", { width, height: tall, "aria-hidden": "true" });
  const line = (from, to, y0, y1, colour, dash) => {
    const a = x(from), b = x(to), half = (y0 + y1) / 2;
    const path = vector("path", { d: a === b ? `M${a} ${y0}V${y1}` : `M${a} ${y0}C${a} ${half} ${b} ${half} ${b} ${y1}`, fill: "none", "stroke-width": wide() < 8 ? 1.3 : 2 });
    path.style.stroke = `var(--l${colour})`;
    if (dash) path.setAttribute("stroke-dasharray", "3 3");
    picture.append(path);
  };
  for (const [from, to, colour, dash] of row.above) line(from, to, 0, middle, colour, dash);
  for (const [from, to, colour, dash] of row.below) line(from, to, middle, tall, colour, dash);
  if (row.lost) line(row.column, row.column, middle, tall - 2, row.colour, true);
  picture.append(dot(x(row.column), middle, row, Math.max(2.5, Math.min(5, wide() / 2.6))));
  return picture;
}

/** A full dot is published, a ring with a core pushed, a ring local; a merge is a diamond. */
function dot(x, y, row, r) {
  const colour = meets.has(row.id) || (row.fork && row.fork.action === "refused") ? "var(--bad)" : `var(--l${row.colour})`;
  const shape = row.parents.length > 1 && !row.ghost
    ? vector("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r, transform: `rotate(45 ${x} ${y})` })
    : vector("circle", { cx: x, cy: y, r });
  shape.style.fill = row.place === "published" || row.place === "" ? colour : "var(--back)";
  shape.style.stroke = colour;
  shape.setAttribute("stroke-width", 2);
  if (row.ghost) shape.setAttribute("stroke-dasharray", "2 2");
  if (row.place !== "pushed") return shape;
  const core = vector("circle", { cx: x, cy: y, r: r / 2.5 });
  core.style.fill = colour;
  const both = vector("g", {});
  both.append(shape, core);
  return both;
}

/** Return the branches of a row; one that its remote has at the same place is named once. */
function refs(row) {
  const every = row.refs || [];
  return every.filter((name) => !every.some((other) => other !== name && name.endsWith(`/${other}`)));
}

/** Say in small what a row is, the most important first; `most` leaves out what is told beside. */
function tags(row, most) {
  const made = [];
  if (meets.has(row.id)) made.push(make("span", "tag bad", "overlaps"));
  if (!row.ghost && heads.has(row.id)) made.push(make("span", "tag head", "head"));
  for (const name of refs(row)) made.push(make("span", "tag ref", name));
  for (const name of row.labels || []) made.push(make("span", "tag", name));
  if (row.side && !(most && (row.refs || []).includes(row.side))) made.push(make("span", "tag side", `only in ${row.side}`));
  if (row.mine) made.push(make("span", "tag side", "only here"));
  if (!row.ghost && row.lost) made.push(make("span", "tag bad", "parent is missing"));
  if (row.applied === true) made.push(make("span", "tag good", "applied"));
  if (row.applied === false) made.push(make("span", "tag warn", "pending"));
  if (most && made.length > most) made.splice(most, made.length, make("span", "tag", `+${made.length - most}`));
  return made;
}

const day = (row) => (row.commit ? row.commit[2].slice(0, 10) : "");
const whose = (row) => (row.commit ? row.commit[1] : row.ghost ? "" : row.place ? "not committed" : "");

function line(number) {
  const row = rows[number];
  const node = make("div", "row");
  node.id = `row${number}`;
  node.setAttribute("role", "option");
  node.style.top = `${number * high()}px`;
  node.style.height = `${high()}px`;
  const id = make("span", "id", row.id);
  const doc = make("span", "doc", row.doc || "(no message)");
  if (narrow.matches) {
    node.append(lanes(row), make("div", "two", make("div", "", doc, ...tags(row, 2)), make("div", "second", id, make("span", "who", whose(row)), make("span", "when", day(row)))));
  } else {
    const touched = make("span", "tabs", (row.tables || []).slice(0, 4).join(", ") + ((row.tables || []).length > 4 ? ` +${row.tables.length - 4}` : ""));
    node.append(lanes(row), id, doc, make("span", "tagbox", ...tags(row, 4)), touched, make("span", "who", whose(row)), make("span", "when", day(row)));
  }
  node.title = row.doc;
  mark(node, number);
  node.addEventListener("click", () => choose(number, true));
  return node;
}

function mark(node, number) {
  const row = rows[number], chosen = number === state.chosen;
  node.classList.toggle("chosen", chosen);
  node.setAttribute("aria-selected", chosen);
  node.classList.toggle("off", Boolean(state.query) && !state.hit.has(number));
  node.classList.toggle("hit", Boolean(state.query) && state.hit.has(number));
  node.classList.toggle("meets", meets.has(row.id));
  node.classList.toggle("ghost", Boolean(row.ghost));
  node.classList.toggle("no", Boolean(row.ghost) && row.fork.action === "refused");
}

/** Put the rows there that are seen, and a few around them. */
function fill(all) {
  if (state.view !== "revisions" || !spacer) return;
  const top = all ? 0 : Math.max(0, Math.floor(list.scrollTop / high()) - 8);
  const end = all ? rows.length : Math.min(rows.length, Math.ceil((list.scrollTop + list.clientHeight) / high()) + 8);
  const next = new Map();
  for (let number = top; number < end; number++) {
    const node = drawn.get(number) || line(number);
    next.set(number, node);
    if (!drawn.has(number)) spacer.append(node);
  }
  for (const [number, node] of drawn) if (!next.has(number)) node.remove();
  drawn = next;
  for (const [number, node] of drawn) mark(node, number);
  if (state.chosen >= 0) list.setAttribute("aria-activedescendant", `row${state.chosen}`);
}

function showRevisions() {
  list.className = "";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Revisions, newest first");
  drawn = new Map();
  spacer = make("div", "spacer");
  spacer.style.height = `${rows.length * high()}px`;
  list.replaceChildren(rows.length ? spacer : make("p", "empty", "no revisions yet"));
  reveal(state.chosen);
  fill();
}

function reveal(number) {
  if (number < 0 || state.view !== "revisions") return;
  const top = number * high();
  if (top < list.scrollTop + high()) list.scrollTop = Math.max(0, top - 3 * high());
  else if (top + 2 * high() > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight + 4 * high();
}

/** Choose a row, and tell of it; `open` also where the detail covers the list. */
function choose(number, open) {
  if (number < 0 || number >= rows.length) return;
  state.chosen = number;
  if (state.view !== "revisions") { view("revisions", true); }
  reveal(number);
  fill();
  tellRevision(rows[number]);
  opened(open);
  remember(`revision=${encodeURIComponent(rows[number].id)}`);
}

function goRevision(id) {
  if (rowOf.has(id)) choose(rowOf.get(id), true);
}

function search(text) {
  state.query = text.trim().toLowerCase();
  const words = state.query.split(/\s+/).filter(Boolean);
  state.hits = [];
  if (words.length) rows.forEach((row, number) => { if (words.every((word) => hay(row).includes(word))) state.hits.push(number); });
  state.hit = new Set(state.hits);
  if (state.view === "tables") { showTables(); return; }
  if (state.view === "schema") { paleSchema(); return; }
  if (state.hits.length && !state.hit.has(state.chosen)) choose(state.hits[0], false);
  fill();
  count();
}

function count() {
  const hits = document.getElementById("hits");
  if (!state.query || state.view !== "revisions") { hits.textContent = ""; return; }
  const at = state.hits.indexOf(state.chosen);
  hits.textContent = state.hits.length ? `${at + 1} of ${state.hits.length}` : "nothing found";
}

function nextHit(by) {
  if (!state.hits.length) return;
  const at = state.hits.indexOf(state.chosen);
  choose(state.hits[(at + by + state.hits.length) % state.hits.length], false);
  count();
}
