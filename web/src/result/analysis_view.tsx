// SPDX-License-Identifier: Apache-2.0
// One analysis: its head line, warnings, its method's view, what was suppressed.
import { Alert, Title } from "@mantine/core";
import type { ReactElement } from "react";
import type { Analysis } from "../api/types";
import { formatCount } from "../format";
import { CrossTableView } from "./cross_table";
import { JsonTree } from "./json_tree";
import { Num } from "./parts";
import { type Json, asText, isSuppressed } from "./read_result";
import { HistogramView, SummaryView } from "./summary";
import { KaplanMeierView, LogrankView } from "./survival";
import { TermsView } from "./terms";

type View = (props: { analysis: Analysis }) => ReactElement;

const views: Record<string, View> = {
  glm: TermsView,
  cox: TermsView,
  kaplan_meier: KaplanMeierView,
  logrank: LogrankView,
  table: CrossTableView,
  summary: SummaryView,
  histogram: HistogramView,
};

const titles: Record<string, string> = {
  glm: "generalised linear model",
  cox: "Cox proportional hazards",
  kaplan_meier: "Kaplan–Meier",
  logrank: "log-rank test",
  table: "contingency table",
  summary: "descriptive statistics",
  histogram: "histogram",
};

const headKeys = ["name", "method", "n", "n_missing", "rounds", "converged", "warnings", "suppressed"];

function HeadLine({ analysis }: { analysis: Analysis }) {
  const parts = [titles[analysis.method] ?? analysis.method];
  if (asText(analysis.family)) parts.push([analysis.family, analysis.link].filter(Boolean).join(", "));
  return (
    <p className="soft small">
      {parts.join(" · ")}
      {" · n = "}
      <Num value={analysis.n} suppressed={isSuppressed(analysis, "n")} as="count" />
      {typeof analysis.n_missing === "number" && ` · ${formatCount(analysis.n_missing)} left out (missing values)`}
      {typeof analysis.rounds === "number" && ` · ${formatCount(analysis.rounds)} rounds`}
      {asText(analysis.formula) && (
        <>
          <br />
          <code>{asText(analysis.formula)}</code>
        </>
      )}
    </p>
  );
}

function Warnings({ analysis }: { analysis: Analysis }) {
  const warnings = [...(analysis.warnings ?? [])];
  if (analysis.converged === false) warnings.unshift("The estimation did not converge: do not use these numbers.");
  if (warnings.length === 0) return null;
  return (
    <Alert color="yellow" title={warnings.length === 1 ? "Warning" : "Warnings"} mb="sm">
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Alert>
  );
}

function SuppressedList({ analysis }: { analysis: Analysis }) {
  const paths = analysis.suppressed ?? [];
  if (paths.length === 0) return null;
  return (
    <details>
      <summary>
        {paths.length} number{paths.length === 1 ? " was" : "s were"} suppressed by the release rules
      </summary>
      <ul className="mono">
        {paths.map((path) => (
          <li key={path}>{path}</li>
        ))}
      </ul>
    </details>
  );
}

function rest(analysis: Analysis): Json {
  return Object.fromEntries(Object.entries(analysis).filter(([key]) => !headKeys.includes(key))) as Json;
}

export function AnalysisView({ analysis }: { analysis: Analysis }) {
  const Method = views[analysis.method];
  return (
    <section className="panel" aria-label={`Analysis ${analysis.name}`} data-method={analysis.method}>
      <Title order={3} size="h4">
        {analysis.name}
      </Title>
      <HeadLine analysis={analysis} />
      <Warnings analysis={analysis} />
      {Method ? <Method analysis={analysis} /> : <JsonTree value={rest(analysis)} />}
      <SuppressedList analysis={analysis} />
      {Method && (
        <details>
          <summary>All numbers of this analysis</summary>
          <JsonTree value={rest(analysis)} depth={1} />
        </details>
      )}
    </section>
  );
}
