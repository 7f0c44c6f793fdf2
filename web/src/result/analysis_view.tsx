// SPDX-License-Identifier: Apache-2.0
// One analysis: its head line, warnings, its method's view, what was suppressed.
import { Alert, Title } from "@mantine/core";
import type { ReactElement } from "react";
import type { Analysis } from "../api/types";
import { formatCount } from "../format";
import { CrossTableView } from "./cross_table";
import { JsonTree } from "./json_tree";
import { Num } from "./parts";
import { type Json, type JsonObject, asObject, asText, isSuppressed } from "./read_result";
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
      {analysis.n !== undefined && (
        <>
          {" · n = "}
          <Num value={analysis.n} suppressed={isSuppressed(analysis, "n")} as="count" />
        </>
      )}
      {typeof analysis.n_missing === "number" && analysis.n_missing > 0 && ` · ${formatCount(analysis.n_missing)} left out (missing values)`}
      {typeof analysis.rounds === "number" && ` · ${formatCount(analysis.rounds)} round${analysis.rounds === 1 ? "" : "s"}`}
      {asText(analysis.formula) && (
        <>
          <br />
          <code>{asText(analysis.formula)}</code>
        </>
      )}
    </p>
  );
}

/** An analysis that ended without a result keeps its place and says why. */
function Failed({ error }: { error: JsonObject }) {
  const refused = asText(error.code) === "refused";
  return (
    <Alert color="var(--bad)" title={refused ? "Refused by the release rules" : "This analysis failed"} mb="sm">
      {asText(error.message) ?? "No reason was given."}
      {asText(error.reason) && <div className="mono soft">{asText(error.reason)}</div>}
    </Alert>
  );
}

function Warnings({ analysis }: { analysis: Analysis }) {
  const warnings = [...(analysis.warnings ?? [])];
  if (analysis.converged === false) warnings.unshift("The estimation did not converge: do not use these numbers.");
  if (warnings.length === 0) return null;
  return (
    <Alert color="var(--waiting)" title={warnings.length === 1 ? "Warning" : "Warnings"} mb="sm">
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
  const error = asObject(analysis.error);
  const Method = error ? undefined : views[analysis.method];
  return (
    <section className="panel" aria-label={`Analysis ${analysis.name}`} data-method={analysis.method}>
      <Title order={3} size="h4">
        {analysis.name}
      </Title>
      <HeadLine analysis={analysis} />
      <Warnings analysis={analysis} />
      {error && <Failed error={error} />}
      {Method && <Method analysis={analysis} />}
      {!Method && !error && <JsonTree value={rest(analysis)} />}
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
