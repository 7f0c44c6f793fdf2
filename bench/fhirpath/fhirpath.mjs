// SPDX-License-Identifier: Apache-2.0
// The rival: fhirpath.js on the NDJSON files of the command line; one line of JSON with its answers' hash and times.
// The views' rows go to a file.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { compileView, viewRows } from './views.mjs';

const require = createRequire(import.meta.url);
const fhirpath = require('fhirpath');
const r4 = require('fhirpath/fhir-context/r4');

const [expressionsFile, viewsFolder, rowsFile, repeats, ...files] = process.argv.slice(2);
const byType = new Map();
for (const line of readFileSync(expressionsFile, 'utf8').trim().split('\n')) {
  const [type, expression] = line.split('\t');
  if (!byType.has(type)) byType.set(type, []);
  byType.get(type).push(fhirpath.compile({ base: type, expression }, r4));
}
const views = readdirSync(viewsFolder).sort().map(
  (name) => compileView(JSON.parse(readFileSync(join(viewsFolder, name), 'utf8'))));

const lines = files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'));

/** Processor time of this process since then: the machine may have other work. */
function seconds(since) {
  const used = process.cpuUsage(since);
  return (used.user + used.system) / 1e6;
}

let started = process.cpuUsage();
const resources = lines.flatMap((line) => {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];  // a planted defect is no JSON
  }
});
const parse = seconds(started);

/** Every resource's answers, as text. */
function evaluate(hash) {
  let count = 0;
  for (const resource of resources) {
    for (const path of byType.get(resource.resourceType) ?? []) {
      const answer = path(resource);
      ++count;
      if (hash) hash.update(JSON.stringify(answer) + '\n');
    }
  }
  return count;
}
const hash = createHash('sha256');
const count = evaluate(hash);  // also warms the compiler up
started = process.cpuUsage();
for (let i = 0; i < Number(repeats); ++i) evaluate(null);
const evaluation = seconds(started) / Number(repeats);

const rows = views.flatMap((view) => resources.flatMap((resource) => viewRows(view, resource)));
writeFileSync(rowsFile, rows.map((row) => JSON.stringify(row) + '\n').join(''));
started = process.cpuUsage();
for (let i = 0; i < Number(repeats); ++i) {
  for (const resource of resources) {
    for (const view of views) viewRows(view, resource);
  }
}
const viewing = seconds(started) / Number(repeats);
console.log(JSON.stringify({ count, answers: hash.digest('hex'), parse, evaluation, views: viewing }));
