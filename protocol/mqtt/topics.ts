import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../ids.ts";

/** First levels of every topic; the version is that of the wire format. */
export const TOPIC_ROOT = "bluepost/v1";

/** What a kiosk publishes on its own branch. */
export const UP_LEAVES = [
  "state",
  "checkins",
  "presence",
  "health",
  "reported",
  "time-request",
  "peer-report",
  "site-key-request",
] as const;
export type UpLeaf = (typeof UP_LEAVES)[number];

/** What a kiosk subscribes to on its own branch. */
export const DOWN_LEAVES = ["receipt", "time", "desired", "peer", "site-key"] as const;
export type DownLeaf = (typeof DOWN_LEAVES)[number];

/** Builds `bluepost/v1/<site>/<device>/<leaf>`. */
export function topicOf(
  site: SiteId,
  device: DeviceId,
  leaf: UpLeaf | DownLeaf | `cmd/${string}` | `cmd-result/${string}`,
): string {
  return `${TOPIC_ROOT}/${site}/${device}/${leaf}`;
}

/** A topic taken apart. */
export interface ParsedTopic {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly leaf: string;
}

const PATTERN = /^bluepost\/v1\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,32}(?:\/[a-z0-9-]{1,32})?)$/;

/** Takes a device's topic apart; null when it is not one of ours (wildcards and `$share` never are). */
export function parseTopic(topic: string): ParsedTopic | null {
  const parts = PATTERN.exec(topic);
  if (!parts) return null;
  try {
    return { site: parseSiteId(parts[1]), device: parseDeviceId(parts[2]), leaf: parts[3] as string };
  } catch {
    return null; // a name that starts or ends with a dash is no id, hence no topic of ours
  }
}

/** Whether a device may publish on this topic: only on its own branch, only on an upward leaf. */
export function mayPublish(device: DeviceId, topic: ParsedTopic): boolean {
  const upward = (UP_LEAVES as readonly string[]).includes(topic.leaf) || topic.leaf.startsWith("cmd-result/");
  return topic.device === device && upward;
}

/** Whether a device may subscribe to this filter: its own downward leaves by name, or all its commands as `cmd/+`. */
export function maySubscribe(site: SiteId, device: DeviceId, filter: string): boolean {
  const own = `${TOPIC_ROOT}/${site}/${device}/`;
  if (!filter.startsWith(own)) return false;
  const leaf = filter.slice(own.length);
  return (DOWN_LEAVES as readonly string[]).includes(leaf) || leaf === "cmd/+";
}
