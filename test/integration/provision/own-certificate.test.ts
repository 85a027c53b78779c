import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createGatewayIdentity, SiteRegistry } from "../../../gateway/app.ts";
import { EnrolDesk } from "../../../gateway/enrol/enrol-desk.ts";
import { writeSafely } from "../../../gateway/registry/identity-files.ts";
import { LiveIdentity } from "../../../gateway/registry/live-identity.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { makeSite, type TestSite } from "../../support/gateway-site.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

const NOW = Date.now() as WallMs;
const at = (sinceNowMs: number): WallMs => (NOW + sinceNowMs) as WallMs;
const [sure, unsure] = [() => true, () => false];
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

/** Folder of a gateway whose certificate was made then. */
async function folderOf(madeMs: WallMs): Promise<string> {
  const folder = tempFolder();
  const { authority, trust } = site.identity;
  const { gateway } = await createGatewayIdentity({ authority, trust }, madeMs);
  for (const [name, pair] of Object.entries({ authority, gateway })) {
    await writeSafely(join(folder, `${name}.key.pem`), pair.privateKeyPem);
    await writeSafely(join(folder, `${name}.crt.pem`), pair.certificatePem);
  }
  await writeSafely(join(folder, "trust.json"), JSON.stringify(trust));
  return folder;
}

const stored = (folder: string): string => readFileSync(join(folder, "gateway.crt.pem"), "utf8");
const isValidAt = (pem: string, atMs: number): boolean => {
  const { validFrom, validTo } = new X509Certificate(pem);
  return Date.parse(validFrom) <= atMs && atMs <= Date.parse(validTo);
};

describe("the gateway's own certificate under a wrong clock", () => {
  it.each([
    ["1970", 0 as WallMs, sure],
    ["the day on which its card was written", NOW, unsure],
  ])("stays when the machine starts with a clock of %s", async (_, nowMs, isClockSure) => {
    const madeMs = at(5 * DAY_MS);
    const folder = await folderOf(madeMs);
    const good = stored(folder);
    const live = await LiveIdentity.open(folder, { nowMs, isClockSure });
    expect([stored(folder), live.gateway.certificatePem]).toEqual([good, good]);
    expect(await live.renewIfDue(madeMs)).toBe(false);
  });

  it("is made anew at once when a clock was ahead that made it, and time servers have set it", async () => {
    const folder = await folderOf(at(400 * DAY_MS));
    const live = await LiveIdentity.open(folder, { nowMs: NOW, isClockSure: sure });
    expect([isValidAt(live.gateway.certificatePem, NOW), isValidAt(stored(folder), NOW)]).toEqual([true, true]);
  });

  it("is made anew when somebody sets the clock back, at a venue that never has a time server", async () => {
    const folder = await folderOf(NOW);
    const live = await LiveIdentity.open(folder, { nowMs: at(400 * DAY_MS), isClockSure: unsure });
    expect(isValidAt(stored(folder), NOW)).toBe(false);
    expect(await live.renewIfDue(NOW)).toBe(true);
    expect(isValidAt(stored(folder), NOW)).toBe(true);
  });

  it("is shown by the server for enrolment a minute after a step of the clock", async () => {
    const clock = { nowMs: at(-HOUR_MS) };
    const timers = new ManualTimers();
    const identity = await LiveIdentity.open(await folderOf(clock.nowMs), clock);
    const registry = await SiteRegistry.open(join(tempFolder(), "registry.db"));
    const told: number[] = [];
    const desk = await EnrolDesk.open({
      ...{ crypto: nodeCrypto, identity, registry, host: "127.0.0.1", port: 0, timers, log: silentLogger },
      ports: () => ({ mqtt: 1, http: 1 }),
      renewed: () => void told.push(clock.nowMs),
      now: () => clock.nowMs,
    });
    onTestFinished(async () => {
      await desk.close();
      await registry.close();
    });
    clock.nowMs = at(300 * DAY_MS);
    timers.advance(MINUTE_MS);
    await waitFor(() => told.length === 1);
    expect(isValidAt(await shownAt(desk.port), clock.nowMs)).toBe(true);
  });
});

/** The certificate that a TLS server shows, PEM. */
function shownAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.toString() ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
