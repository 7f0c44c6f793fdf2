// SPDX-License-Identifier: Apache-2.0
// Reading a result file: what each method gives is described in the result file's documentation; here
// every field is looked at before it is believed, so that a file of another version shows what it has.
import type { Analysis, ResultFile } from "../api/types";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Throws an Error with one line for a person. */
export function readResultFile(text: string): ResultFile {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    throw new Error("it is not JSON");
  }
  const file = asObject(json);
  if (!file || !asObject(file.study) || !Array.isArray(file.analyses)) {
    throw new Error("expected an object with “study”, “sites”, “analyses” and “ledger”");
  }
  if (file.analyses.some((analysis) => typeof asObject(analysis)?.method !== "string")) {
    throw new Error("analyses: expected a “method” in each");
  }
  return {
    ...file,
    sites: Array.isArray(file.sites) ? file.sites : [],
    ledger: asObject(file.ledger) ?? { root: "", rounds: 0 },
  } as unknown as ResultFile;
}

export function asObject(value: Json | unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function asArray(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

/** Numbers of a list; null stays null: suppressed, or not a number. */
export function asNumbers(value: unknown): (number | null)[] {
  return asArray(value).map((item) => (typeof item === "number" ? item : null));
}

export function asTexts(value: unknown): string[] {
  return asArray(value).map((item) => String(item));
}

// "$.analyses[0].counts[1][2]", "/counts/1/2" and "counts.1.2" name the same place.
function normalised(path: string): string {
  return path
    .replace(/^\$/, "")
    .replace(/[[\]/]+/g, ".")
    .replace(/\.{2,}/g, ".")
    .replace(/^\.|\.$/g, "")
    .replace(/^analyses\.\d+\./, "");
}

/** Whether the analysis lists `path`, or what holds it, as suppressed. */
export function isSuppressed(analysis: Analysis, path: string): boolean {
  return (analysis.suppressed ?? []).some((entry) => {
    const listed = normalised(entry);
    return path === listed || path.startsWith(`${listed}.`);
  });
}

/** The small-count threshold where the file says it. */
export function minimumCount(result: ResultFile, analysis: Analysis): number | undefined {
  const file = result as unknown as JsonObject;
  for (const holder of [analysis as unknown as JsonObject, asObject(file.privacy), asObject(file.study), file]) {
    const count = asNumber(holder?.minimum_count);
    if (count !== undefined && count > 0) return count;
  }
  return undefined;
}
