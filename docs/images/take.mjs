// SPDX-License-Identifier: Apache-2.0
// Remakes the pictures of docs/bedside-guide.md from what the program answers: runs the demo (synthetic
// patients only), lets its Basel serve, asks as a clinical system does, and photographs the cards.
//   node docs/images/take.mjs build/release/clinnova [FOLDER FOR PICTURES]
// Needs Debian's chromium and web/node_modules (npm ci --prefix web).
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.join(here, "../../web/package.json"));
const { chromium } = require("playwright-core");
const { marked } = require("marked");

const [program, pictures = here] = process.argv.slice(2);
if (!program || !existsSync(program)) throw new Error("usage: node take.mjs CLINNOVA [FOLDER FOR PICTURES]");

const daysAgo = (days) => new Date(Date.now() - days * 86400e3).toISOString().slice(0, 10);
const coded = (system, code) => ({ coding: [{ system, code }] });
const bundle = (resources) => ({
  resourceType: "Bundle", type: "searchset", entry: resources.map((resource) => ({ resource })),
});

// A patient with rheumatoid arthritis and a research consent, as FHIR resources.
function prefetch({ id, birthDate, joints, crp, conditions = [] }) {
  const subject = { reference: `Patient/${id}` };
  const observation = (system, code, value, unit) => ({
    resourceType: "Observation", id: `${id}-${code}`, status: "final", subject, code: coded(system, code),
    effectiveDateTime: daysAgo(3),
    valueQuantity: { value, unit, system: "http://unitsofmeasure.org", code: unit },
  });
  const condition = ([code, days]) => ({
    resourceType: "Condition", id: `${id}-${code}`, subject,
    code: coded("http://fhir.de/CodeSystem/bfarm/icd-10-gm", code), onsetDateTime: daysAgo(days),
  });
  const observations = [];
  if (joints) {
    observations.push(observation("urn:clinnova", "TJC28", joints.tender, "{count}"),
                      observation("urn:clinnova", "SJC28", joints.swollen, "{count}"),
                      observation("urn:clinnova", "PATIENT-GLOBAL", joints.global, "mm"));
  }
  if (crp) observations.push(observation("http://loinc.org", "1988-5", crp / 10, "mg/dL"));
  return {
    patient: { resourceType: "Patient", id, gender: "female", birthDate },
    conditions: bundle([["M05.80", 900], ...conditions].map(condition)),
    observations: bundle(observations),
    medicationRequests: bundle([]),
    medicationStatements: bundle([]),
    consents: bundle([{
      resourceType: "Consent", id: `${id}-consent`, status: "active", patient: subject, dateTime: daysAgo(30),
      scope: coded("http://terminology.hl7.org/CodeSystem/consentscope", "research"),
    }]),
  };
}

const questions = [
  { picture: "card-drugs-differ", hook: "patient-view",
    patient: { id: "A", birthDate: "1974-03-05", joints: { tender: 11, swollen: 8, global: 65 }, crp: 24 } },
  { picture: "card-no-difference", hook: "patient-view",
    patient: { id: "B", birthDate: "1974-03-05", joints: { tender: 4, swollen: 3, global: 45 }, crp: 8 } },
  { picture: "card-safety-and-missing", hook: "order-select", draft: ["L04AF01", "Tofacitinib"],
    patient: { id: "C", birthDate: "1955-03-05", crp: 24, conditions: [["I50.13", 200]] } },
];

function request({ hook, patient, draft }) {
  const context = { userId: "Practitioner/demo", patientId: patient.id };
  if (draft) {
    const [code, display] = draft;
    context.selections = ["MedicationRequest/draft"];
    context.draftOrders = bundle([{
      resourceType: "MedicationRequest", id: "draft", status: "draft", intent: "order",
      subject: { reference: `Patient/${patient.id}` },
      medicationCodeableConcept: { coding: [{ system: "http://www.whocc.no/atc", code, display }], text: display },
    }]);
  }
  return { hook, hookInstance: "00000000-0000-4000-8000-000000000001", context, prefetch: prefetch(patient) };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function serve(folder) {
  const port = await freePort();
  const site = spawn(program, ["site", "serve", "--dir", folder, "--http", String(port)], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}/cds-services`;
  for (let tick = 0; tick < 300 && site.exitCode === null; ++tick) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return { url, stop: () => site.kill() };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  site.kill();
  throw new Error(`${folder} does not serve`);
}

async function ask(url, question) {
  const answer = await fetch(`${url}/clinnova-${question.hook}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request(question)),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${question.picture}: ${answer.status} ${text}`);
  return JSON.parse(text).cards;
}

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const style = readFileSync(path.join(here, "card.css"), "utf8");
const cardHtml = (card) => `
  <article class="${card.indicator}">
    <h1><span>${card.indicator}</span> ${escaped(card.summary)}</h1>
    ${marked.parse(card.detail)}
    <nav>${(card.overrideReasons ?? []).map((reason) => `<button>${escaped(reason.display)}</button>`).join("")}</nav>
    <footer>${escaped(card.source.label)}</footer>
  </article>`;
const pageHtml = (cards) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><style>${style}</style><main>${cards.map(cardHtml).join("")}</main></html>`;

const browserPath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find((name) => name && existsSync(name));
const work = mkdtempSync(path.join(tmpdir(), "clinnova-pictures-"));
let site;
let browser;
try {
  mkdirSync(pictures, { recursive: true });
  execFileSync(program, ["demo", "--keep", path.join(work, "demo")], { stdio: ["ignore", "ignore", "inherit"] });
  site = await serve(path.join(work, "demo/ch-basel"));
  browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-lcd-text"] });
  const page = await browser.newPage({ viewport: { width: 720, height: 600 } });
  for (const question of questions) {
    const cards = await ask(site.url, question);
    if (cards.length !== 1) throw new Error(`${question.picture}: ${cards.length} cards, expected one`);
    await page.setContent(pageHtml(cards));
    await page.locator("main").screenshot({ path: path.join(pictures, `${question.picture}.png`) });
    console.log(`${question.picture}: ${cards[0].indicator}: ${cards[0].summary}\n${cards[0].detail}`);
  }
  await page.setViewportSize({ width: 900, height: 998 });
  await page.setContent(readFileSync(path.join(work, "demo/model-card.html"), "utf8"));
  await page.screenshot({ path: path.join(pictures, "model-card.png") });
} finally {
  await browser?.close();
  site?.stop();
  rmSync(work, { recursive: true, force: true });
}
