// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from "react";

export interface Answer<T> {
  /** The last good answer; kept while the hub is out of reach. */
  data?: T;
  error?: string;
}

async function getJson<T>(url: string, signal: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new Error("The hub cannot be reached. Is it running?");
  }
  const body = await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(body?.error?.message ?? `The hub answered ${response.status}.`);
  return body as T;
}

/**
 * GET `url`, again every `pollMs` milliseconds (0: once) while the page is visible. No url: nothing is
 * asked.
 */
export function useJson<T>(url: string | undefined, pollMs: number): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T> & { url?: string }>({});
  useEffect(() => {
    if (!url) return;
    const abort = new AbortController();
    let timer: number | undefined;
    const ask = async () => {
      if (!document.hidden) {
        try {
          setAnswer({ url, data: await getJson<T>(url, abort.signal) });
        } catch (cause) {
          if (abort.signal.aborted) return;
          const error = cause instanceof Error ? cause.message : String(cause);
          setAnswer((last) => ({ url, data: last.url === url ? last.data : undefined, error }));
        }
      }
      if (pollMs > 0 && !abort.signal.aborted) timer = window.setTimeout(ask, pollMs);
    };
    void ask();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [url, pollMs]);
  return answer.url === url ? answer : {};
}
