// SPDX-License-Identifier: Apache-2.0
// For a researcher: one study, who agreed to it, how far it is, and what came out.
import { Alert, Badge, Loader, Table, Title } from "@mantine/core";
import type { ResultFile, Study } from "../api/types";
import { useJson } from "../api/use_json";
import { ResultView } from "../result/result_view";
import { Ago, ConnectionBadge, HubError, ProgressView, Scroll, StateBadge, useTitle } from "./page_parts";

const approvalColours = {
  waiting: "var(--waiting)",
  approved: "var(--good)",
  rejected: "var(--bad)",
} as const;

function Facts({ study }: { study: Study }) {
  return (
    <dl className="facts">
      <dt>Purpose</dt>
      <dd>{study.purpose || "–"}</dd>
      <dt>Permit</dt>
      <dd>{study.permit || "none given"}</dd>
      <dt>Submitted</dt>
      <dd>
        <Ago moment={study.submitted_at} />
      </dd>
      <dt>Ended</dt>
      <dd>
        <Ago moment={study.finished_at} never="not yet" />
      </dd>
      <dt>Study hash</dt>
      <dd className="mono">{study.hash}</dd>
    </dl>
  );
}

function StudySites({ study }: { study: Study }) {
  return (
    <Scroll label="Sites of this study">
      <Table data-table="study-sites">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Site</Table.Th>
            <Table.Th>Steward’s approval</Table.Th>
            <Table.Th>Connection</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {study.sites.map((site) => (
            <Table.Tr key={site.name}>
              <Table.Th scope="row">{site.name}</Table.Th>
              <Table.Td>
                <Badge color={approvalColours[site.approval]} variant="light" tt="none">
                  {site.approval}
                </Badge>
              </Table.Td>
              <Table.Td>
                <ConnectionBadge connected={site.connected} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function Result({ hash }: { hash: string }) {
  const { data, error } = useJson<ResultFile>(`/api/v1/studies/${hash}/results`, 0);
  if (error) return <HubError message={error} />;
  return data ? <ResultView result={data} href={`/api/v1/studies/${hash}/results`} /> : <Loader aria-label="Loading the result" />;
}

export default function StudyPage({ hash }: { hash: string }) {
  const [live, rest] = [1000, 5000];
  const url = `/api/v1/studies/${hash}`;
  const { data: study, error } = useStudy(url, live, rest);
  useTitle(study?.title ?? "Study");
  if (!study) return error ? <HubError message={error} /> : <Loader aria-label="Loading" />;
  return (
    <>
      <HubError message={error} />
      <Title order={1} size="h2">
        {study.title}
      </Title>
      <p aria-live="polite">
        <StateBadge state={study.state} />
      </p>
      {study.error && (
        <Alert color="var(--bad)" title={`The study ${study.state}`} mb="md">
          {study.error}
        </Alert>
      )}
      <section className="panel" aria-label="About the study">
        <Facts study={study} />
      </section>
      <section className="panel" aria-label="Sites and progress">
        <Title order={2} size="h4">
          Sites and progress
        </Title>
        <ProgressView progress={study.progress} state={study.state} />
        <StudySites study={study} />
      </section>
      {study.state === "finished" && <Result hash={hash} />}
    </>
  );
}

/** Asks often while the study runs, and now and then otherwise. */
function useStudy(url: string, liveMs: number, restMs: number) {
  const rest = useJson<Study>(url, restMs);
  const running = rest.data?.state === "running";
  const live = useJson<Study>(running ? url : undefined, liveMs);
  return live.data && running ? live : rest;
}
