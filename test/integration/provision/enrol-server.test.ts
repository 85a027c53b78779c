import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { askSecurely, type FoundGateway, findGateway } from "../../../kiosk/provision/gateway-link.ts";
import { ENROL_PATH, type EnrolRequest } from "../../../protocol/http/enrolment.ts";
import { RENEW_NONCE_PATH, RENEW_PATH } from "../../../protocol/http/renewal.ts";
import { parseSetupCode } from "../../../protocol/qr/setup-code.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { createDeviceKey, createRequest } from "../../../runtime/pki/request.ts";
import { makeSite, type TestSite } from "../../support/gateway-site.ts";
import { type LiveGateway, startLiveGateway } from "../../support/live-gateway.ts";

let site: TestSite;
let csr: string;
beforeAll(async () => {
  site = await makeSite();
  csr = await createRequest(await createDeviceKey());
});

async function reach(gateway: LiveGateway): Promise<FoundGateway> {
  const url = `http://127.0.0.1:${gateway.httpPort}`;
  return findGateway({ url, site: "school-1", trusts: () => true });
}

/** A good request for a claim that was just made. */
async function requestFor(gateway: LiveGateway): Promise<EnrolRequest> {
  const { token, venue, caSha256 } = parseSetupCode(nodeCrypto, (await gateway.claim()).code);
  return { v: 1, token, site: "school-1", venue, authority: caSha256, csr };
}

async function post(gateway: LiveGateway, path: string, body: unknown): Promise<readonly [number, string]> {
  const reply = await askSecurely(await reach(gateway), { path, body });
  const answer = JSON.parse(Buffer.from(reply.body).toString("utf8")) as { code?: string };
  return [reply.status, answer.code ?? "ok"];
}

describe("what a stranger may ask of a gateway", () => {
  it("refuses each wrong claim by its reason, and still takes the good one", async () => {
    const gateway = await startLiveGateway(site);
    const good = await requestFor(gateway);
    const forged = "A".repeat(22);
    const wrong: readonly (readonly [unknown, number, string])[] = [
      [{ ...good, token: forged }, 403, "claim_unknown"],
      [{ ...good, token: forged, site: "school-2" }, 403, "claim_foreign"],
      [{ ...good, token: forged, authority: "0".repeat(64) }, 403, "claim_foreign"],
      [{ ...good, site: "school-2" }, 403, "claim_altered"],
      [{ ...good, venue: "00000000" }, 403, "claim_altered"],
      [
        { ...good, csr: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----" },
        400,
        "claim_malformed",
      ],
      [{ ...good, csr: csr.replace(/[A-Z](?=[^A-Z]*-----END)/, "x") }, 400, "claim_malformed"],
      [{ ...good, more: 1 }, 400, "claim_malformed"],
      ["noise", 400, "claim_malformed"],
    ];
    for (const [body, status, code] of wrong) expect(await post(gateway, ENROL_PATH, body)).toEqual([status, code]);
    expect(await post(gateway, ENROL_PATH, good)).toEqual([200, "ok"]);
    const other = await createRequest(await createDeviceKey());
    expect(await post(gateway, ENROL_PATH, { ...good, csr: other })).toEqual([409, "claim_used"]);
    expect(await post(gateway, RENEW_PATH, { v: 1, proof: "AAAA" })).toEqual([400, "renew_malformed"]);
    expect((await askSecurely(await reach(gateway), { path: RENEW_NONCE_PATH })).status).toBe(200);
  });

  it("tells a flood to come again, and then serves", async () => {
    const gateway = await startLiveGateway(site);
    const good = await requestFor(gateway);
    const found = await reach(gateway);
    const ask = async (): Promise<number> =>
      (await askSecurely(found, { path: ENROL_PATH, body: { noise: true } })).status;
    const statuses = new Set(await Promise.all(Array.from({ length: 60 }, ask)));
    expect([...statuses].sort()).toEqual([400, 429]);
    const status = async (): Promise<number> => (await askSecurely(found, { path: ENROL_PATH, body: good })).status;
    let last = await status();
    while (last === 429) last = await status();
    expect(last).toBe(200);
  });

  it("keeps no token that could be read from its files", async () => {
    const gateway = await startLiveGateway(site);
    const { token } = await requestFor(gateway);
    for (const name of ["registry.db", "registry.db-wal"]) {
      expect(readFileSync(join(gateway.folder, name)).includes(token)).toBe(false);
    }
  });
});
