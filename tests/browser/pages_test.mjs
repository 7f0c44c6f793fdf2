// SPDX-License-Identifier: Apache-2.0
// Drives the pages of a hub in headless Chromium and looks at what a person would see.
//   node pages_test.mjs FIXTURE_HUB [FOLDER FOR SCREENSHOTS]
// Exits with 77 (skipped) where there is no Chromium, no playwright-core, or no built pages.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.resolve(here, "../..");
const resultPath = path.join(here, "fixtures/result.json");
const result = JSON.parse(readFileSync(resultPath, "utf8"));
const finished = `#/studies/${result.study.hash}`;

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

function findBrowser() {
  const names = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return names.find((name) => name && existsSync(name)) ?? skip("there is no Chromium");
}

function loadPlaywright() {
  try {
    return createRequire(path.join(source, "web/package.json"))("playwright-core");
  } catch {
    return skip("web/node_modules has no playwright-core");
  }
}

async function startHub(program) {
  const hub = spawn(program, [resultPath], { stdio: ["pipe", "pipe", "inherit"] });
  const [url] = await new Promise((resolve, reject) => {
    createInterface({ input: hub.stdout }).once("line", (line) => resolve([line]));
    hub.once("error", reject);
    hub.once("exit", (code) => reject(new Error(`fixture_hub ended with ${code}`)));
  });
  return { url, stop: () => hub.stdin.end() };
}

const words = async (page, selector) => (await page.locator(selector).allInnerTexts()).join("\n").replace(/[\s ]+/g, " ");
const count = (page, selector) => page.locator(selector).count();

async function fitsIntoWindow(page, where) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `${where}: ${content} px of content in a window of ${window} px`);
}

const checks = {
  async "the overview lists sites and studies"(page, url) {
    await page.goto(url);
    await page.waitForSelector("table[data-table=sites]");
    assert.equal(await count(page, "table[data-table=sites] tbody tr"), 5);
    const sites = await words(page, "table[data-table=sites]");
    assert.match(sites, /basel ● connected .* 0\.1\.0 3 0/);
    assert.match(sites, /trier ○ disconnected never – 0 0/);
    const studies = await words(page, "table[data-table=studies]");
    assert.match(studies, /Survival in advanced lung cancer 5eed5eed5eed finished 9 of 9 analyses, 38 rounds/);
    assert.match(studies, /running 1 of 3 analyses/);
  },

  async "a study that runs shows its rounds as they happen"(page, url) {
    await page.goto(`${url}#/studies/${"1".repeat(64)}`);
    await page.waitForSelector("text=/now: response/");
    const rounds = async () => Number(/(\d+) rounds?/.exec((await words(page, "main")).replaceAll(",", ""))[1]);
    const before = await rounds();
    await page.waitForTimeout(2500);
    assert.ok((await rounds()) > before);
    assert.equal(await count(page, "figure"), 0);
  },

  async "a refused study says why"(page, url) {
    await page.goto(`${url}#/studies/${"3".repeat(64)}`);
    await page.waitForSelector("text=/3 of 4 stewards rejected the study/");
    assert.match(await words(page, "table[data-table=study-sites]"), /basel rejected ● connected/);
  },

  async "an unknown study is an error in words"(page, url) {
    await page.goto(`${url}#/studies/${"9".repeat(64)}`);
    await page.waitForSelector("text=/no study with this hash on this hub/");
  },

  async "a logistic regression has odds ratios and a forest plot"(page, url) {
    await page.goto(url + finished);
    const section = "section[data-method=glm]";
    await page.waitForSelector(`${section} figure[data-chart=forest] svg`);
    const term = result.analyses[0].terms.find((row) => row.term === "ph.ecog");
    const row = `${section} table[data-table=terms] tbody tr:has(th:text-is("ph.ecog"))`;
    const ratio = Math.exp(term.estimate);
    assert.match(await words(page, row), new RegExp(`^ph\\.ecog ${ratio.toFixed(2)} `));
    assert.equal(await page.locator(`${row} td span`).first().getAttribute("title"), String(ratio));
    const statement = await page.locator(`${row} td`).first().getAttribute("title");
    assert.match(statement, /^OR \d\.\d\d \(95% CI \d\.\d\d to \d\.\d\d\), p (=|<) 0\.\d{3}$/);
    assert.equal(await count(page, `${section} svg g[aria-label=dot] path`), 4); // no intercept
    assert.equal(await count(page, `${section} svg g[aria-label=link] path`), 4);
  },

  async "a Cox model has hazard ratios, a forest plot and its warning"(page) {
    const section = "section[data-method=cox]";
    assert.match(await words(page, `${section} table[data-table=terms] thead`), /Hazard ratio/i);
    assert.equal(await count(page, `${section} svg g[aria-label=dot] path`), 4);
    assert.match(await words(page, section), /Efron's approximation/);
  },

  async "Kaplan–Meier shows a curve, a band, medians and persons at risk by stratum"(page) {
    const section = "section[data-method=kaplan_meier]";
    assert.equal(await count(page, `${section} svg g[aria-label=line] path`), 2);
    assert.equal(await count(page, `${section} svg g[aria-label=area] path`), 2);
    const steps = await page.locator(`${section} svg g[aria-label=line] path`).first().getAttribute("d");
    assert.ok(steps.split("L").length > 100, "the curve has its steps");
    assert.match(await words(page, `${section} table[data-table=medians]`), /sex=male 270 .*sex=female 426/);
    assert.match(await words(page, `${section} table[data-table=at-risk]`), /sex=male 138 .* sex=female 90 /);
  },

  async "the log-rank test is one line"(page) {
    assert.equal(
      await words(page, "[data-line=logrank]"),
      "Log-rank test: χ² = 10.33 on 1 degree of freedom, p = 0.001",
    );
  },

  async "a cross table has row percentages and never shows a suppressed cell as a number"(page) {
    const rows = "section[data-method=table] table[data-table=counts] tbody tr";
    assert.equal(await words(page, `${rows} >> nth=0`), "male 36 71 29 suppressed (<5) –");
    assert.equal(await words(page, `${rows} >> nth=2`), "male 70 (50.7%) 68 (49.3%) 138");
    assert.match(await words(page, "section[data-method=table] >> nth=0"), /The chi-square test is suppressed\..*3 numbers were suppressed/);
    assert.match(await words(page, "[data-line=chisq] >> nth=0"), /^Chi-square test: χ² = 10\.42 on 1 degree of freedom, p = 0\.001$/);
    assert.match(await words(page, "[data-line=chisq] >> nth=1"), /^With Yates’ correction: χ² = 9\.55 /);
    const levels = "section[data-method=summary] table[data-table=summary-levels]";
    assert.match(await words(page, levels), /male 138 \(60\.5%\)/);
  },

  async "summary, histogram and an unknown method are readable"(page) {
    assert.match(await words(page, "table[data-table=summary]"), /age 228 0 62\.45 9\.07 56 63 69/);
    const bars = "section[data-method=histogram] svg g[aria-label=rect]";
    assert.equal(await count(page, `${bars} rect`), 10);
    assert.match(await words(page, "section[data-method=pca]"), /sdev: 1\.13, 0\.98, 0\.86/);
  },

  async "the foot names the ledger, and the file is downloaded byte for byte"(page) {
    assert.match(await words(page, "footer"), new RegExp(`${result.ledger.root} Rounds 38`));
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Download JSON")]);
    assert.equal(readFileSync(await download.path(), "utf8"), readFileSync(resultPath, "utf8"));
  },

  async "a local result file is shown, and a wrong one is refused in words"(page, url) {
    await page.goto(`${url}#/result`);
    await page.setInputFiles("input[type=file]", resultPath);
    await page.waitForSelector("section[data-method=glm] figure[data-chart=forest] svg");
    await page.setInputFiles("input[type=file]", { name: "x.json", mimeType: "application/json", buffer: Buffer.from("[1]") });
    await page.waitForSelector("text=/x.json: expected an object with/");
  },

  async "every control is reached by keyboard"(page, url) {
    await page.goto(url);
    await page.reload();
    await page.waitForSelector("table[data-table=sites]");
    const reached = [];
    for (let i = 0; i < 12; ++i) {
      await page.keyboard.press("Tab");
      reached.push(await page.evaluate(() => (document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText).trim()));
    }
    for (const name of ["Skip to the content", "Overview", "Open a result file", "Dark theme", "Sites", "Survival in advanced lung cancer"]) {
      assert.ok(reached.includes(name), `${name} is not among ${reached.join(", ")}`);
    }
  },

  async "the theme is chosen by a button and kept"(page, url) {
    await page.goto(url);
    await page.click("text=Dark theme");
    await page.reload();
    await page.waitForSelector("text=Light theme");
    assert.equal(await page.locator("html").getAttribute("data-mantine-color-scheme"), "dark");
    await page.click("text=Light theme");
  },

  async "nothing is wider than a telephone"(page, url) {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`${url}#/`);
    await page.waitForSelector("table[data-table=sites]");
    const badge = page.locator("table[data-table=sites] .mantine-Badge-label").first();
    assert.ok(await badge.evaluate((element) => element.scrollWidth <= element.clientWidth), "a state is cut");
    for (const address of ["#/", finished, "#/result"]) {
      await page.goto(url + address);
      await page.waitForSelector(address === finished ? "figure[data-chart=histogram] svg" : "main .panel");
      await page.waitForTimeout(200);
      await fitsIntoWindow(page, address);
    }
    await page.setViewportSize({ width: 1100, height: 800 });
  },
};

async function takeScreenshots(context, url, folder) {
  const page = await context.newPage();
  for (const scheme of ["light", "dark"]) {
    for (const [size, width] of [["wide", 1100], ["narrow", 380]]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(url);
      await page.evaluate((chosen) => localStorage.setItem("mantine-color-scheme-value", chosen), scheme);
      for (const [name, address] of [["overview", "#/"], ["study", finished], ["running", `#/studies/${"1".repeat(64)}`], ["viewer", "#/result"]]) {
        await page.goto(url + address);
        await page.reload();
        await page.waitForSelector(name === "study" ? "figure[data-chart=histogram] svg" : "main .panel");
        await page.waitForTimeout(300);
        await page.screenshot({ path: path.join(folder, `${name}-${scheme}-${size}.png`), fullPage: true });
      }
    }
  }
}

const [program, screenshots] = process.argv.slice(2);
if (!program) throw new Error("usage: node pages_test.mjs FIXTURE_HUB [SCREENSHOTS]");
if (!existsSync(path.join(source, "web/dist/index.html"))) skip("the pages are not built");
const executablePath = findBrowser();
const { chromium } = loadPlaywright();
const hub = await startHub(program);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"],
});
let failures = 0;
try {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    // A study that is not there answers 404, which the browser notes too.
    if (message.type() === "error" && !/status of 404/.test(message.text())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(hub.url)) complaints.push(`asked for ${request.url()}`);
  });
  checks["nothing was asked of other hosts, and the browser had no complaint"] = async () => assert.deepEqual(complaints, []);
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(page, hub.url);
      console.log(`ok      ${name}`);
    } catch (error) {
      failures += 1;
      console.log(`FAILED  ${name}\n        ${error.message.replaceAll("\n", "\n        ")}`);
    }
  }
  if (screenshots) await takeScreenshots(context, hub.url, screenshots);
} finally {
  await browser.close();
  hub.stop();
}
process.exit(failures > 0 ? 1 : 0);
