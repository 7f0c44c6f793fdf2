// SPDX-License-Identifier: Apache-2.0
import * as Plot from "@observablehq/plot";
import { useCallback } from "react";
import { Figure } from "./figure";

export interface ForestRow {
  term: string;
  estimate: number;
  low: number;
  high: number;
  /** How the row is written out, shown on hover. */
  words: string;
}

// An interval that reaches further than this from the null is cut, and an arrow says so: one term that
// the data hardly inform must not squeeze all the others into a line.
const farthestRatio = 50;
const letterWidth = 7.5;

function limits(rows: ForestRow[], ratio: boolean): [number, number] {
  const lows = rows.map((row) => row.low).filter((low) => Number.isFinite(low) && (!ratio || low > 0));
  const highs = rows.map((row) => row.high).filter(Number.isFinite);
  const low = Math.min(...lows, ratio ? 1 : 0);
  const high = Math.max(...highs, ratio ? 1 : 0);
  if (ratio) return [Math.max(low / 1.15, 1 / farthestRatio), Math.min(high * 1.15, farthestRatio)];
  const room = 0.05 * (high - low || 1);
  return [low - room, high + room];
}

function shorten(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}

// Round ratios inside the axis: 0.1 0.2 0.5 1 2 5, with more between where the axis is short.
function ratioTicks(left: number, right: number, wanted: number): number[] {
  const steps = [[1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 9.5]];
  let ticks: number[] = [];
  for (const mantissas of steps) {
    const finer = [-2, -1, 0, 1]
      .flatMap((power) => mantissas.map((mantissa) => Number((mantissa * 10 ** power).toPrecision(3))))
      .filter((tick) => tick >= left && tick <= right);
    if (ticks.length >= 3 && finer.length > wanted) break;
    ticks = finer;
  }
  return ticks;
}

function forest(rows: ForestRow[], ratio: boolean, axis: string, width: number) {
  const letters = Math.min(Math.max(...rows.map((row) => row.term.length)), Math.floor((0.38 * width) / letterWidth));
  const [left, right] = limits(rows, ratio);
  const inside = (value: number) => Math.min(Math.max(value, left), right);
  const order = rows.map((row) => row.term);
  return Plot.plot({
    width,
    height: 66 + 26 * rows.length,
    marginLeft: 14 + letterWidth * letters,
    marginRight: 16,
    marginBottom: 46,
    x: {
      type: ratio ? "log" : "linear",
      domain: [left, right],
      label: axis,
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: ratio ? ratioTicks(left, right, Math.floor(width / 70)) : Math.max(3, Math.floor(width / 90)),
      tickFormat: ratio ? (value: number) => String(value) : undefined,
    },
    y: { type: "band", domain: order, label: null, tickSize: 0, tickFormat: (term: string) => shorten(term, letters) },
    marks: [
      Plot.ruleX([ratio ? 1 : 0], { stroke: "var(--ink-soft)", strokeDasharray: "4 3" }),
      Plot.link(rows, {
        x1: (row: ForestRow) => inside(row.low),
        x2: (row: ForestRow) => inside(row.high),
        y1: "term",
        y2: "term",
        stroke: "var(--series-1)",
        strokeWidth: 2,
      }),
      Plot.text(
        rows.filter((row) => row.low < left),
        { x: left, y: "term", text: () => "◀", fill: "var(--series-1)" },
      ),
      Plot.text(
        rows.filter((row) => row.high > right),
        { x: right, y: "term", text: () => "▶", fill: "var(--series-1)" },
      ),
      Plot.dot(
        rows.filter((row) => row.estimate >= left && row.estimate <= right),
        { x: "estimate", y: "term", r: 5, symbol: "square", fill: "var(--series-1)", title: "words" },
      ),
    ],
  });
}

/** Estimates with their intervals, one row each, in the order given; ratios on a log scale around 1. */
export function ForestPlot(props: { rows: ForestRow[]; ratio: boolean; axis: string; caption: string }) {
  const { rows, ratio, axis, caption } = props;
  const draw = useCallback((width: number) => forest(rows, ratio, axis, width), [rows, ratio, axis]);
  const [left, right] = limits(rows, ratio);
  const cut = rows.some((row) => row.low < left || row.high > right);
  return (
    <Figure kind="forest" caption={caption} draw={draw}>
      {cut && <p className="soft small">An arrow: the interval goes on beyond the axis; the table has it.</p>}
    </Figure>
  );
}
