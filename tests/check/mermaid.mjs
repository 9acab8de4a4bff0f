// Reads flowcharts from standard input (a JSON list) as Mermaid does: labels and edges of each.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';
const require = createRequire(process.argv[2] + '/');
const { JSDOM } = require('jsdom');
const { window } = new JSDOM('');
Object.assign(globalThis, { window, document: window.document, DOMPurify: undefined });
const { default: mermaid } = await import(pathToFileURL(require.resolve('mermaid')));
mermaid.initialize({ startOnLoad: false });
await mermaid.parse('flowchart TD');
const entity = (text) => {
  const box = window.document.createElement('div');
  box.innerHTML = text.replace(/ﬂ°°/g, '&#').replace(/ﬂ°/g, '&').replace(/¶ß/g, ';');
  return [...box.childNodes].map((one) => (one.nodeName === 'BR' ? '\n' : one.textContent)).join('');
};
const read = [];
for (const text of JSON.parse(readFileSync(0, 'utf-8'))) {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const nodes = [...db.getVertices().values()].map((one) => [one.id, entity(one.text ?? one.id)]);
  read.push({ nodes, edges: db.getEdges().map((one) => [one.start, one.end]) });
}
process.stdout.write(JSON.stringify(read));
