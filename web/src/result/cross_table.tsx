// SPDX-License-Identifier: Apache-2.0
// Counts by one, two or three factors, with the chi-square test. A cell that was held back says so.
import { Table } from "@mantine/core";
import type { Analysis } from "../api/types";
import { formatNumber, formatPStatement, formatPercent } from "../format";
import { Scroll } from "../pages/page_parts";
import { Num, useSuppressedWords } from "./parts";
import { type Json, type JsonObject, asArray, asNumber, asObject, asText, asTexts, isSuppressed } from "./read_result";

/** Names and levels of the variables, from {"a":["x","y"]}, [["x","y"]] or [{"variable","levels"}]. */
function readFactors(analysis: Analysis): { name: string; levels: string[] }[] {
  const names = asTexts(analysis.variables);
  const levels = analysis.levels as Json;
  const byName = asObject(levels);
  if (byName) {
    const order = names.length > 0 ? names : Object.keys(byName);
    return order.map((name) => ({ name, levels: asTexts(byName[name]) }));
  }
  const list = asArray(levels);
  if (list.length > 0 && !Array.isArray(list[0]) && !asObject(list[0])) {
    return [{ name: names[0] ?? "Level", levels: asTexts(list) }];
  }
  return list.map((item, i) => {
    const object = asObject(item);
    return {
      name: names[i] ?? asText(object?.variable ?? object?.name) ?? `variable ${i + 1}`,
      levels: asTexts(object ? object.levels : item),
    };
  });
}

const isCount = (value: Json | undefined): value is number => typeof value === "number";

/** A row's total; unknown as soon as one of its cells is. */
function totalOf(cells: Json[]): number | undefined {
  return cells.every(isCount) ? cells.reduce<number>((sum, cell) => sum + (cell as number), 0) : undefined;
}

function Cell({ count, total }: { count: Json | undefined; total: number | undefined }) {
  return (
    <Table.Td className="number">
      <Num value={asNumber(count)} suppressed as="count" />
      {isCount(count) && total !== undefined && total > 0 && (
        <span className="soft"> ({formatPercent(count / total)})</span>
      )}
    </Table.Td>
  );
}

function OneWay({ name, levels, counts }: { name: string; levels: string[]; counts: Json[] }) {
  const total = totalOf(counts);
  return (
    <Table data-table="counts">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{name}</Table.Th>
          <Table.Th className="number">n (%)</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {levels.map((level, i) => (
          <Table.Tr key={level}>
            <Table.Th scope="row">{level}</Table.Th>
            <Cell count={counts[i]} total={total} />
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

interface TwoWayProps {
  rows: { name: string; levels: string[] };
  columns: { name: string; levels: string[] };
  counts: Json[];
}

function TwoWay({ rows, columns, counts }: TwoWayProps) {
  return (
    <Table data-table="counts">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>
            {rows.name} <span className="soft">by {columns.name}, n (row %)</span>
          </Table.Th>
          {columns.levels.map((level) => (
            <Table.Th key={level} className="number">
              {level}
            </Table.Th>
          ))}
          <Table.Th className="number">Total</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.levels.map((level, i) => {
          const cells = columns.levels.map((_, j) => asArray(counts[i])[j] ?? null);
          const total = totalOf(cells);
          return (
            <Table.Tr key={level}>
              <Table.Th scope="row">{level}</Table.Th>
              {cells.map((count, j) => (
                <Cell key={columns.levels[j]} count={count} total={total} />
              ))}
              <Table.Td className="number">
                {total === undefined ? <span title="a cell of this row is suppressed">–</span> : <Num value={total} as="count" />}
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

function testLine(name: string, test: JsonObject | undefined) {
  const statistic = asNumber(test?.statistic);
  const p = asNumber(test?.p_value);
  const df = asNumber(test?.parameter ?? test?.df);
  if (statistic === undefined || p === undefined) return null;
  return (
    <p className="headline" data-line="chisq" title={`χ² = ${statistic}, p = ${p}`}>
      {name}: χ² = {formatNumber(statistic)}
      {df !== undefined && ` on ${df} degree${df === 1 ? "" : "s"} of freedom`}, <strong>{formatPStatement(p)}</strong>
    </p>
  );
}

function ChiSquare({ analysis }: { analysis: Analysis }) {
  const test = asObject(analysis.chisq);
  if (!test) return isSuppressed(analysis, "chisq") ? <p>The chi-square test is suppressed.</p> : null;
  return (
    <>
      {testLine("Chi-square test", test)}
      {testLine("With Yates’ correction", asObject(test.corrected))}
    </>
  );
}

function hasNull(counts: Json): boolean {
  return Array.isArray(counts) ? counts.some(hasNull) : counts === null;
}

function SuppressedNote() {
  const words = useSuppressedWords();
  return (
    <p className="soft small">
      “{words}”: too few persons in the cell, or hidden so that such a cell cannot be computed from the others. It is not zero.
    </p>
  );
}

export function CrossTableView({ analysis }: { analysis: Analysis }) {
  const factors = readFactors(analysis);
  const counts = asArray(analysis.counts);
  const [first, second, third] = factors;
  if (!first) return <p className="soft">No counts were released.</p>;
  return (
    <>
      {!second && (
        <Scroll label={`Counts of ${first.name}`}>
          <OneWay {...first} counts={counts} />
        </Scroll>
      )}
      {second && !third && (
        <Scroll label={`Counts of ${first.name} by ${second.name}`}>
          <TwoWay rows={first} columns={second} counts={counts} />
        </Scroll>
      )}
      {second &&
        third &&
        first.levels.map((level, i) => (
          <Scroll key={level} label={`Counts where ${first.name} is ${level}`}>
            <h4>
              {first.name}: {level}
            </h4>
            <TwoWay rows={second} columns={third} counts={asArray(counts[i])} />
          </Scroll>
        ))}
      {hasNull(counts) && <SuppressedNote />}
      <ChiSquare analysis={analysis} />
    </>
  );
}
