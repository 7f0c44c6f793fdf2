// SPDX-License-Identifier: Apache-2.0
// For an operator: are the sites there? For a researcher: how are my studies?
import { Loader, Table, Title } from "@mantine/core";
import type { Site, Status, StudySummary } from "../api/types";
import { useJson } from "../api/use_json";
import { formatCount } from "../format";
import { Ago, ConnectionBadge, HubError, ProgressView, Scroll, StateBadge, useTitle } from "./page_parts";

function SitesTable({ sites }: { sites: Site[] }) {
  if (sites.length === 0) {
    return <p className="soft">No site has joined yet. Invite one with “clinnova hub invite”.</p>;
  }
  return (
    <Scroll label="Sites">
      <Table data-table="sites">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Site</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Last seen</Table.Th>
            <Table.Th>Version</Table.Th>
            <Table.Th className="number">Studies approved</Table.Th>
            <Table.Th className="number">Waiting for approval</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sites.map((site) => (
            <Table.Tr key={site.name}>
              <Table.Th scope="row">{site.name}</Table.Th>
              <Table.Td>
                <ConnectionBadge connected={site.connected} />
              </Table.Td>
              <Table.Td>
                <Ago moment={site.last_seen} />
              </Table.Td>
              <Table.Td>{site.version ?? "–"}</Table.Td>
              <Table.Td className="number">{formatCount(site.studies_approved)}</Table.Td>
              <Table.Td className="number">{formatCount(site.studies_waiting)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

function StudiesTable({ studies }: { studies: StudySummary[] }) {
  if (studies.length === 0) {
    return <p className="soft">No study yet. Submit one with “clinnova study submit STUDY.toml”.</p>;
  }
  return (
    <Scroll label="Studies">
      <Table data-table="studies">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Study</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Progress</Table.Th>
            <Table.Th>Submitted</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {studies.map((study) => (
            <Table.Tr key={study.hash}>
              <Table.Th scope="row">
                <a href={`#/studies/${study.hash}`}>{study.title}</a>
                <div className="mono soft" title={study.hash}>
                  {study.hash.slice(0, 12)}
                </div>
              </Table.Th>
              <Table.Td>
                <StateBadge state={study.state} />
              </Table.Td>
              <Table.Td miw="11rem">
                <ProgressView progress={study.progress} state={study.state} />
              </Table.Td>
              <Table.Td>
                <Ago moment={study.submitted_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

export function OverviewPage() {
  useTitle("Overview");
  const { data, error } = useJson<Status>("/api/v1/status", 3000);
  if (!data) return error ? <HubError message={error} /> : <Loader aria-label="Loading" />;
  const connected = data.sites.filter((site) => site.connected).length;
  return (
    <>
      <HubError message={error} />
      <Title order={1} size="h2">
        {data.name}
      </Title>
      <p className="soft">
        {connected} of {data.sites.length} sites connected · Clinnova {data.version}
      </p>
      <section className="panel" aria-label="Sites of this hub">
        <Title order={2} size="h4">
          Sites
        </Title>
        <SitesTable sites={data.sites} />
      </section>
      <section className="panel" aria-label="Studies on this hub">
        <Title order={2} size="h4">
          Studies
        </Title>
        <StudiesTable studies={data.studies} />
      </section>
    </>
  );
}
