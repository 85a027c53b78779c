import { beforeEach, describe, expect, it } from "vitest";
import { PeerRelay } from "../../../../gateway/peers/peer-relay.ts";
import { sealPeerReport } from "../../../../protocol/checkin/peer-report.ts";
import { type DeviceId, parseBootId, parseDeviceId, parseSiteId, parseVenueId } from "../../../../protocol/ids.ts";
import type { BoottimeMs } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";

const [a, b, c] = [parseDeviceId("door-a"), parseDeviceId("door-b"), parseDeviceId("door-c")];
const school = parseVenueId("7k3m9q2x");
const clinic = parseVenueId("v0000001");

function reportOf(device: DeviceId, venue = school, to: DeviceId | null = null): Uint8Array {
  const said = { boot: parseBootId("0a0b0c0d"), sentMs: 1 as BoottimeMs, wallMs: null, passings: [] };
  return sealPeerReport(
    nodeCrypto,
    { ...said, asksSinceMs: null, emptiedAgoMs: null },
    {
      site: parseSiteId("school-1"),
      address: { device, venue, to, generation: 1, siteDay: 1 },
      siteKey: new Uint8Array(32),
    },
  );
}

let sent: string[];
let relay: PeerRelay;

beforeEach(() => {
  sent = [];
  relay = new PeerRelay({ broker: { send: (device, leaf) => void sent.push(`${device} ${leaf}`) } });
});

describe("PeerRelay", () => {
  it("hands a report to the doors of the same venue that have reported themselves, and not back", () => {
    expect(relay.relay(a, reportOf(a))).toBe(true);
    expect(sent).toEqual([]);
    relay.relay(b, reportOf(b, clinic));
    relay.relay(c, reportOf(c));
    expect(sent).toEqual(["door-a peer"]);
    relay.relay(a, reportOf(a));
    expect(sent).toEqual(["door-a peer", "door-c peer"]);
  });

  it("hands an answer to the door that asked, wherever else the venue has doors", () => {
    for (const one of [a, b, c]) relay.relay(one, reportOf(one));
    sent.length = 0;
    relay.relay(a, reportOf(a, school, c));
    expect(sent).toEqual(["door-c peer"]);
    relay.relay(a, reportOf(a, school, parseDeviceId("door-x")));
    expect(sent).toHaveLength(1);
  });

  it("sends nothing to a door that has gone, until it reports again", () => {
    for (const one of [a, b]) relay.relay(one, reportOf(one));
    relay.gone(a);
    sent.length = 0;
    relay.relay(b, reportOf(b));
    expect(sent).toEqual([]);
    relay.relay(a, reportOf(a));
    expect(sent).toEqual(["door-b peer"]);
  });

  it("passes on nothing that is malformed, too long, or says that it is another door's", () => {
    for (const one of [a, b]) relay.relay(one, reportOf(one));
    sent.length = 0;
    expect(relay.relay(a, reportOf(b))).toBe(false);
    expect(relay.relay(a, new Uint8Array([1, 2, 3]))).toBe(false);
    expect(relay.relay(a, new Uint8Array(40_000))).toBe(false);
    expect(sent).toEqual([]);
  });
});
