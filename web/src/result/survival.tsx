// SPDX-License-Identifier: Apache-2.0
// Kaplan–Meier: curves, persons at risk, medians; and the log-rank test's one line.
import { Table } from "@mantine/core";
import { useMemo } from "react";
import type { Analysis } from "../api/types";
import { type SurvivalCurve, SurvivalPlot } from "../charts/survival_plot";
import { formatLevel, formatNumber, formatPStatement } from "../format";
import { Scroll } from "../pages/page_parts";
import { Num } from "./parts";
import { type JsonObject, asArray, asNumber, asNumbers, asObject, asText, isSuppressed } from "./read_result";

interface Curve extends SurvivalCurve {
  path: string;
  atRisk: (number | null)[];
  events: (number | null)[];
  median?: number;
  medianLow?: number;
  medianHigh?: number;
}

function readCurve(item: JsonObject, i: number): Curve {
  const median = asObject(item.median);
  return {
    path: `curves.${i}`,
    stratum: asText(item.stratum) || "all",
    time: asNumbers(item.time).map((time) => time ?? Number.NaN),
    estimate: asNumbers(item.estimate),
    low: asNumbers(item.conf_low),
    high: asNumbers(item.conf_high),
    censored: asNumbers(item.n_censor),
    atRisk: asNumbers(item.n_risk),
    events: asNumbers(item.n_event),
    median: median ? asNumber(median.estimate) : asNumber(item.median),
    medianLow: asNumber(median?.conf_low ?? item.median_conf_low ?? item.median_low),
    medianHigh: asNumber(median?.conf_high ?? item.median_conf_high ?? item.median_high),
  };
}

/** About `wanted` round times from 0 on. */
function roundTimes(last: number, wanted: number): number[] {
  if (!(last > 0)) return [0];
  const rough = last / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  return Array.from({ length: Math.floor(last / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Persons at risk just before `time`; null: suppressed. */
function atRisk(curve: Curve, time: number): number | null {
  const index = curve.time.findIndex((t) => t >= time);
  if (index >= 0) return curve.atRisk[index] ?? null;
  const last = curve.time.length - 1;
  const [risk, events, censored] = [curve.atRisk[last], curve.events[last], curve.censored[last]];
  if (typeof risk !== "number" || typeof events !== "number" || typeof censored !== "number") return null;
  return risk - events - censored;
}

function AtRiskTable({ curves }: { curves: Curve[] }) {
  const last = Math.max(...curves.flatMap((curve) => curve.time.filter(Number.isFinite)), 0);
  const times = roundTimes(last, 6);
  return (
    <Scroll label="Number at risk">
      <Table data-table="at-risk" captionSide="top">
        <Table.Caption ta="left">Number at risk, by time</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Time</Table.Th>
            {times.map((time) => (
              <Table.Th key={time} className="number">
                {time}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {curves.map((curve) => (
            <Table.Tr key={curve.stratum}>
              <Table.Th scope="row">{curve.stratum}</Table.Th>
              {times.map((time) => (
                <Table.Td key={time} className="number">
                  <Num value={atRisk(curve, time)} suppressed as="count" />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function Median({ curve, analysis, level }: { curve: Curve; analysis: Analysis; level: string }) {
  const { median, medianLow, medianHigh } = curve;
  if (median === undefined) {
    if (isSuppressed(analysis, `${curve.path}.median`)) return <Num value={null} suppressed />;
    return <>not reached</>;
  }
  return (
    <>
      <Num value={median} />
      {medianLow !== undefined && (
        <span title={`${medianLow} to ${medianHigh ?? "not reached"}`}>
          {" "}
          ({level} CI{" "}
          {formatNumber(medianLow)} to {medianHigh === undefined ? "not reached" : formatNumber(medianHigh)})
        </span>
      )}
    </>
  );
}

export function KaplanMeierView({ analysis }: { analysis: Analysis }) {
  const curves = useMemo(
    () => asArray(analysis.curves).flatMap((item, i) => (asObject(item) ? [readCurve(asObject(item)!, i)] : [])),
    [analysis],
  );
  const level = formatLevel(asNumber(analysis.conf_level) ?? 0.95);
  if (curves.length === 0) return <p className="soft">No curve was released.</p>;
  return (
    <>
      <SurvivalPlot curves={curves} axis="Time" caption={`Survival (Kaplan–Meier) with ${level} confidence band`} />
      <AtRiskTable curves={curves} />
      <Scroll label="Median survival">
        <Table data-table="medians">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Stratum</Table.Th>
              <Table.Th>Median survival time</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {curves.map((curve) => (
              <Table.Tr key={curve.stratum}>
                <Table.Th scope="row">{curve.stratum}</Table.Th>
                <Table.Td>
                  <Median curve={curve} analysis={analysis} level={level} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Scroll>
    </>
  );
}

/** "Log-rank test: χ² = 10.3 on 1 degree of freedom, p = 0.001" */
export function LogrankView({ analysis }: { analysis: Analysis }) {
  const statistic = asNumber(analysis.statistic);
  const df = asNumber(analysis.df);
  const p = asNumber(analysis.p_value);
  if (statistic === undefined || p === undefined) {
    return <p>The test has no result{isSuppressed(analysis, "statistic") ? ": it was suppressed" : ""}.</p>;
  }
  return (
    <p className="headline" data-line="logrank" title={`χ² = ${statistic}, p = ${p}`}>
      Log-rank test: χ² = {formatNumber(statistic)}
      {df !== undefined && ` on ${df} degree${df === 1 ? "" : "s"} of freedom`}, <strong>{formatPStatement(p)}</strong>
    </p>
  );
}
