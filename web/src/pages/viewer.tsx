// SPDX-License-Identifier: Apache-2.0
// For a researcher: a result file from this machine ("clinnova simulate … --json > result.json"), shown
// as a study's result is. The file is read in the browser and sent nowhere.
import { Alert, Title } from "@mantine/core";
import { type ChangeEvent, type DragEvent, useState } from "react";
import type { ResultFile } from "../api/types";
import { ResultView } from "../result/result_view";
import { readResultFile } from "../result/read_result";
import { useTitle } from "./page_parts";

export default function ViewerPage() {
  useTitle("Open a result file");
  const [result, setResult] = useState<ResultFile>();
  const [error, setError] = useState<string>();
  const [over, setOver] = useState(false);

  const open = async (file: File | undefined) => {
    if (!file) return;
    try {
      setResult(readResultFile(await file.text()));
      setError(undefined);
    } catch (cause) {
      setResult(undefined);
      setError(`${file.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void open(event.dataTransfer.files[0]);
  };
  return (
    <>
      <Title order={1} size="h2" mb="md">
        {result ? result.study.title || "Result" : "Open a result file"}
      </Title>
      <div
        className="drop panel"
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <label>
          Drop a result file here, or choose one:{" "}
          <input
            type="file"
            accept=".json,application/json"
            onChange={(event: ChangeEvent<HTMLInputElement>) => void open(event.target.files?.[0])}
          />
        </label>
        <p className="soft small">It is read in this browser and sent nowhere.</p>
      </div>
      {error && (
        <Alert color="var(--bad)" title="This is not a result file" role="alert" mb="md">
          {error}
        </Alert>
      )}
      {result && <ResultView result={result} />}
    </>
  );
}
