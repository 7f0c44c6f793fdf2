// SPDX-License-Identifier: Apache-2.0
// Regression coefficients: a table and a forest plot; as ratios where the model's scale is a log.
import { Table } from "@mantine/core";
import { useMemo } from "react";
import type { Analysis } from "../api/types";
import { ForestPlot, type ForestRow } from "../charts/forest_plot";
import { formatEstimate, formatInterval, formatLevel, formatPStatement } from "../format";
import { Scroll } from "../pages/page_parts";
import { Num, Suppressed } from "./parts";
import { ratioOf } from "./ratio";
import { asArray, asNumber, asObject, asText, isSuppressed } from "./read_result";

interface Term {
  name: string;
  estimate?: number;
  low?: number;
  high?: number;
  p?: number;
  suppressed: boolean;
}

function readTerms(analysis: Analysis): Term[] {
  return asArray(analysis.terms).flatMap((item, i) => {
    const term = asObject(item);
    if (!term) return [];
    return {
      name: asText(term.term) ?? `term ${i + 1}`,
      estimate: asNumber(term.estimate),
      low: asNumber(term.conf_low),
      high: asNumber(term.conf_high),
      p: asNumber(term.p_value),
      suppressed: isSuppressed(analysis, `terms.${i}.estimate`),
    };
  });
}

const exp = (value: number | undefined) => (value === undefined ? undefined : Math.exp(value));

function words(term: Term, short: string, level: string): string {
  const { estimate, low, high, p } = term;
  const parts = [estimate === undefined ? "" : `${short} ${formatEstimate(estimate)}`];
  if (low !== undefined && high !== undefined) parts.push(`(${level} CI ${formatInterval(low, high)})`);
  return parts.join(" ") + (p === undefined ? "" : `, ${formatPStatement(p)}`);
}

function TermRow({ term, coefficient, level, short }: { term: Term; coefficient?: Term; level: string; short: string }) {
  const known = term.low !== undefined && term.high !== undefined;
  return (
    <Table.Tr>
      <Table.Th scope="row">{term.name}</Table.Th>
      <Table.Td className="number" title={words(term, short, level)}>
        <Num value={term.estimate} suppressed={term.suppressed} as="estimate" />
      </Table.Td>
      <Table.Td className="number">
        {known ? (
          <span title={`${term.low} to ${term.high}`}>{formatInterval(term.low!, term.high!)}</span>
        ) : term.suppressed ? (
          <Suppressed />
        ) : (
          "–"
        )}
      </Table.Td>
      <Table.Td className="number">
        <Num value={term.p} suppressed={term.suppressed} as="p" />
      </Table.Td>
      {coefficient && (
        <Table.Td className="number wide-only">
          <Num value={coefficient.estimate} suppressed={coefficient.suppressed} as="estimate" />
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function toForest(terms: Term[], short: string, level: string): ForestRow[] {
  return terms.flatMap((term) => {
    const { estimate, low, high, name } = term;
    const drawable = [estimate, low, high].every((value) => value !== undefined && !Number.isNaN(value));
    if (name === "(Intercept)" || !drawable) return [];
    return { term: name, estimate: estimate!, low: low!, high: high!, words: `${name}: ${words(term, short, level)}` };
  });
}

export function TermsView({ analysis }: { analysis: Analysis }) {
  const ratio = useMemo(() => ratioOf(analysis), [analysis]);
  const level = formatLevel(asNumber(analysis.conf_level) ?? 0.95);
  const short = ratio?.short ?? "estimate";
  const coefficients = useMemo(() => readTerms(analysis), [analysis]);
  const terms = useMemo(
    () =>
      ratio
        ? coefficients.map((t) => ({ ...t, estimate: exp(t.estimate), low: exp(t.low), high: exp(t.high) }))
        : coefficients,
    [coefficients, ratio],
  );
  const rows = useMemo(() => toForest(terms, short, level), [terms, short, level]);
  const title = ratio?.name ?? "Estimate";
  if (terms.length === 0) return <p className="soft">No terms were released.</p>;
  return (
    <>
      <Scroll label={`Terms of ${analysis.name}`}>
        <Table data-table="terms">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Term</Table.Th>
              <Table.Th className="number">{title}</Table.Th>
              <Table.Th className="number">{level} CI</Table.Th>
              <Table.Th className="number">p</Table.Th>
              {ratio && <Table.Th className="number wide-only">Coefficient (log {ratio.short})</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {terms.map((term, i) => (
              <TermRow
                key={term.name}
                term={term}
                coefficient={ratio ? coefficients[i] : undefined}
                level={level}
                short={short}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Scroll>
      {rows.length > 0 && (
        <ForestPlot
          rows={rows}
          ratio={ratio !== undefined}
          axis={ratio ? `${ratio.name}, log scale` : "Estimate"}
          caption={`${title} with ${level} confidence interval`}
        />
      )}
    </>
  );
}
