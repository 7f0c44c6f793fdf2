// SPDX-License-Identifier: Apache-2.0
import * as Plot from "@observablehq/plot";
import { useCallback } from "react";
import { Figure } from "./figure";

export interface SurvivalCurve {
  stratum: string;
  time: number[];
  estimate: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  censored: (number | null)[];
}

const colours = [1, 2, 3, 4, 5, 6].map((number) => `var(--series-${number})`);
const dashes = ["", "7 4", "2 3", "10 3 2 3", "4 2", "1 4"];

function styleOf(index: number) {
  return { stroke: colours[index % colours.length]!, dash: dashes[(index + Math.floor(index / colours.length)) % dashes.length]! };
}

interface Point {
  time: number;
  estimate: number;
  low: number | null;
  high: number | null;
}

// All start at (0, 1). A suppressed time is left out: the step before it goes on.
function points(curve: SurvivalCurve): Point[] {
  const steps: Point[] = [{ time: 0, estimate: 1, low: 1, high: 1 }];
  curve.time.forEach((time, i) => {
    const estimate = curve.estimate[i];
    if (typeof estimate !== "number") return;
    steps.push({ time, estimate, low: curve.low[i] ?? null, high: curve.high[i] ?? null });
  });
  return steps;
}

function marksOf(curve: SurvivalCurve, index: number) {
  const { stroke, dash } = styleOf(index);
  const steps = points(curve);
  const band = steps.filter((point) => point.low !== null && point.high !== null);
  const censored = curve.time
    .map((time, i) => ({ time, estimate: curve.estimate[i], count: curve.censored[i] }))
    .filter((point) => typeof point.estimate === "number" && (point.count ?? 0) > 0);
  return [
    Plot.areaY(band, { x: "time", y1: "low", y2: "high", curve: "step-after", fill: stroke, fillOpacity: 0.14 }),
    Plot.line(steps, { x: "time", y: "estimate", curve: "step-after", stroke, strokeWidth: 2, strokeDasharray: dash }),
    Plot.dot(censored, { x: "time", y: "estimate", symbol: "plus", r: 3.5, stroke, strokeWidth: 1.2 }),
  ];
}

function survival(curves: SurvivalCurve[], axis: string, width: number) {
  return Plot.plot({
    width,
    height: Math.round(Math.max(240, Math.min(400, 0.5 * width))),
    marginLeft: 46,
    marginRight: 14,
    marginBottom: 46,
    x: {
      label: axis,
      labelAnchor: "center",
      labelArrow: "none",
      zero: true,
      ticks: Math.max(3, Math.floor(width / 90)),
    },
    y: { domain: [0, 1], label: "Survival", labelArrow: "none", grid: true, ticks: 5, percent: false },
    marks: [Plot.ruleY([0], { stroke: "var(--rule)" }), ...curves.flatMap(marksOf)],
  });
}

/** Kaplan–Meier curves with their confidence bands, and a mark where persons were censored. */
export function SurvivalPlot({ curves, axis, caption }: { curves: SurvivalCurve[]; axis: string; caption: string }) {
  const draw = useCallback((width: number) => survival(curves, axis, width), [curves, axis]);
  const hidden = curves.reduce((sum, curve) => sum + curve.estimate.filter((value) => value === null).length, 0);
  return (
    <Figure kind="survival" caption={caption} draw={draw}>
      <ul className="legend" aria-label="Legend">
        {curves.map((curve, index) => {
          const { stroke, dash } = styleOf(index);
          return (
            <li key={curve.stratum}>
              <svg viewBox="0 0 32 10" aria-hidden="true">
                <line x1="0" x2="32" y1="5" y2="5" stroke={stroke} strokeWidth="3" strokeDasharray={dash} />
              </svg>
              {curve.stratum}
            </li>
          );
        })}
        <li className="soft small">+ censored · band: confidence interval</li>
      </ul>
      {hidden > 0 && (
        <p className="soft small">
          At {hidden} time{hidden === 1 ? "" : "s"} the estimate is suppressed; the curve keeps its last value there.
        </p>
      )}
    </Figure>
  );
}
