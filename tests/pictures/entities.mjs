// Reads entity diagrams from standard input (a JSON list) as Mermaid does: tables and references.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
const require = createRequire(process.argv[2] + "/");
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document, DOMPurify: undefined });
const { default: mermaid } = await import(pathToFileURL(require.resolve("mermaid")));
mermaid.initialize({ startOnLoad: false });
const read = [];
for (const text of JSON.parse(readFileSync(0, "utf-8"))) {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const tables = [...db.getEntities().values()].map((one) => [one.label ? one.alias || one.label : one.label, one.attributes.map((column) => `${column.type} ${column.name} ${column.keys.join(",")}`.trim())]);
  read.push({ tables, references: db.getRelationships().length });
}
process.stdout.write(JSON.stringify(read));
