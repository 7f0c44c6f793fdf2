// SPDX-License-Identifier: Apache-2.0
import * as Plot from "@observablehq/plot";
import { useCallback } from "react";
import { formatCount } from "../format";
import { Figure } from "./figure";

export interface Bin {
  from: number;
  to: number;
  /** null: suppressed */
  count: number | null;
}

function histogram(bins: Bin[], axis: string, width: number) {
  const shown = bins.filter((bin) => bin.count !== null);
  const top = Math.max(1, ...shown.map((bin) => bin.count ?? 0));
  const hidden = bins.filter((bin) => bin.count === null);
  return Plot.plot({
    width,
    height: Math.round(Math.max(200, Math.min(320, 0.4 * width))),
    marginLeft: 52,
    marginBottom: 46,
    x: { label: axis, labelAnchor: "center", labelArrow: "none", ticks: Math.max(3, Math.floor(width / 90)) },
    y: { label: "Persons", labelArrow: "none", grid: true, domain: [0, top], nice: true },
    marks: [
      Plot.rect(shown, {
        x1: "from",
        x2: "to",
        y1: 0,
        y2: "count",
        fill: "var(--series-1)",
        insetLeft: 0.5,
        insetRight: 0.5,
        title: (bin: Bin) => `${bin.from} to ${bin.to}: ${formatCount(bin.count ?? 0)}`,
      }),
      // A bin that was held back is hatched over its whole width: neither empty nor a height.
      Plot.rect(hidden, {
        x1: "from",
        x2: "to",
        y1: 0,
        y2: () => top,
        fill: "none",
        stroke: "var(--ink-soft)",
        strokeDasharray: "3 3",
        title: () => "suppressed",
      }),
      Plot.ruleY([0], { stroke: "var(--rule)" }),
    ],
  });
}

export function HistogramPlot({ bins, axis, caption }: { bins: Bin[]; axis: string; caption: string }) {
  const draw = useCallback((width: number) => histogram(bins, axis, width), [bins, axis]);
  const hidden = bins.some((bin) => bin.count === null);
  return (
    <Figure kind="histogram" caption={caption} draw={draw}>
      {hidden && <p className="soft small">A dashed frame over the whole height: this bin is suppressed.</p>}
    </Figure>
  );
}
