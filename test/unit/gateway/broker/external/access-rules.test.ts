import { describe, expect, it } from "vitest";
import { accessRules, workerName } from "../../../../../gateway/broker/external/access-rules.ts";
import { shareGroup } from "../../../../../gateway/broker/external/share-group.ts";
import { parseDeviceId, parseSiteId } from "../../../../../protocol/ids.ts";
import { DOWN_LEAVES, UP_LEAVES } from "../../../../../protocol/mqtt/topics.ts";

const site = parseSiteId("school-1");
const plan = {
  site,
  devices: ["door-a", "door-b"].map(parseDeviceId),
  workers: ["1", "2"],
  folder: "/etc/bluepost",
  host: "0.0.0.0",
  port: 8883,
};

describe("accessRules", () => {
  it("gives a kiosk its own branch in mosquitto, leaf by leaf, and nothing else", () => {
    const acl = accessRules("mosquitto", plan)["bluepost.acl"] ?? "";
    const own = acl.split("user door-a.school-1.bluepost.internal\n")[1]?.split("\n\n")[0]?.split("\n") ?? [];
    expect(own).toHaveLength(UP_LEAVES.length + DOWN_LEAVES.length + 2);
    for (const rule of own) expect(rule).toMatch(/^topic (read|write) bluepost\/v1\/school-1\/door-a\/[a-z-]+(\/\+)?$/);
    expect(own).toContain("topic write bluepost/v1/school-1/door-a/checkins");
    expect(own).toContain("topic read bluepost/v1/school-1/door-a/receipt");
  });

  it("takes the client id from the certificate in mosquitto, so that no kiosk can push another off", () => {
    const conf = accessRules("mosquitto", plan)["bluepost.conf"] ?? "";
    expect(conf).toMatch(/^require_certificate true$/m);
    expect(conf).toMatch(/^use_identity_as_username true$/m);
    expect(conf).toMatch(/^use_username_as_clientid true$/m);
    expect(conf).toMatch(/^allow_anonymous false$/m);
  });

  it("names a user for each kiosk, each worker and the probe in NATS", () => {
    const conf = accessRules("nats", plan)["bluepost-nats.conf"] ?? "";
    const users = [...conf.matchAll(/user: "([^"]+)"/g)].map(([, name]) => name);
    expect(users).toEqual([
      "worker-1.gateway.school-1.bluepost.internal",
      "worker-2.gateway.school-1.bluepost.internal",
      "worker-probe-a.gateway.school-1.bluepost.internal",
      "worker-probe-b.gateway.school-1.bluepost.internal",
      "worker-probe-c.gateway.school-1.bluepost.internal",
      "door-a.school-1.bluepost.internal",
      "door-b.school-1.bluepost.internal",
    ]);
    expect(conf).toContain('"bluepost.v1.school-1.door-a.cmd.*"');
  });

  it("gives workers names that no kiosk can have", () => {
    expect(() => parseDeviceId(workerName(site, "1").split(`.${site}`)[0])).toThrow();
  });
});

describe("shareGroup", () => {
  it("is the same for all workers of a site, and cannot be told from the site's name", () => {
    const of = (privateKeyPem: string): string =>
      shareGroup({ authority: { certificatePem: "", privateKeyPem } }, "site");
    expect(of("key\n")).toBe(of("key"));
    expect(of("key")).not.toBe(of("other"));
    expect(of("key")).toMatch(/^site-[0-9a-f]{32}$/);
  });
});
