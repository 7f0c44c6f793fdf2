// SPDX-License-Identifier: Apache-2.0
// A whole result file: sites, analyses, and the ledger that proves what left the sites.
import { Alert, Button, Title } from "@mantine/core";
import type { ResultFile } from "../api/types";
import { formatCount } from "../format";
import { AnalysisView } from "./analysis_view";
import { MinimumCount, Num } from "./parts";
import { minimumCount } from "./read_result";

function download(result: ResultFile) {
  const blob = new Blob([JSON.stringify(result, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `clinnova-${(result.study.hash || "result").slice(0, 12)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function SitesLine({ result }: { result: ResultFile }) {
  return (
    <p className="soft">
      {result.sites.length} site{result.sites.length === 1 ? "" : "s"}:{" "}
      {result.sites.map((site, i) => (
        <span key={site.name}>
          {i > 0 && ", "}
          {site.name} (<Num value={site.rows} suppressed as="count" /> rows)
        </span>
      ))}
    </p>
  );
}

function Foot({ result, href }: { result: ResultFile; href?: string }) {
  return (
    <footer className="panel" aria-label="Where the result comes from">
      <dl className="facts">
        <dt>Study hash</dt>
        <dd className="mono">{result.study.hash || "–"}</dd>
        <dt>Ledger root</dt>
        <dd className="mono">{result.ledger.root || "–"}</dd>
        <dt>Rounds</dt>
        <dd>{formatCount(result.ledger.rounds)} secure sums; nothing else left a site</dd>
      </dl>
      <p>
        {href ? (
          <Button component="a" href={href} download={`clinnova-${result.study.hash.slice(0, 12)}.json`} variant="default">
            Download JSON
          </Button>
        ) : (
          <Button variant="default" onClick={() => download(result)}>
            Download JSON
          </Button>
        )}
      </p>
    </footer>
  );
}

/** `href`: where the file itself lies, so that it is downloaded byte for byte. */
export function ResultView({ result, href }: { result: ResultFile; href?: string }) {
  return (
    <>
      <Title order={2} size="h3">
        Result
      </Title>
      <SitesLine result={result} />
      {result.disclosure === "off" && (
        <Alert color="var(--waiting)" title="Public data only" mb="md">
          The small-count rule was lifted for this run: nothing is suppressed.
        </Alert>
      )}
      {result.analyses.map((analysis, i) => (
        <MinimumCount.Provider key={`${i} ${analysis.name}`} value={minimumCount(result, analysis)}>
          <AnalysisView analysis={analysis} />
        </MinimumCount.Provider>
      ))}
      <Foot result={result} href={href} />
    </>
  );
}
