import type { FleetKiosk } from "../../protocol/http/fleet-view.ts";
import type { Fact } from "./facts.tsx";
import { age, type Say, size } from "./texts.ts";

const DAY_MS = 86_400_000;
/** A clock is shown as off from here, milliseconds; what the kiosk itself admits comes on top. */
const CLOCK_OFF_MS = 2_000;
const CLOCK_BAD_MS = 60_000;
const OLD_UNSENT_MS = DAY_MS;
const LOW_CARD_BYTES = 500e6;
const WORN_PERCENT = 80;
const SOON_DAYS = 14;

/** What a kiosk's card tells, in the order of a technician's questions. */
export function kioskFacts(say: Say, kiosk: FleetKiosk, nowMs: number): readonly Fact[] {
  return [
    seenFact(say, kiosk, nowMs),
    clockFact(say, kiosk.clock),
    unsentFact(say, kiosk.unsent),
    serviceFact(say, kiosk.closedByStaff),
    scannerFact(say, kiosk.scanner),
    doorsFact(say, kiosk.otherDoors),
    beaconFact(say, kiosk.beacon),
    diskFact(say, { label: say("kiosk.disk"), bytes: kiosk.diskFreeBytes, low: LOW_CARD_BYTES }),
    wearFact(say, kiosk.wear),
    certificateFact(say, kiosk.certificateEndsMs, nowMs),
    settingsFact(say, kiosk.settings),
    plain(say, say("kiosk.version"), kiosk.version),
  ];
}

function plain(say: Say, label: string, text: string | null): Fact {
  return { label, text: text ?? say("kiosk.unknown"), mood: "plain" };
}

function seenFact(say: Say, { lastSeenMs, silentSinceMs }: FleetKiosk, nowMs: number): Fact {
  const key = lastSeenMs === null ? "kiosk.seen.never" : "kiosk.seen.ago";
  return plain(say, say("kiosk.seen"), say(key, { age: age(say, nowMs - silentSinceMs) }));
}

function clockFact(say: Say, clock: FleetKiosk["clock"]): Fact {
  const label = say("kiosk.clock");
  if (!clock) return plain(say, label, null);
  const offset = clock.offsetMs;
  if (clock.state === "unsynced" || offset === null) return { label, text: say("kiosk.clock.unsynced"), mood: "look" };
  const off = Math.abs(offset);
  if (off <= CLOCK_OFF_MS + clock.uncertaintyMs) {
    return { label, text: say("kiosk.clock.right", { ms: Math.max(off, clock.uncertaintyMs) }), mood: "good" };
  }
  const seconds = (offset / 1_000).toFixed(1);
  return { label, text: say("kiosk.clock.off", { seconds }), mood: off > CLOCK_BAD_MS ? "bad" : "look" };
}

function unsentFact(say: Say, unsent: FleetKiosk["unsent"]): Fact {
  const label = say("kiosk.unsent");
  if (!unsent) return plain(say, label, null);
  if (unsent.rows === 0) return { label, text: say("kiosk.unsent.none"), mood: "good" };
  const text = say("kiosk.unsent.some", { n: unsent.rows, age: age(say, unsent.oldestMs) });
  return { label, text, mood: unsent.oldestMs > OLD_UNSENT_MS ? "look" : "plain" };
}

function serviceFact(say: Say, closedByStaff: boolean | null): Fact {
  const label = say("kiosk.service");
  if (closedByStaff === null) return plain(say, label, null);
  return closedByStaff
    ? { label, text: say("kiosk.service.closed"), mood: "look" }
    : { label, text: say("kiosk.service.open"), mood: "good" };
}

function scannerFact(say: Say, scanner: boolean | null): Fact {
  const label = say("kiosk.scanner");
  if (scanner === null) return plain(say, label, null);
  return scanner
    ? { label, text: say("kiosk.scanner.yes"), mood: "good" }
    : { label, text: say("kiosk.scanner.no"), mood: "bad" };
}

/** Doors that do not hear each other cannot check out who came by another one. */
function doorsFact(say: Say, doors: FleetKiosk["otherDoors"]): Fact {
  const label = say("kiosk.doors");
  if (!doors) return plain(say, label, null);
  const { key, heard, of } = doors;
  if (of === 0) return { label, text: say("kiosk.doors.alone"), mood: "plain" };
  if (!key) return { label, text: say("kiosk.doors.nokey"), mood: "look" };
  return { label, text: say("kiosk.doors.heard", { heard, of }), mood: heard >= of ? "good" : "look" };
}

/** Nobody near is no fault: only what the controller says can be one. */
function beaconFact(say: Say, beacon: FleetKiosk["beacon"]): Fact {
  const label = say("kiosk.beacon");
  if (!beacon) return plain(say, label, null);
  const { controller, neighbours } = beacon;
  if (controller === "none") return { label, text: say("kiosk.beacon.none"), mood: "plain" };
  if (controller === "off") return { label, text: say("kiosk.beacon.off"), mood: "bad" };
  const heard = say(neighbours === "heard" ? "kiosk.beacon.heard" : "kiosk.beacon.unheard");
  return { label, text: `${say("kiosk.beacon.on")}, ${heard}`, mood: "good" };
}

/** How much room is left. */
export function diskFact(
  say: Say,
  disk: { readonly label: string; readonly bytes: number | null; readonly low: number },
): Fact {
  const { label, bytes, low } = disk;
  if (bytes === null) return plain(say, label, null);
  return { label, text: say("gateway.free", { size: size(bytes) }), mood: bytes < low ? "bad" : "good" };
}

function wearFact(say: Say, wear: FleetKiosk["wear"]): Fact {
  const label = say("kiosk.wear");
  if (!wear) return plain(say, label, null);
  if (wear.usedPercent === null) return plain(say, label, say("kiosk.wear.written", { size: size(wear.writtenBytes) }));
  const text = say("kiosk.wear.used", { percent: wear.usedPercent });
  return { label, text, mood: wear.usedPercent >= WORN_PERCENT ? "look" : "good" };
}

/** How long a certificate still counts. */
export function certificateFact(say: Say, endsMs: number | null, nowMs: number): Fact {
  const label = say("kiosk.certificate");
  if (endsMs === null) return plain(say, label, null);
  const days = Math.floor((endsMs - nowMs) / DAY_MS);
  if (days < 0) return { label, text: say("kiosk.certificate.over"), mood: "bad" };
  return { label, text: say("kiosk.certificate.days", { days }), mood: days < SOON_DAYS ? "look" : "good" };
}

function settingsFact(say: Say, { wanted, reported }: FleetKiosk["settings"]): Fact {
  const label = say("kiosk.settings");
  if (!wanted) return plain(say, label, say("kiosk.settings.own"));
  const { version } = wanted;
  if (reported?.refused?.version === version) {
    const reason = say(`refused.${reported.refused.reason}`);
    return { label, text: say("kiosk.settings.refused", { version, reason }), mood: "bad" };
  }
  if (reported?.trialVersion === version) return { label, text: say("kiosk.settings.trial"), mood: "plain" };
  if (reported?.version === version) return { label, text: say("kiosk.settings.kept", { version }), mood: "good" };
  return { label, text: say("kiosk.settings.waiting"), mood: "plain" };
}
