/** The value below which the share `p` of all values lies; 0 for an empty list. Nearest-rank method. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
}

/** Rounds to `digits` decimals, for reports. */
export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
