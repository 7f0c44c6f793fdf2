// SPDX-License-Identifier: Apache-2.0
// Parts that several pages share: states, moments, scrolling tables.
import { Alert, Badge, Progress as Bar } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import type { Progress, StudyState } from "../api/types";
import { formatAgo, formatCount, formatMoment } from "../format";

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Clinnova`;
  }, [title]);
}

/** A table that scrolls sideways on a narrow screen, also by keyboard. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

export function HubError({ message }: { message?: string }) {
  if (!message) return null;
  return (
    <Alert color="var(--bad)" title="No fresh answer from the hub" mb="md" role="alert">
      {message}
    </Alert>
  );
}

const stateColours: Record<StudyState, string> = {
  submitted: "var(--waiting)",
  approved: "var(--accent)",
  running: "var(--accent)",
  finished: "var(--good)",
  failed: "var(--bad)",
  refused: "var(--bad)",
  withdrawn: "var(--ink-soft)",
};

export function StateBadge({ state }: { state: StudyState }) {
  return (
    <Badge color={stateColours[state]} variant="light" tt="none">
      {state}
    </Badge>
  );
}

export function ConnectionBadge({ connected }: { connected: boolean }) {
  return (
    <Badge color={connected ? "var(--good)" : "var(--ink-soft)"} variant={connected ? "light" : "outline"} tt="none">
      {connected ? "● connected" : "○ disconnected"}
    </Badge>
  );
}

export function Ago({ moment, never = "never" }: { moment: string | null; never?: string }) {
  if (!moment) return <>{never}</>;
  return (
    <time dateTime={moment} title={formatMoment(moment)}>
      {formatAgo(moment, Date.now())}
    </time>
  );
}

export function ProgressView({ progress, state }: { progress: Progress; state: StudyState }) {
  const { analyses_done: done, analyses_total: total, rounds, analysis } = progress;
  const share = total > 0 ? (100 * done) / total : 0;
  return (
    <div>
      <Bar
        value={share}
        animated={state === "running"}
        color={state === "failed" || state === "refused" ? "var(--bad)" : "var(--accent)"}
        aria-label={`${done} of ${total} analyses done`}
      />
      <span className="soft small">
        {formatCount(done)} of {formatCount(total)} analyses, {formatCount(rounds)} round{rounds === 1 ? "" : "s"}
        {state === "running" && analysis ? ` · now: ${analysis}` : ""}
      </span>
    </div>
  );
}
