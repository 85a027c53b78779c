import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadGatewayConfig } from "../../../../../gateway/app.ts";
import { brokerAccess } from "../../../../../gateway/broker/external/settings.ts";
import type { WallMs } from "../../../../../protocol/units.ts";
import { makeSite } from "../../../../support/gateway-site.ts";
import { tempFolder } from "../../../../support/temp.ts";

const load = (...flags: string[]): ReturnType<typeof loadGatewayConfig> => loadGatewayConfig({ env: {}, flags });
const now = (): WallMs => Date.now() as WallMs;

function put(text: string, mode = 0o600): string {
  const file = join(tempFolder(), "file");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe("broker settings", () => {
  it.each([
    "broker.url=http://broker.example",
    "broker.url=mqtts://user:secret@broker.example",
    "broker.url=mqtt://broker.example:1883",
    "broker.url=mqtt://127.0.0.1.evil.example:1883",
    "broker.certFile=/etc/cert.pem",
    "broker.group=Group/1",
  ])("refuse %s", (flag) => {
    expect(() => load(flag)).toThrow(/broker/);
  });

  it.each(["mqtt://127.0.0.1:1883", "mqtt://localhost", "mqtts://broker.example:8883/", "mqtts://[2001:db8::1]:8883"])(
    "take %s",
    (url) => {
      expect(load(`broker.url=${url}`).broker.url).toBe(url);
    },
  );
});

describe("brokerAccess", () => {
  it("reads user and password, and refuses a file that others may read, or that lacks one", async () => {
    const login = (file: string): ReturnType<typeof brokerAccess> =>
      brokerAccess({ broker: load(`broker.passwordFile=${file}`).broker, identity: null, now });
    expect((await login(put("gateway\nsecret word\n"))).login).toEqual({ user: "gateway", password: "secret word" });
    await expect(login(put("gateway\nsecret\n", 0o644))).rejects.toMatchObject({ code: "GW_BROKER_FILE" });
    await expect(login(put("gateway\n"))).rejects.toMatchObject({ code: "GW_BROKER_FILE" });
    await expect(login("/nowhere/password")).rejects.toMatchObject({ details: { setting: "broker.passwordFile" } });
  });

  it("says at once which certificate is missing", async () => {
    const { broker } = load("broker.url=mqtts://broker.example", "broker.caFile=/nowhere/ca.pem");
    await expect(brokerAccess({ broker, identity: null, now })).rejects.toMatchObject({
      details: { setting: "broker.caFile" },
    });
  });

  it("trusts the site and shows a certificate of its own making, unless files are named", async () => {
    const { identity } = await makeSite();
    const own = await brokerAccess({ broker: load("broker.url=mqtts://10.0.0.7:8883").broker, identity, now });
    expect(await own.tls("1")).toMatchObject({
      ca: identity.trust.root,
      serverName: "gateway.school-1.bluepost.internal",
      cert: expect.stringContaining("BEGIN CERTIFICATE"),
    });
    const named = load("broker.url=mqtts://broker.example", `broker.caFile=${put("CA")}`);
    const files = await brokerAccess({ broker: named.broker, identity, now });
    expect(await files.tls("1")).toMatchObject({ ca: "CA", serverName: "broker.example" });
    const address = load("broker.url=mqtts://10.0.0.7", `broker.caFile=${put("CA")}`);
    expect(await (await brokerAccess({ broker: address.broker, identity, now })).tls("1")).toMatchObject({
      serverName: "",
    });
    const plain = await brokerAccess({ broker: load("broker.url=mqtt://127.0.0.1").broker, identity, now });
    expect(await plain.tls("1")).toBeNull();
  });
});
