// Shows a comment; `elements` is what there was in it, and nothing of it is run.
const main = document.querySelector("main");
const parsed = new DOMParser().parseFromString(marked.parse(COMMENT, { gfm: true }), "text/html");
window.elements = [...new Set([...parsed.body.querySelectorAll("*")].map((each) => each.localName))];
for (const each of parsed.body.querySelectorAll("*")) {
  for (const { name } of [...each.attributes]) if (name.startsWith("on")) { window.elements.push(name); each.removeAttribute(name); }
}
for (const image of parsed.body.querySelectorAll("img")) image.replaceWith(image.alt);
main.append(...document.adoptNode(parsed.body).childNodes);
for (const code of main.querySelectorAll("pre > code.language-mermaid")) {
  const picture = document.createElement("div");
  picture.className = "mermaid";
  picture.textContent = code.textContent;
  code.parentElement.replaceWith(picture);
}
mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "default" });
mermaid.run({ querySelector: ".mermaid" }).catch((error) => console.error(error.message)).finally(() => {
  document.documentElement.dataset.ready = "";
});
