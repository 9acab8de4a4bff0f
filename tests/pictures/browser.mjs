// Opens pages in Chromium and does what a person does; prints what was seen, as JSON.
import { createRequire } from "module";
import path from "path";

const [, , node, chromium, given] = process.argv;
const require = createRequire(path.resolve(node) + "/");
const play = require("playwright-core").chromium;
const browser = await play.launch({ executablePath: chromium, args: ["--no-sandbox"] });
const seen = [];
for (const visit of JSON.parse(given)) {
  const context = await browser.newContext({
    viewport: { width: visit.width || 1400, height: visit.height || 900 },
    colorScheme: visit.scheme || "light",
  });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => wrong.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    if (request.url() !== visit.url.split("#")[0] && !request.url().startsWith("data:")) wrong.push(`request: ${request.url()}`);
  });
  const start = performance.now();
  await page.goto(visit.url);
  await page.waitForSelector("html[data-ready]", { timeout: 60000 });
  const ready = performance.now() - start;
  const answers = [];
  for (const [what, first, second] of visit.steps || []) {
    if (what === "press") await page.keyboard.press(first);
    else if (what === "type") await page.keyboard.type(first);
    else if (what === "click") await page.locator(first).first().click({ timeout: 10000 });
    else if (what === "text") answers.push(await page.locator(first).first().innerText({ timeout: 10000 }));
    else if (what === "count") answers.push(await page.locator(first).count());
    else if (what === "eval") answers.push(await page.evaluate(first));
    else if (what === "wait") await page.waitForTimeout(first);
    else if (what === "shot") await page.screenshot({ path: first });
    else if (what === "print") answers.push((await page.pdf({ path: second, printBackground: true })).length);
    else throw new Error(what);
  }
  seen.push({ wrong, ready, answers });
  await context.close();
}
await browser.close();
process.stdout.write(JSON.stringify(seen));
