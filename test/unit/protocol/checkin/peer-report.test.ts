import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodePeerReport,
  openPeerReport,
  PEER_REPORT_MAX_BYTES,
  PEER_REPORT_MAX_PASSINGS,
  type PeerAddress,
  type PeerReport,
  sealPeerReport,
} from "../../../../protocol/checkin/peer-report.ts";
import { BadSealError, BluepostError } from "../../../../protocol/errors.ts";
import { parseBootId, parseDeviceId, parseSiteId, parseVenueId, type VisitorTag } from "../../../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";

const site = parseSiteId("school-1");
const siteKey = new Uint8Array(32).fill(7);
const door = parseDeviceId("door-a");
const address: PeerAddress = {
  device: door,
  venue: parseVenueId("7k3m9q2x"),
  to: null,
  generation: 1,
  siteDay: 20_000,
};

const instant = fc.integer({ min: 0, max: 4e12 });
const tag = fc.stringMatching(/^[0-9a-f]{32}$/).map((text) => text as VisitorTag);
const passing = fc.record({
  tags: fc.array(tag, { minLength: 1, maxLength: 2 }),
  direction: fc.constantFrom("in" as const, "out" as const),
  party: fc.integer({ min: 0, max: 9 }),
  agoMs: fc.integer({ min: 0, max: 2 ** 40 }),
});
const report: fc.Arbitrary<PeerReport> = fc.record({
  boot: fc.stringMatching(/^[0-9a-f]{8}$/).map(parseBootId),
  sentMs: instant.map((ms) => ms as BoottimeMs),
  wallMs: fc.option(instant.map((ms) => ms as WallMs)),
  asksSinceMs: fc.option(instant),
  emptiedAgoMs: fc.option(instant),
  passings: fc.array(passing, { maxLength: 8 }),
});
const addressed: fc.Arbitrary<PeerAddress> = fc.record({
  device: fc.stringMatching(/^[a-z0-9]{1,16}$/).map(parseDeviceId),
  venue: fc.stringMatching(/^[0-9a-hjkmnp-tv-z]{8}$/).map(parseVenueId),
  to: fc.option(fc.stringMatching(/^[a-z0-9]{1,16}$/).map(parseDeviceId)),
  generation: fc.integer({ min: 1, max: 0xffffffff }),
  siteDay: fc.integer({ min: 0, max: 0xffffff }),
});

describe("a peer report", () => {
  it("reads as it was written, with its address in the clear and nothing else", () => {
    fc.assert(
      fc.property(report, addressed, (given, to) => {
        const message = sealPeerReport(nodeCrypto, given, { site, address: to, siteKey });
        const { nonce, box, ...clear } = decodePeerReport(message);
        expect(clear).toEqual(to);
        expect(openPeerReport(nodeCrypto, { ...clear, nonce, box }, { site, siteKey })).toEqual(given);
        for (const { tags } of given.passings)
          for (const one of tags) expect(Buffer.from(message).includes(Buffer.from(one, "hex"))).toBe(false);
      }),
    );
  });

  it("does not open under another key, at another site, or for another sender, receiver, venue or day", () => {
    const given: PeerReport = {
      ...{ boot: parseBootId("0a0b0c0d"), sentMs: 1 as BoottimeMs, wallMs: null, asksSinceMs: null },
      ...{ emptiedAgoMs: null, passings: [] },
    };
    const sealed = decodePeerReport(sealPeerReport(nodeCrypto, given, { site, address, siteKey }));
    const place = { site, siteKey };
    expect(openPeerReport(nodeCrypto, sealed, place)).toEqual(given);
    const wrong = [
      () => openPeerReport(nodeCrypto, sealed, { site, siteKey: new Uint8Array(32) }),
      () => openPeerReport(nodeCrypto, sealed, { siteKey, site: parseSiteId("school-2") }),
      () => openPeerReport(nodeCrypto, { ...sealed, device: parseDeviceId("door-b") }, place),
      () => openPeerReport(nodeCrypto, { ...sealed, to: parseDeviceId("door-b") }, place),
      () => openPeerReport(nodeCrypto, { ...sealed, venue: parseVenueId("v0000001") }, place),
      () => openPeerReport(nodeCrypto, { ...sealed, siteDay: 20_001 }, place),
      () => openPeerReport(nodeCrypto, { ...sealed, generation: 2 }, place),
      () =>
        openPeerReport(
          nodeCrypto,
          { ...sealed, box: sealed.box.map((byte, at) => (at === 3 ? byte ^ 1 : byte)) },
          place,
        ),
      () => openPeerReport(nodeCrypto, { ...sealed, box: new Uint8Array(3) }, place),
    ];
    for (const open of wrong) expect(open).toThrow(BadSealError);
  });

  it("stays within what is read when it is as long as it may be, and is refused beyond", () => {
    const longest = {
      tags: ["f".repeat(32), "e".repeat(32)] as VisitorTag[],
      direction: "in",
      party: 9,
      agoMs: 2 ** 40,
    } as const;
    const of = (count: number): PeerReport => ({
      ...{ boot: parseBootId("0a0b0c0d"), sentMs: (2 ** 40) as BoottimeMs, wallMs: null, asksSinceMs: null },
      ...{ emptiedAgoMs: null, passings: Array.from({ length: count }, () => longest) },
    });
    const full = sealPeerReport(nodeCrypto, of(PEER_REPORT_MAX_PASSINGS), { site, address, siteKey });
    expect(full.length).toBeLessThan(PEER_REPORT_MAX_BYTES);
    expect(openPeerReport(nodeCrypto, decodePeerReport(full), { site, siteKey }).passings).toHaveLength(
      PEER_REPORT_MAX_PASSINGS,
    );
    const over = decodePeerReport(
      sealPeerReport(nodeCrypto, of(PEER_REPORT_MAX_PASSINGS + 1), { site, address, siteKey }),
    );
    expect(() => openPeerReport(nodeCrypto, over, { site, siteKey })).toThrow(BluepostError);
    expect(() => decodePeerReport(new Uint8Array(PEER_REPORT_MAX_BYTES + 1))).toThrow(BluepostError);
  });

  it("meets any other bytes with one of our faults", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          decodePeerReport(bytes);
        } catch (fault) {
          expect(fault).toBeInstanceOf(BluepostError);
        }
      }),
    );
  });
});
