/** What may be of a visitor in a text: document and phone numbers, codes of ours, addresses of radios. */
const SUSPECT = /BP[12]:\S*|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|\d(?:[ .-]?\d){8,}|[a-z0-9+=_-]{60,}/gi;
const REMOVED = "[removed]";
/** Deeper than anything of ours. */
const MAX_DEPTH = 12;

/** Takes out of every text in a value what looks like something of a visitor. Numbers are counts and times here; they stay. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.replace(SUSPECT, (found) => (isAddress(found) ? found : REMOVED));
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return REMOVED;
  if (Array.isArray(value)) return value.map((item) => scrub(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrub(item, depth + 1)]));
}

/** Where the gateway is, is worth knowing; its digits look like a telephone number. */
function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text);
}
