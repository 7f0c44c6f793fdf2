// SPDX-License-Identifier: Apache-2.0
// Parts of every analysis: numbers with their full precision, suppressed values.
import { createContext, useContext } from "react";
import { formatCount, formatEstimate, formatNumber, formatP } from "../format";

/** The small-count threshold of the result that is shown, where it is known. */
export const MinimumCount = createContext<number | undefined>(undefined);

export function useSuppressedWords(): string {
  const minimum = useContext(MinimumCount);
  return `suppressed (<${minimum ?? "k"})`;
}

/** A number that was not released: never 0, never blank. */
export function Suppressed() {
  return <span className="suppressed">{useSuppressedWords()}</span>;
}

interface NumberProps {
  value: number | null | undefined;
  /** null because the gate held it back, rather than because it does not exist */
  suppressed?: boolean;
  as?: "number" | "estimate" | "count" | "p";
}

const formats = { number: formatNumber, estimate: formatEstimate, count: formatCount, p: formatP };

export function Num({ value, suppressed, as = "number" }: NumberProps) {
  if (typeof value !== "number") {
    return suppressed ? <Suppressed /> : <span title="not available">–</span>;
  }
  return <span title={String(value)}>{formats[as](value)}</span>;
}
