// SPDX-License-Identifier: Apache-2.0
// What the pages make of numbers and of result files, without a browser. Exits with 77 (skipped) where
// the npm packages are not installed.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

const web = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const { build } = await import("esbuild").catch(() => {
  console.log("skipped: web/node_modules is not there");
  process.exit(77);
});

async function load(source) {
  const folder = mkdtempSync(path.join(tmpdir(), "clinnova-web-test-"));
  const outfile = path.join(folder, "module.mjs");
  await build({ entryPoints: [path.join(web, source)], outfile, bundle: true, format: "esm", platform: "node", logLevel: "error" });
  const module = await import(pathToFileURL(outfile));
  rmSync(folder, { recursive: true });
  return module;
}

const format = await load("src/format.ts");
const reading = await load("src/result/read_result.ts");
const ratios = await load("src/result/ratio.ts");

test("numbers are written as a person reads them", () => {
  const cases = [
    [1.8412, "1.84"], [0.4, "0.40"], [-0.744, "−0.74"], [0.05912, "0.059"], [0.00931, "0.0093"], [270, "270"],
    [0, "0"], [62.4473, "62.45"], [928.79, "928.8"], [1234.5, "1,235"], [12345678, "1.23e+7"], [1e-7, "1.00e-7"],
    [-5, "−5"], [Infinity, "∞"], [-Infinity, "−∞"], [NaN, "–"], [0.0999, "0.10"],
  ];
  for (const [value, text] of cases) assert.equal(format.formatNumber(value), text, String(value));
});

test("p-values never round to zero", () => {
  const cases = [[0.00099, "p < 0.001"], [0.001, "p = 0.001"], [0.0042, "p = 0.004"], [0.0496, "p = 0.050"], [0.1999, "p = 0.200"], [0.7142, "p = 0.71"], [1, "p = 1.00"], [0, "p < 0.001"]];
  for (const [value, text] of cases) assert.equal(format.formatPStatement(value), text, String(value));
});

test("intervals, shares, levels and moments", () => {
  assert.equal(format.formatInterval(1.21, 2.8), "1.21 to 2.80");
  assert.equal(format.formatInterval(1, 2), "1.00 to 2.00");
  assert.equal(format.formatPercent(0.4567), "45.7%");
  assert.equal(format.formatLevel(0.95), "95%");
  assert.equal(format.formatLevel(0.999), "99.9%");
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.equal(format.formatAgo("2026-03-01T11:59:30Z", now), "just now");
  assert.equal(format.formatAgo("2026-03-01T11:58:30Z", now), "1 minute ago");
  assert.equal(format.formatAgo("2026-02-27T11:00:00Z", now), "2 days ago");
  assert.equal(format.formatMoment("2026-03-01T11:58:30Z"), "2026-03-01 11:58 UTC");
});

test("suppressed paths are found in each way of writing them", () => {
  for (const entry of ["counts[1][2]", "counts.1.2", "/counts/1/2", "$.counts[1][2]", "analyses[0].counts[1][2]", "counts[1]", "counts"]) {
    assert.ok(reading.isSuppressed({ suppressed: [entry] }, "counts.1.2"), entry);
  }
  for (const entry of ["counts[1][20]", "counts[10]", "count", "n"]) {
    assert.ok(!reading.isSuppressed({ suppressed: [entry] }, "counts.1.2"), entry);
  }
  assert.ok(!reading.isSuppressed({}, "counts"));
});

test("a file that is no result file is refused in words", () => {
  const cases = [["{", /not JSON/], ["[]", /expected an object/], ["{}", /expected an object/], ["null", /expected an object/],
                 ['{"study":{},"analyses":[{}]}', /method/], ['{"study":{},"analyses":[null]}', /method/]];
  for (const [text, message] of cases) assert.throws(() => reading.readResultFile(text), message, text);
  const least = reading.readResultFile('{"study":{"title":"t"},"analyses":[]}');
  assert.deepEqual(least.sites, []);
});

test("coefficients become ratios only where the model's scale is a log", () => {
  const cases = [
    [{ method: "glm", family: "binomial", link: "logit" }, "OR"], [{ method: "glm", family: "binomial" }, "OR"],
    [{ method: "glm", family: "quasibinomial" }, "OR"], [{ method: "glm", family: "binomial", link: "probit" }, undefined],
    [{ method: "glm", family: "poisson" }, "RR"], [{ method: "glm", family: "poisson", link: "sqrt" }, undefined],
    [{ method: "glm", family: "binomial", link: "log" }, "RR"], [{ method: "glm", family: "negative_binomial" }, "RR"],
    [{ method: "glm", family: "gaussian" }, undefined], [{ method: "glm" }, undefined],
    [{ method: "glm", family: "Gamma", link: "log" }, "ratio of means"], [{ method: "cox" }, "HR"], [{ method: "meta" }, undefined],
  ];
  for (const [analysis, short] of cases) assert.equal(ratios.ratioOf(analysis)?.short, short, JSON.stringify(analysis));
});
