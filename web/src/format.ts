// SPDX-License-Identifier: Apache-2.0
// Numbers as a person wants to read them. The full number goes into the title attribute.

const counts = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 1234 -> "1,234" */
export function formatCount(value: number): string {
  return counts.format(value);
}

/** As formatEstimate, but whole numbers whole: a median of 270 days is not 270.0. */
export function formatNumber(value: number): string {
  const whole = Number.isInteger(value) && Math.abs(value) < 1e6;
  return whole ? counts.format(value).replace(/^-/, "−") : formatEstimate(value);
}

/** Two decimals in everyday ranges, fewer digits elsewhere: 1.84, 0.012, 1,235, 1.23e+6. */
export function formatEstimate(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
  const size = Math.abs(value);
  let text: string;
  if (size === 0) text = "0";
  else if (size >= 1e6 || size < 1e-4) text = value.toExponential(2);
  else if (size >= 1000) text = counts.format(value);
  else if (size >= 100) text = value.toFixed(1);
  else if (size >= 0.0995) text = value.toFixed(2);
  else text = value.toPrecision(2);
  return text.replace(/^-/, "−");
}

/** "1.21 to 2.80" */
export function formatInterval(low: number, high: number): string {
  return `${formatEstimate(low)} to ${formatEstimate(high)}`;
}

/** "< 0.001", "0.004", "0.35" */
export function formatP(p: number): string {
  if (p < 0.001) return "< 0.001";
  return p < 0.2 ? p.toFixed(3) : p.toFixed(2);
}

/** "p < 0.001", "p = 0.004" */
export function formatPStatement(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p = ${formatP(p)}`;
}

/** 0.456 -> "45.6%" */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** 95 for 0.95, 99.9 for 0.999 */
export function formatLevel(level: number): string {
  return `${Number((100 * level).toFixed(2))}%`;
}

/** "3 minutes ago"; the moment itself belongs into the title. */
export function formatAgo(moment: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (Number.isNaN(seconds)) return moment;
  const units: [number, string][] = [
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ];
  for (const [length, name] of units) {
    const whole = Math.floor(seconds / length);
    if (whole >= 1) return `${whole} ${name}${whole === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

/** "2026-01-02 03:04 UTC" */
export function formatMoment(moment: string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return moment;
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
