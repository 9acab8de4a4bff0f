// The page as a whole: what is seen, keys, what the address remembers.
const byId = (id) => document.getElementById(id);
const query = byId("query");

function opened(open) {
  document.body.classList.toggle("open", Boolean(open));
}

function remember(text) {
  try { history.replaceState(null, "", `#${text}`); } catch { /* a page without an address */ }
}

const VIEWS = [
  ["revisions", "Revisions", revisions.length, ""],
  ["tables", "Tables", tables.filter((one) => one.shape).length, ""],
  ["schema", DATA.differs ? "Schema, compared" : "Schema", null, ""],
];

function view(name, quiet) {
  state.view = name;
  er = null;
  for (const tab of byId("tabs").children) tab.setAttribute("aria-selected", tab.dataset.view === name);
  list.scrollTop = 0;
  if (name === "revisions") showRevisions();
  else if (name === "tables") showTables();
  else showSchema();
  count();
  legend();
  if (quiet) return;
  opened(false);
  if (name === "revisions" && rows.length) choose(state.chosen >= 0 ? state.chosen : first(), false);
  else if (name !== "revisions") {
    const number = state.table >= 0 ? state.table : name === "tables" && tablesSeen.length ? tablesSeen[0].number : -1;
    if (number >= 0) chooseTable(number, false);
    else tellSchema();
  }
  remember(name);
}

const first = () => Math.max(0, rows.findIndex((row) => row.ghost || heads.has(row.id)));

function tellSchema() {
  const there = tables.filter((one) => one.shape);
  const certain = there.filter((one) => one.shape.certain).length;
  const differ = DATA.differs ? boxes.filter((one) => one.shape.state) : [];
  tell(
    make("h2", "", DATA.differs ? `${DATA.against} \u2192 ${DATA.branch || DATA.at}` : `The schema of ${DATA.branch || DATA.at}`),
    facts([["tables", String(there.length)], ["certain", String(certain)], ["not certain", there.length - certain ? `${there.length - certain}, drawn with a dashed line and a ?` : ""]]),
    make("p", "dim", "Read from the text of the revisions, without a database. Choose a table to see its life."),
    DATA.differs ? make("h3", "", plural(differ.length, "table") + " differ") : null,
    ...differ.map((one) => make("div", "group", make("div", `change ${one.shape.state}`, make("span", "sign", SIGNS[one.shape.state]), make("span", "what mono", one.shape.name)), ...one.shape.columns.filter((line) => line.state).map((line) => make("div", `change ${line.state}`, make("span", "sign", SIGNS[line.state]), make("span", "what", make("span", "mono", line.name), " ", line.state === "mod" ? make("span", "old mono", line.past || "?") : "", " ", make("span", "mono dim", line.text || "?")))))),
    DATA.doubts.length ? make("details", "", make("summary", "", `${plural(DATA.doubts.length, "place")} in ${plural(new Set(DATA.doubts.map((one) => one[0])).size, "revision")} could not be read and may be about any table`),
      make("ul", "lines", ...DATA.doubts.slice(0, 500).map((one) => make("li", "", toRevision(one[0]), ` line ${one[1]}: ${one[2]}`)))) : null,
  );
}

function legend() {
  const items = [];
  const sample = (place, more) => { const svg = vector("svg", { width: 14, height: 14 }); svg.append(dot(7, 7, { id: "", colour: 0, parents: [], ...more, place }, 4)); return svg; };
  if (state.view === "revisions") {
    const places = new Set(revisions.map((one) => one.place));
    for (const [place, word] of [["published", "published"], ["pushed", "pushed"], ["local", "local"]]) if (places.has(place)) items.push(make("span", "", sample(place), word));
    if (revisions.some((one) => one.parents.length > 1)) items.push(make("span", "", sample("published", { parents: [1, 2] }), "merge"));
    items.push(make("span", "", plural(revisions.length, "revision"), ", ", plural(DATA.heads.length, "head")));
  } else if (DATA.differs && state.view === "schema") {
    for (const [sign, word] of [["add", "new"], ["mod", "changed"], ["del", "gone"]]) items.push(make("span", "", make("strong", `change ${sign}`, SIGNS[sign]), word));
  }
  if (state.view === "schema") items.push(make("span", "", "dashed, ?: not certain"), make("span", "", "drag to move, wheel to zoom"));
  items.push(make("span", "", make("kbd", "", "?"), "keys"));
  byId("legend").replaceChildren(...items);
}

const KEYS = [
  ["/", "search; Enter and Shift+Enter go through what was found"], ["j k \u2193 \u2191", "next and previous"], ["p c", "to the parent, to the child"], ["Enter", "open what is chosen"],
  ["g G", "to the newest, to the oldest"], ["1 2 3", "revisions, tables, schema"], ["+ - 0", "zoom the schema, all of it"], ["d", "dark or light"], ["Esc", "close, clear the search"],
];

function help() {
  const rows = KEYS.map(([keys, text]) => make("tr", "", make("td", "", ...keys.split(" ").flatMap((key) => [make("kbd", "", key), " "])), make("td", "", text)));
  byId("help").replaceChildren(make("table", "", make("tbody", "", ...rows)));
  byId("help").showModal();
}

function shade() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

function move(by) {
  if (state.view === "revisions") choose(Math.max(0, Math.min(rows.length - 1, state.chosen + by)), document.body.classList.contains("open"));
  else if (state.view === "tables" && tablesSeen.length) {
    const at = tablesSeen.findIndex((one) => one.number === state.table);
    chooseTable(tablesSeen[Math.max(0, Math.min(tablesSeen.length - 1, at + by))].number, document.body.classList.contains("open"));
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.target === query) {
    if (event.key === "Enter") { event.preventDefault(); if (state.view === "revisions") nextHit(event.shiftKey ? -1 : 1); }
    else if (event.key === "Escape") { query.value = ""; search(""); count(); query.blur(); list.focus(); }
    else if (event.key === "ArrowDown") { event.preventDefault(); list.focus(); move(1); }
    return;
  }
  const chosen = rows[state.chosen];
  const page = Math.max(1, Math.floor(list.clientHeight / high()) - 1);
  const acts = {
    "/": () => { query.focus(); query.select(); }, j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
    PageDown: () => move(page), PageUp: () => move(-page), g: () => move(-1e9), G: () => move(1e9), Home: () => move(-1e9), End: () => move(1e9),
    p: () => chosen && chosen.parents.length && goRevision(chosen.parents[0]), c: () => chosen && (children.get(chosen.id) || []).length && goRevision(children.get(chosen.id)[0]),
    Enter: () => opened(true), Escape: () => { if (document.body.classList.contains("open")) opened(false); else if (state.view === "schema") { state.table = -1; lightSchema(); tellSchema(); } },
    1: () => view("revisions"), 2: () => view("tables"), 3: () => view("schema"), n: () => nextHit(1), N: () => nextHit(-1),
    "+": () => er && zoom(1.25), "-": () => er && zoom(0.8), 0: () => er && fit(), d: shade, "?": help,
  };
  if (!Object.hasOwn(acts, event.key)) return;
  if (event.target.closest && event.target.closest("button, #detail") && ["Enter", "ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  acts[event.key]();
});

let asked = false;
list.addEventListener("scroll", () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; fill(); });
}, { passive: true });
window.addEventListener("resize", () => { if (state.view === "revisions") { fill(); } else if (er) fit(); });
narrow.addEventListener("change", () => view(state.view, true));
window.addEventListener("beforeprint", () => { if (state.view === "revisions" && rows.length <= 5000) fill(true); });
window.addEventListener("afterprint", () => fill());
let typed = 0;
query.addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(() => search(query.value), rows.length > 2000 ? 120 : 0); });
byId("theme").addEventListener("click", shade);
byId("keys").addEventListener("click", help);
byId("help").addEventListener("click", (event) => { if (event.target === byId("help")) byId("help").close(); });

function begin() {
  byId("title").textContent = DATA.title;
  byId("where").textContent = [DATA.branch || DATA.at, DATA.against && (DATA.view === "schema" ? `compared with ${DATA.against}` : `beside ${DATA.against}`)].filter(Boolean).join(" ");
  byId("notes").replaceChildren(...DATA.notes.map((text) => make("p", "", text)));
  for (const [name, text, number, cls] of VIEWS) {
    const tab = make("button", cls, text, number === null ? "" : make("span", "count", String(number)));
    tab.type = "button";
    tab.dataset.view = name;
    tab.setAttribute("role", "tab");
    tab.addEventListener("click", () => { view(name); list.focus(); });
    byId("tabs").append(tab);
  }
  const [word, value] = decodeURIComponent(location.hash.slice(1)).split(/=(.*)/s);
  if (DATA.focus.length && tableNamed.has(DATA.focus[0]) && DATA.view === "tables") state.table = tableNamed.get(DATA.focus[0]);
  if (word === "revision" && rowOf.has(value)) { state.view = "revisions"; state.chosen = rowOf.get(value); }
  else if (word === "table" && tableNamed.has(value)) { state.view = "tables"; state.table = tableNamed.get(value); }
  else if (VIEWS.some(([name]) => name === word)) state.view = word;
  view(state.view);
  list.focus({ preventScroll: true });
  document.documentElement.dataset.ready = "yes";
}
begin();
