// SPDX-License-Identifier: Apache-2.0
// Descriptive statistics: numeric variables in one table, each factor in its own; histograms.
import { Table } from "@mantine/core";
import { useMemo } from "react";
import type { Analysis } from "../api/types";
import { type Bin, HistogramPlot } from "../charts/histogram_plot";
import { formatLevel, formatPercent } from "../format";
import { Scroll } from "../pages/page_parts";
import { Num } from "./parts";
import { type Json, type JsonObject, asArray, asNumber, asNumbers, asObject, asText, isSuppressed } from "./read_result";

interface Variable {
  name: string;
  path: string;
  values: JsonObject;
}

/** From [{"variable",…}], {"age":{…}}, or a "summary" of either form. */
function readVariables(analysis: Analysis): Variable[] {
  for (const key of ["variables", "summary", "statistics"]) {
    const holder = analysis[key] as Json;
    const byName = asObject(holder);
    if (byName) {
      return Object.entries(byName).flatMap(([name, item]) => {
        const values = asObject(item);
        return values ? [{ name, path: `${key}.${name}`, values }] : [];
      });
    }
    const list = asArray(holder).flatMap((item, i) => {
      const values = asObject(item);
      if (!values) return [];
      return [{ name: asText(values.variable ?? values.name) ?? `variable ${i + 1}`, path: `${key}.${i}`, values }];
    });
    if (list.length > 0) return list;
  }
  return [];
}

function quantileTitle(p: number | null | undefined, i: number): string {
  if (typeof p !== "number") return `Quantile ${i + 1}`;
  return p === 0.5 ? "Median" : `${formatLevel(p)} quantile`;
}

interface Quantile {
  title: string;
  value?: number;
  suppressed: boolean;
}

/** From {"0.25":1}, or a list beside the analysis' probabilities; without those it is not guessed which they are. */
function readQuantiles(analysis: Analysis, { values, path }: Variable): Quantile[] {
  const probabilities = asNumbers(analysis.probabilities ?? analysis.quantiles);
  const byName = asObject(values.quantiles);
  const pairs: [number | null | undefined, Json, string][] = byName
    ? Object.entries(byName).map(([p, value]) => [Number(p), value, p])
    : asArray(values.quantiles).map((value, i) => [probabilities[i], value, String(i)]);
  return pairs.map(([p, value, key], i) => ({
    title: quantileTitle(p, i),
    value: asNumber(value),
    suppressed: isSuppressed(analysis, `${path}.quantiles.${key}`),
  }));
}

function NumericTable({ analysis, variables }: { analysis: Analysis; variables: Variable[] }) {
  const titles = [...new Set(variables.flatMap((v) => readQuantiles(analysis, v).map(({ title }) => title)))];
  const columns = [
    ["n", "n", "count"],
    ["n_missing", "Missing", "count"],
    ["mean", "Mean", "number"],
    ["sd", "SD", "number"],
  ] as const;
  return (
    <Scroll label="Numeric variables">
      <Table data-table="summary">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Variable</Table.Th>
            {columns.map(([key, title]) => (
              <Table.Th key={key} className="number">
                {title}
              </Table.Th>
            ))}
            {titles.map((title) => (
              <Table.Th key={title} className="number">
                {title}
              </Table.Th>
            ))}
            <Table.Th className="number">Skewness</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {variables.map((variable) => {
            const { name, path, values } = variable;
            const quantiles = new Map(readQuantiles(analysis, variable).map((quantile) => [quantile.title, quantile]));
            return (
              <Table.Tr key={name}>
                <Table.Th scope="row">{name}</Table.Th>
                {columns.map(([key, , as]) => (
                  <Table.Td key={key} className="number">
                    <Num value={asNumber(values[key])} suppressed={isSuppressed(analysis, `${path}.${key}`)} as={as} />
                  </Table.Td>
                ))}
                {titles.map((title) => (
                  <Table.Td key={title} className="number">
                    <Num value={quantiles.get(title)?.value} suppressed={quantiles.get(title)?.suppressed} />
                  </Table.Td>
                ))}
                <Table.Td className="number">
                  <Num value={asNumber(values.skewness)} suppressed={isSuppressed(analysis, `${path}.skewness`)} />
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {titles.includes("Quantile 1") && (
        <p className="soft small">
          The file does not say which quantiles these are: 25%, 50% and 75% unless the study asked for others.
        </p>
      )}
    </Scroll>
  );
}

/** From {"F":10,"M":12}, or counts beside levels. */
function readLevels(values: JsonObject): [string, Json][] {
  const byName = asObject(values.counts);
  if (byName) return Object.entries(byName);
  return asArray(values.counts).map((item, i) => {
    const pair = asObject(item);
    if (pair) return [asText(pair.level) ?? String(i + 1), pair.n ?? pair.count ?? null];
    return [String(asArray(values.levels)[i] ?? i + 1), item];
  });
}

function FactorTable({ variable }: { variable: Variable }) {
  const levels = readLevels(variable.values);
  const known = levels.every(([, count]) => typeof count === "number");
  const total = levels.reduce((sum, [, count]) => sum + (asNumber(count) ?? 0), 0);
  return (
    <Scroll label={`Levels of ${variable.name}`}>
      <Table data-table="summary-levels">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{variable.name}</Table.Th>
            <Table.Th className="number">n (%)</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {levels.map(([level, count]) => (
            <Table.Tr key={level}>
              <Table.Th scope="row">{level}</Table.Th>
              <Table.Td className="number">
                <Num value={asNumber(count)} suppressed as="count" />
                {known && total > 0 && <span className="soft"> ({formatPercent((count as number) / total)})</span>}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

export function SummaryView({ analysis }: { analysis: Analysis }) {
  const variables = readVariables(analysis);
  const factors = variables.filter(({ values }) => values.counts !== undefined);
  const numeric = variables.filter(({ values }) => values.counts === undefined);
  return (
    <>
      {numeric.length > 0 && <NumericTable analysis={analysis} variables={numeric} />}
      {factors.map((variable) => (
        <FactorTable key={variable.name} variable={variable} />
      ))}
    </>
  );
}

export function HistogramView({ analysis }: { analysis: Analysis }) {
  const bins = useMemo(() => {
    const breaks = asNumbers(analysis.breaks);
    return asNumbers(analysis.counts).flatMap((count, i): Bin[] => {
      const [from, to] = [breaks[i], breaks[i + 1]];
      return typeof from === "number" && typeof to === "number" ? [{ from, to, count }] : [];
    });
  }, [analysis]);
  const variable = asText(analysis.variable) ?? analysis.name;
  return <HistogramPlot bins={bins} axis={variable} caption={`Distribution of ${variable}`} />;
}
