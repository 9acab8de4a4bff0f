// What is told of a revision, of a table, and of a fork.
const detail = document.getElementById("detail");

function go(text, act, cls) {
  const node = make("button", `go ${cls || ""}`, text);
  node.type = "button";
  node.addEventListener("click", (event) => { event.stopPropagation(); act(); });
  return node;
}

const toRevision = (id) => (rowOf.has(id) ? go(id, () => goRevision(id), "mono") : make("span", "mono", `${id} (no file here)`));
const toTable = (number) => go(tables[number].names[0], () => chooseTable(number, true));

function listed(nodes) {
  return nodes.flatMap((node, at) => (at ? [", ", node] : [node]));
}

function tell(...nodes) {
  const back = make("button", "back", "\u2190 back");
  back.type = "button";
  back.addEventListener("click", () => opened(false));
  detail.replaceChildren(back, ...nodes.filter(Boolean));
  detail.scrollTop = 0;
}

function facts(pairs) {
  const box = make("dl", "facts");
  for (const [name, value] of pairs) {
    if (value === null || value === "" || (Array.isArray(value) && !value.length)) continue;
    box.append(make("dt", "", name), make("dd", "", ...(Array.isArray(value) ? value : [value])));
  }
  return box;
}

function change(one) {
  const sign = signOf(one);
  const what = make("span", "what");
  const name = make("span", "mono", one.kind === "table" ? one.name : one.name || "");
  if (one.was) what.append(make("span", "old mono", one.was), " \u2192 ");
  if (one.name) { name.style.fontWeight = "600"; what.append(name, " "); }
  if (one.kind !== "table") {
    if (sign === "mod" && one.before !== one.after) what.append(make("span", "old mono", shortType(one.before)), " \u2192 ", make("span", "mono", shortType(one.after)));
    else if (!one.was || one.before !== one.after) what.append(make("span", "mono dim", shortType(one.after || one.before)));
  }
  const unsure = one.certain ? "" : "perhaps";
  return make("div", `change ${sign}`, make("span", "sign", SIGNS[sign]), what, make("span", "kind", one.kind), unsure && make("span", "tag warn", unsure));
}

function changesOf(row) {
  const byTable = new Map();
  for (const one of row.changes) {
    if (!byTable.has(one.table)) byTable.set(one.table, []);
    byTable.get(one.table).push(one);
  }
  return [...byTable].map(([number, every]) => make("div", "group", make("div", "head", toTable(number)), ...every.map(change)));
}

function overlapBox(fork, overlap, own) {
  const box = make("div", overlap.verdict === "same" ? "warnbox" : "badbox", make("strong", "", `${overlap.verdict} `), overlap.message, make("br"));
  for (const side of [overlap.left, overlap.right]) {
    if (side.revision !== own) box.append(toRevision(side.revision), ` ${side.operation}`, make("br"));
  }
  return box;
}

function tellRevision(row) {
  if (row.ghost) { tellFork(row.fork); return; }
  const commit = row.commit;
  const above = children.get(row.id) || [];
  const places = { published: "published: in the shared branch", pushed: "pushed: in a remote-tracking branch", local: "local: nobody else has it", "": "" };
  const met = meets.get(row.id) || [];
  const effects = (lines) => make("ul", "lines", ...lines.map(([text, at, certain]) => make("li", "", text, certain ? "" : make("span", "tag warn", "perhaps"), at ? make("span", "ln", `line ${at}`) : "")));
  const changed = changesOf(row);
  const down = make("details", "", make("summary", "", row.gap ? `downgrade(): ${row.gap}` : `downgrade(): ${plural(row.undoes.length, "effect")}`), effects(row.undoes));
  tell(
    make("h2", "", row.doc || "(no message)"),
    make("div", "tags", ...tags(row)),
    ...met.map(({ fork, overlap }) => overlapBox(fork, overlap, row.id)),
    facts([
      ["revision", make("span", "mono", row.id)],
      ["parents", listed(row.parents.map(toRevision))],
      ["needs", listed(row.needs.map(toRevision))],
      ["children", listed(above.map(toRevision))],
      ["author", commit ? commit[1] : whose(row)],
      ["date", commit ? commit[2].replace("T", " ") : ""],
      ["commit", commit ? make("span", "", make("span", "mono", commit[0].slice(0, 10)), ` ${commit[3]}`) : ""],
      ["file", make("span", "mono", row.path)],
      ["state", places[row.place]],
    ]),
    ...row.unread.filter((one) => one[0] === "upgrade").map((one) => make("div", "warnbox", make("strong", "", "not read "), `line ${one[1]}: ${one[2]}`)),
    make("h3", "", "Change of the schema"),
    ...(changed.length ? changed : [make("p", "dim", row.parents.length > 1 ? "none: it joins its parents" : "none that is known")]),
    row.does.length ? make("h3", "", "What upgrade() does") : null,
    row.does.length ? effects(row.does) : null,
    down,
  );
}

function tellFork(fork) {
  const own = fork.heads.filter((id) => rowOf.has(id));
  tell(
    make("h2", "", `Fork with ${fork.branch}`),
    fork.action === "merge"
      ? make("div", "okbox", make("strong", "", "can be merged "), fork.reason)
      : make("div", "badbox", make("strong", "", "cannot be merged automatically "), fork.reason),
    facts([["heads", listed(own.map(toRevision))], ["would write", fork.revision ? make("span", "mono", fork.revision) : ""]]),
    make("h3", "", plural(fork.overlaps.length, "overlap")),
    ...(fork.overlaps.length ? fork.overlaps.map((overlap) => overlapBox(fork, overlap, "")) : [make("p", "dim", "none")]),
  );
}

// -- tables -----------------------------------------------------------------------------------

const keyed = (shape, kind) => new Set(shape.keys.filter((one) => one.kind === kind).flatMap((one) => one.columns.map((name) => name.toLowerCase())));

function by(row) {
  if (!row) return [make("span", "dim", "older than the first revision")];
  return [toRevision(row.id), " ", make("span", "dim", [whose(row), day(row)].filter(Boolean).join(", "))];
}

function columnsOf(table) {
  const shape = table.shape;
  const primary = keyed(shape, "primary key"), foreign = keyed(shape, "foreign key");
  const body = make("tbody");
  for (const column of shape.columns) {
    const past = table.columns.get(column.name) || { added: null, changed: null };
    const low = column.name.toLowerCase();
    body.append(make("tr", "",
      make("td", "", make("span", "mono", column.name), primary.has(low) ? make("span", "key", "PK") : "", foreign.has(low) ? make("span", "key fk", "FK") : "", column.certain ? "" : make("span", "key", "?")),
      make("td", "mono dim", column.text ? shortType(column.text) : "not in the text"),
      make("td", "", ...by(past.added), ...(past.changed ? [make("br"), make("span", "dim", "changed "), ...by(past.changed)] : []))));
  }
  for (const past of table.gone.filter((one) => one.dropped)) {
    body.append(make("tr", "", make("td", "gone mono", past.name), make("td", "dim", "dropped"), make("td", "", ...by(past.dropped))));
  }
  const head = make("thead", "", make("tr", "", make("th", "", "column"), make("th", "", "type"), make("th", "", "added, changed by")));
  return make("div", "framed", make("table", "columns", head, body));
}

function keysOf(shape) {
  const every = shape.keys.map((one) => {
    const text = make("span", "mono", `(${one.columns.join(", ")})`);
    const refers = one.refers ? [" \u2192 ", one.target === null ? make("span", "mono", one.refers) : toTable(one.target)] : [];
    return make("li", "", make("span", "dim", `${one.unique && one.kind === "index" ? "unique " : ""}${one.kind} `), one.name ? make("span", "mono", `${one.name} `) : "", text, ...refers, one.certain ? "" : make("span", "tag warn", "perhaps"));
  });
  return make("ul", "lines", ...every);
}

function timeline(table) {
  const life = make("ol", "life");
  for (const event of [...table.events].reverse()) {
    const whole = event.changes.find((one) => one.kind === "table");
    const item = make("li", whole && whole.before === null ? "born" : whole && whole.after === null ? "died" : "");
    item.append(make("div", "by", make("span", "dim", day(event.by)), toRevision(event.by.id), make("span", "", event.by.doc), make("span", "dim", whose(event.by))));
    const sorted = event.changes.filter((one) => !(whole && whole.before === null && one !== whole));
    const rest = event.changes.length - sorted.length;
    item.append(make("div", "group", ...sorted.map(change), rest ? make("div", "change add", make("span", "sign", "+"), make("span", "what dim", `with ${event.changes.filter((one) => one !== whole && one.kind === "column").map((one) => one.name).join(", ")}`)) : ""));
    life.append(item);
  }
  return life;
}

function tellTable(table) {
  const shape = table.shape;
  const named = new Set();
  const referring = tables.filter((one) => one.shape && one.shape.keys.some((key) => key.target === table.number) && one !== table)
    .filter((one) => !named.has(one.names[0]) && named.add(one.names[0]));
  const was = table.names.slice(1);
  tell(
    make("h2", "", table.names[0]),
    make("div", "tags", shape ? make("span", "tag good", "there") : make("span", "tag bad", "dropped"), shape && !shape.certain ? make("span", "tag warn", "not all of it is certain") : ""),
    facts([["also called", was.join(", ")], ["revisions", String(table.events.length)], ["referred to by", listed(referring.map((one) => toTable(one.number)))]]),
    ...table.doubts.map((one) => make("div", "warnbox", make("strong", "", "not read "), toRevision(one[0]), ` line ${one[1]}: ${one[2]}`)),
    ...(shape ? [make("h3", "", plural(shape.columns.length, "column")), columnsOf(table)] : []),
    ...(shape && shape.keys.length ? [make("h3", "", "Keys and indexes"), keysOf(shape)] : []),
    make("h3", "", "Life, newest first"),
    timeline(table),
  );
}

function chooseTable(number, open) {
  state.table = number;
  if (state.view === "schema") lightSchema();
  else if (state.view !== "tables") view("tables", true);
  else showTables();
  tellTable(tables[number]);
  opened(open);
  remember(`table=${encodeURIComponent(tables[number].names[0])}`);
}

let tablesSeen = [];
function showTables() {
  list.className = "";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Tables");
  const words = state.query.split(/\s+/).filter(Boolean);
  const focus = DATA.focus.map((name) => tableNamed.get(name)).filter((one) => one !== undefined);
  tablesSeen = tables
    .filter((one) => words.every((word) => one.names.join("\n").toLowerCase().includes(word) || (one.shape && one.shape.columns.some((column) => column.name.toLowerCase().includes(word)))))
    .sort((a, b) => focus.includes(b.number) - focus.includes(a.number) || Boolean(b.shape) - Boolean(a.shape) || a.names[0].localeCompare(b.names[0]));
  document.getElementById("hits").textContent = state.query ? plural(tablesSeen.length, "table") : "";
  const cards = make("div", "cards");
  for (const one of tablesSeen) {
    const last = one.events[one.events.length - 1];
    const card = make("div", `card${one.shape ? "" : " dead"}${one.number === state.table ? " chosen" : ""}`,
      make("span", "n", one.names[0]),
      one.shape && !one.shape.certain ? make("span", "tag warn", "?") : "",
      make("span", "dim", one.shape ? plural(one.shape.columns.length, "column") : "dropped"),
      make("span", "dim", last && day(last.by)));
    card.setAttribute("role", "option");
    card.addEventListener("click", () => chooseTable(one.number, true));
    cards.append(card);
  }
  list.replaceChildren(tablesSeen.length ? cards : make("p", "empty", "no table of that name"));
  const chosen = cards.querySelector(".chosen");
  if (chosen) chosen.scrollIntoView({ block: "nearest" });
}
