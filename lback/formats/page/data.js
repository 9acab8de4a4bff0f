// What the page is made of: the data, who stands where, and the lanes of the graph.
const DATA = JSON.parse(document.getElementById("data").textContent);
const SIGNS = { add: "+", del: "\u2212", mod: "~" };

/** Make an element; text goes in as text alone. */
function make(name, cls, ...inner) {
  const node = document.createElement(name);
  if (cls) node.className = cls;
  node.append(...inner.filter((one) => one !== null && one !== undefined && one !== ""));
  return node;
}

function vector(name, attributes, ...inner) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  node.append(...inner);
  return node;
}

/** Write a type as people do: without the brackets that hold nothing. */
const shortType = (text) => text.replace(/\(\)/g, "");

function plural(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

// -- revisions: rows of the list, newest first, what would be merged on top ----------------

const revisions = DATA.revisions;
const rows = [];
const rowOf = new Map();
const children = new Map();
const heads = new Set();
const meets = new Map();

for (const fork of DATA.forks) {
  rows.push({
    id: fork.revision || "no merge", ghost: true, fork, parents: fork.heads, needs: [],
    doc: fork.action === "merge" ? `merging ${fork.branch} would write this` : `${fork.branch} cannot be merged: ${fork.reason}`,
  });
  for (const overlap of fork.overlaps) {
    for (const side of [overlap.left, overlap.right]) {
      if (!meets.has(side.revision)) meets.set(side.revision, []);
      meets.get(side.revision).push({ fork, overlap });
    }
  }
}
for (const one of revisions) {
  rowOf.set(one.id, rows.length);
  rows.push(one);
  for (const parent of one.parents) {
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(one.id);
  }
}
for (const one of revisions) if (!children.has(one.id)) heads.add(one.id);

/** Give each row its column, and the lines that lead from it to the next row. */
function lay() {
  const active = [];
  let widest = 1;
  const free = () => {
    const at = active.indexOf(null);
    if (at >= 0) return at;
    active.push(null);
    return active.length - 1;
  };
  for (let number = 0; number < rows.length; number++) {
    const row = rows[number];
    const mine = [];
    active.forEach((rail, at) => { if (rail && rail.to === row.id && !row.ghost) mine.push(at); });
    row.column = mine.length ? mine[0] : free();
    row.colour = mine.length ? active[row.column].colour : row.column % 8;
    row.above = [];
    active.forEach((rail, at) => {
      if (rail) row.above.push([at, mine.includes(at) ? row.column : at, rail.colour, rail.dash]);
    });
    for (const at of mine) active[at] = null;
    let first = true;
    const add = (parent, dash) => {
      if (!rowOf.has(parent)) { row.lost = true; return; }
      if (rowOf.get(parent) <= number) return; // a cycle
      const same = active.findIndex((rail) => rail && rail.to === parent && rail.dash === dash && rail.from === row.column);
      if (same >= 0) return;
      const at = first && active[row.column] === null ? row.column : free();
      active[at] = { to: parent, from: row.column, colour: first ? row.colour : at % 8, dash };
      first = false;
    };
    if (active[row.column] === undefined) active[row.column] = null;
    for (const parent of row.parents) add(parent, Boolean(row.ghost));
    for (const parent of row.needs) add(parent, true);
    row.below = active.map((rail, at) => (rail ? [rail.from, at, rail.colour, rail.dash] : null)).filter(Boolean);
    active.forEach((rail, at) => { if (rail) rail.from = at; });
    while (active.length && active[active.length - 1] === null) active.pop();
    widest = Math.max(widest, active.length, row.column + 1);
  }
  return widest;
}
const LANES = lay();

// -- tables: the life of each, from the changes of the revisions ----------------------------

const tables = DATA.tables.map((one, number) => ({ ...one, number, events: [], columns: new Map(), gone: [] }));
const signOf = (change) => (change.before === null ? "add" : change.after === null ? "del" : "mod");

for (let at = revisions.length - 1; at >= 0; at--) {
  const by = revisions[at];
  for (const change of by.changes) {
    const table = tables[change.table];
    const last = table.events[table.events.length - 1];
    if (last && last.by === by) last.changes.push(change);
    else table.events.push({ by, changes: [change] });
    if (change.kind === "table" && change.after === null) {
      if (change.certain) { table.gone.push(...table.columns.values()); table.columns.clear(); }
    } else if (change.kind === "column") {
      const known = table.columns.get(change.was || change.name);
      if (change.before === null) table.columns.set(change.name, { name: change.name, added: by, changed: null });
      else if (change.after === null) {
        if (known && change.certain) { table.columns.delete(change.name); table.gone.push({ ...known, dropped: by }); }
      } else {
        if (known && change.was) { table.columns.delete(change.was); known.name = change.name; }
        table.columns.set(change.name, { ...(known || { added: null }), name: change.name, changed: by });
      }
    }
  }
}
const tableNamed = new Map();
for (const one of tables) for (const name of [...one.names].reverse()) if (!tableNamed.has(name) || one.shape) tableNamed.set(name, one.number);

// -- search ---------------------------------------------------------------------------------

function hay(row) {
  if (row.hay === undefined) {
    const commit = row.commit || ["", "", "", ""];
    row.hay = [row.id, row.doc, row.path, ...commit, ...(row.refs || []), ...(row.labels || []), ...(row.tables || []), ...(row.does || [])].join("\n").toLowerCase();
  }
  return row.hay;
}
