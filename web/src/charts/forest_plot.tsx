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

function limits(rows: ForestRow[], ratio: boolean): [number, number] {
  const lows = rows.map((row) => row.low);
  const highs = rows.map((row) => row.high);
  const low = Math.min(...lows, ratio ? 1 : 0);
  const high = Math.max(...highs, ratio ? 1 : 0);
  if (ratio) return [Math.max(low / 1.15, 1 / farthestRatio), Math.min(high * 1.15, farthestRatio)];
  const room = 0.05 * (high - low || 1);
  return [low - room, high + room];
}

function shorten(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}

function forest(rows: ForestRow[], ratio: boolean, axis: string, width: number) {
  const letters = Math.min(Math.max(...rows.map((row) => row.term.length)), Math.floor((0.38 * width) / 7));
  const [left, right] = limits(rows, ratio);
  const inside = (value: number) => Math.min(Math.max(value, left), right);
  const order = rows.map((row) => row.term);
  return Plot.plot({
    width,
    height: 60 + 26 * rows.length,
    marginLeft: 14 + 7 * letters,
    marginRight: 16,
    marginBottom: 40,
    x: {
      type: ratio ? "log" : "linear",
      domain: [left, right],
      label: axis,
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      ticks: ratio ? Math.max(3, Math.floor(width / 110)) : Math.max(3, Math.floor(width / 90)),
      tickFormat: ratio ? (value: number) => String(Number(value.toPrecision(2))) : undefined,
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
  const cut = ratio && rows.some((row) => row.low < 1 / farthestRatio || row.high > farthestRatio);
  return (
    <Figure kind="forest" caption={caption} draw={draw}>
      {cut && <p className="soft small">An arrow: the interval goes on beyond the axis; the table has it.</p>}
    </Figure>
  );
}
