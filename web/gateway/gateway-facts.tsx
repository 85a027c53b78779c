import type { JSX } from "preact";
import type { FleetView } from "../../protocol/http/fleet-view.ts";
import { type Fact, Facts } from "./facts.tsx";
import { certificateFact, diskFact } from "./kiosk-facts.ts";
import { age, type Say } from "./texts.ts";

const LOW_DISK_BYTES = 500e6;
/** Waiting longer than this is worth a look, milliseconds: an hour. */
const LONG_WAIT_MS = 3_600_000;

interface GatewayFactsProps {
  readonly say: Say;
  readonly view: FleetView;
  readonly nowMs: number;
}

/** How the gateway itself is. */
export function GatewayFacts({ say, view, nowMs }: GatewayFactsProps): JSX.Element {
  const { gateway } = view;
  const facts: readonly Fact[] = [
    engineFact(say, gateway.engineReachable),
    waitingFact(say, gateway),
    diskFact(say, { label: say("gateway.disk"), bytes: gateway.diskFreeBytes, low: LOW_DISK_BYTES }),
    certificateFact(say, gateway.certificateEndsMs, nowMs),
    { label: say("gateway.version"), text: gateway.version, mood: "plain" },
  ];
  return (
    <section aria-labelledby="gateway" class="panel">
      <h2 id="gateway">{say("gateway.title")}</h2>
      <Facts facts={facts} />
    </section>
  );
}

function engineFact(say: Say, reachable: boolean | null): Fact {
  const label = say("gateway.engine");
  if (reachable === null) return { label, text: say("gateway.engine.unknown"), mood: "plain" };
  return reachable
    ? { label, text: say("gateway.engine.yes"), mood: "good" }
    : { label, text: say("gateway.engine.no"), mood: "look" };
}

function waitingFact(say: Say, { waitingBatches, oldestWaitingMs }: FleetView["gateway"]): Fact {
  const label = say("gateway.waiting");
  if (waitingBatches === 0) return { label, text: say("gateway.waiting.none"), mood: "good" };
  const text = say("gateway.waiting.some", { n: waitingBatches, age: age(say, oldestWaitingMs) });
  return { label, text, mood: oldestWaitingMs > LONG_WAIT_MS ? "look" : "plain" };
}
