// SPDX-License-Identifier: Apache-2.0
import type { Analysis } from "../api/types";

export interface Ratio {
  name: string;
  short: string;
}

const canonicalLinks: Record<string, string> = {
  binomial: "logit",
  quasibinomial: "logit",
  poisson: "log",
  quasipoisson: "log",
  negative_binomial: "log",
};

function ofLogLink(family: string): Ratio {
  if (/binomial$/.test(family) && family !== "negative_binomial") return { name: "Risk ratio", short: "RR" };
  if (/poisson$|^negative_binomial$/.test(family)) return { name: "Rate ratio", short: "RR" };
  return { name: "Ratio of means", short: "ratio of means" };
}

/** What exp(coefficient) is called; undefined: the coefficient itself is what one reads. */
export function ratioOf(analysis: Analysis): Ratio | undefined {
  if (analysis.method === "cox") return { name: "Hazard ratio", short: "HR" };
  if (analysis.method !== "glm" || typeof analysis.family !== "string") return undefined;
  const family = analysis.family;
  const link = typeof analysis.link === "string" ? analysis.link : canonicalLinks[family];
  if (link === "logit") return { name: "Odds ratio", short: "OR" };
  return link === "log" ? ofLogLink(family) : undefined;
}
