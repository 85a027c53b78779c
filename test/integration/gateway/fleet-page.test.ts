import { writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { FleetView } from "../../../protocol/http/fleet-view.ts";
import { openPageRig, PASSWORD, PageClient, type PageRig, totpOf } from "../../support/fleet-page.ts";
import { type GatewayRig, makeSite, openGatewayRig } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { openRemoteDoor } from "../../support/remote-door.ts";
import { StubEngine } from "../../support/stub-engine.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

/** An address of this machine that is not its loopback, or "". */
const OWN_ADDRESS =
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "";
const NO_NETWORK = OWN_ADDRESS === "" ? "skipped: this machine has no network" : "";

let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

async function open(): Promise<{ rig: GatewayRig; page: PageRig; client: PageClient }> {
  const rig = await openGatewayRig({ site, engine: await StubEngine.create(site) });
  const page = await openPageRig(rig);
  return { rig, page, client: new PageClient(page.url) };
}

describe("logging in to the fleet page", () => {
  it("needs the code from the console first, which counts once", async () => {
    const { page, client } = await open();
    expect(await (await client.ask("/api/session")).json()).toEqual({ operator: null, hasOperators: false });
    const bad = { code: "0000-0000-0000-0000", name: "ky-thuat-1", password: PASSWORD };
    expect((await client.ask("/api/first-login", bad)).status).toBe(401);
    const code = await page.operators.newCode();
    await client.firstLogin(code, Date.now());
    expect(await (await client.ask("/api/session")).json()).toMatchObject({ operator: "ky-thuat-1" });
    expect((await new PageClient(page.url).ask("/api/first-login", { ...bad, code })).status).toBe(401);
  });

  it("needs password and authenticator after that, and takes each of its codes once", async () => {
    const { page, client } = await open();
    const at = Date.now();
    const secret = await client.firstLogin(await page.operators.newCode(), at);
    const other = new PageClient(page.url);
    const login = (change: object): Promise<Response> =>
      other.ask("/api/login", {
        name: "ky-thuat-1",
        password: PASSWORD,
        totp: totpOf(secret, at, 1),
        ...change,
      });
    expect((await login({ password: "not the password" })).status).toBe(401);
    expect((await login({ totp: "000000" })).status).toBe(401);
    expect((await login({ name: "nobody" })).status).toBe(401);
    expect((await login({ totp: totpOf(secret, at) })).status).toBe(401); // used when it was set up
    expect((await login({})).status).toBe(200);
    expect((await login({})).status).toBe(401);
  });

  it("locks a name after ten wrong attempts, also for the right password", async () => {
    const { page, client } = await open();
    const secret = await client.firstLogin(await page.operators.newCode(), Date.now());
    const right = { name: "ky-thuat-1", password: PASSWORD, totp: totpOf(secret, Date.now(), 1) };
    for (let n = 0; n < 10; n += 1)
      expect(await page.operators.login({ ...right, password: "guess" })).toEqual({ kind: "wrong" });
    expect(await page.operators.login(right)).toEqual({ kind: "locked" });
    page.clock.offsetMs = 16 * 60_000;
    const later = { ...right, totp: totpOf(secret, Date.now() + page.clock.offsetMs) };
    expect(await page.operators.login(later)).toMatchObject({ kind: "welcome" });
  });

  it("takes ten attempts a minute from one address", async () => {
    const { client } = await open();
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1)
      statuses.push((await client.ask("/api/login", { name: `guess-${n}`, password: "x", totp: "123456" })).status);
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
    expect(statuses.slice(10)).toEqual([429, 429]);
  });

  it("gives a cookie that scripts and other sites cannot use, for half an hour of doing nothing", async () => {
    const { page, client } = await open();
    const begun = await client.ask("/api/first-login", {
      code: await page.operators.newCode(),
      name: "ky-thuat-1",
      password: PASSWORD,
    });
    const { ticket, secret } = (await begun.json()) as { ticket: string; secret: string };
    const done = await client.ask("/api/first-login/confirm", { ticket, totp: totpOf(secret, Date.now()) });
    expect(done.headers.getSetCookie()[0]).toMatch(
      /^bluepost_session=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect((await client.ask("/api/fleet")).status).toBe(200);
    page.clock.offsetMs = 31 * 60_000;
    expect((await client.ask("/api/fleet")).status).toBe(401);
  });

  it("ends when the operator logs out or is removed", async () => {
    const { page, client } = await open();
    await client.firstLogin(await page.operators.newCode(), Date.now());
    const second = new PageClient(page.url);
    await second.firstLogin(await page.operators.newCode(), Date.now(), "ky-thuat-2");
    await client.ask("/api/logout", {});
    await page.operators.remove("ky-thuat-2");
    expect([(await client.ask("/api/fleet")).status, (await second.ask("/api/fleet")).status]).toEqual([401, 401]);
  });

  it("ends everywhere else when the operator gets a new password", async () => {
    const { page, client } = await open();
    await client.firstLogin(await page.operators.newCode(), Date.now());
    const other = new PageClient(page.url);
    await other.firstLogin(await page.operators.newCode(), Date.now(), "ky-thuat-2");
    const anew = new PageClient(page.url);
    await anew.firstLogin(await page.operators.newCode(), Date.now());
    const statuses = [client, other, anew].map(async (one) => (await one.ask("/api/fleet")).status);
    expect(await Promise.all(statuses)).toEqual([401, 200, 200]);
  });
});

describe("the fleet page's API", () => {
  it.each(["/api/fleet", "/api/events", "/api/audit", "/api/kiosks/door-a/bundle"])(
    "shows %s to nobody else",
    async (path) => {
      const { client } = await open();
      expect((await client.ask(path)).status).toBe(401);
    },
  );

  it("refuses changes without the page's own token, or from another site's page", async () => {
    const { rig, page, client } = await open();
    await rig.add("door-a");
    await client.firstLogin(await page.operators.newCode(), Date.now());
    const path = "/api/kiosks/door-a/command";
    expect((await client.ask(path, { name: "identify" }, { "x-bluepost-csrf": "0".repeat(32) })).status).toBe(403);
    expect((await client.ask("/api/login", {}, { origin: "https://evil.example" })).status).toBe(400);
    const login = { name: "ky-thuat-1", password: "x", totp: "123456" };
    expect((await client.ask("/api/login", login, { origin: "https://evil.example" })).status).toBe(403);
    expect((await client.ask(path, { name: "identify" })).status).toBe(200);
  });

  it("lets an operator identify, set and revoke a kiosk, and writes down who did it", async () => {
    const { rig, page, client } = await open();
    const bundle = await rig.add("door-a");
    const door = await openRemoteDoor(bundle, rig.tlsPort, new ManualTimers());
    await client.firstLogin(await page.operators.newCode(), Date.now());
    await client.ask("/api/kiosks/door-a/command", { name: "identify" });
    await client.ask("/api/kiosks/door-a/settings", { capacity: 80, profile: "exit" });
    await waitFor(() => door.done.length === 1 && door.inForce.at(-1)?.capacity === 80);
    const view = async (): Promise<FleetView> => (await (await client.ask("/api/fleet")).json()) as FleetView;
    await waitFor(async () => (await view()).kiosks[0]?.settings.reported?.state === "trial");
    expect((await view()).kiosks[0]).toMatchObject({
      device: "door-a",
      state: "online",
      lastCommand: { name: "identify", outcome: "done" },
      settings: { wanted: { version: 1, settings: { capacity: 80 } } },
    });
    await client.ask("/api/kiosks/door-a/revoke", { reason: "stolen" });
    await waitFor(async () => (await view()).kiosks[0]?.state === "revoked");
    await waitFor(async () => (await view()).events.some(({ event }) => event === "session.revoked"));
    const audit = (await (await client.ask("/api/audit")).json()) as { operator: string; action: string }[];
    expect(audit.map(({ operator, action }) => `${operator} ${action}`)).toEqual([
      "ky-thuat-1 revoke",
      "ky-thuat-1 configure",
      "ky-thuat-1 identify",
      "ky-thuat-1 login",
      "ky-thuat-1 operator_added",
    ]);
  });

  it.each([
    ["/api/kiosks/door-a/command", { name: "format" }, 400],
    ["/api/kiosks/door-z/command", { name: "identify" }, 404],
    ["/api/kiosks/door%2Fa/command", { name: "identify" }, 404],
    ["/api/kiosks/door-a/settings", { capacity: -1 }, 400],
    ["/api/kiosks/door-a/settings", { dataDir: "x" }, 400],
    ["/api/kiosks/door-a/revoke", { reason: "bored" }, 400],
    ["/api/kiosks/door-a/bundle-of-sticks", {}, 404],
  ])("answers %s %j with %i", async (path, body, status) => {
    const { rig, page, client } = await open();
    await rig.add("door-a");
    await client.firstLogin(await page.operators.newCode(), Date.now());
    expect((await client.ask(path, body)).status).toBe(status);
  });

  it.skipIf(OWN_ADDRESS === "")(`asks others for HTTPS before a password ${NO_NETWORK}`, async () => {
    const { rig } = await open();
    const webRoot = tempFolder();
    writeFileSync(join(webRoot, "index.html"), "the page");
    const page = await openPageRig(rig, webRoot, { host: "0.0.0.0" });
    const url = `http://${OWN_ADDRESS}:${new URL(page.url).port}`;
    const shown = await fetch(`${url}/`, { redirect: "manual" });
    expect([shown.status, shown.headers.get("location")]).toEqual([307, `https://${new URL(url).host}/`]);
    const login = { name: "ky-thuat-1", password: PASSWORD, totp: "123456" };
    expect((await new PageClient(url).ask("/api/login", login)).status).toBe(403);
    expect((await fetch(`${url}/metrics`)).status).toBe(403);
    expect((await fetch(`${url}/time?nonce=${"0".repeat(32)}`)).status).toBe(200);
  });

  it("sends news of the fleet as they come", async () => {
    const { rig, page, client } = await open();
    await client.firstLogin(await page.operators.newCode(), Date.now());
    const stream = await client.ask("/api/events");
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const reads = async (what: string): Promise<void> => {
      while (!text.includes(what)) text += (await reader?.read())?.value ?? "";
    };
    await reads("event: fleet");
    await rig.add("door-b");
    await reads('"device":"door-b"');
    await page.operators.remove("ky-thuat-1");
    while (!(await reader?.read())?.done);
  });
});
