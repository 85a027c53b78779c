import { describe, expect, it } from "vitest";
import { bluezoneDaySubkey, expandBluezoneDay } from "../../../protocol/beacon/bluezone.ts";
import type { TemporaryExposureKey } from "../../../protocol/beacon/gaen.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { CASE_KEYS_PATH, type CaseKeyAnswers } from "../../../protocol/http/case-keys.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { makeDevice, TEST_NOW } from "../../support/batches.ts";
import { openTestEngine, type TestEngine } from "../../support/engines.ts";
import { gaenKeyAt, gaenRow, heardRow, tokenRow } from "../../support/radio.ts";

const AT = TEST_NOW - 10 * HOUR_MS;
const at = (minutes: number): number => AT + minutes * MINUTE_MS;
const binh = { scheme: "cccd", id: "001099000002" } as const;

async function withCase(flags: readonly string[] = []): Promise<TestEngine & { readonly id: string }> {
  const opened = await openTestEngine({ flags });
  const { id } = await opened.engine.addCase({
    documents: [{ scheme: "cccd", id: "001099000001" }],
    onset: "2026-11-16",
  });
  return { ...opened, id };
}

const gaenItem = ({ key, ...rolling }: TemporaryExposureKey, more: object = {}): object => ({
  scheme: "gaen",
  key: toHex(key),
  ...rolling,
  ...more,
});

describe("keys of a case", () => {
  it("show where its phone was heard, and who was there then", async () => {
    const { engine, authority, id } = await withCase();
    const key = gaenKeyAt(AT);
    const [ears, door] = [await makeDevice(authority, { stream: "p" }), await makeDevice(authority)];
    const other = new Uint8Array(16).fill(8);
    await engine.ingest([
      (
        await ears.batch([
          gaenRow(key, { atMs: at(0), minutes: 9, rssiMax: -48 as never, rssiMean: -55 as never, n: 10 }),
          gaenRow(key, { atMs: at(10), minutes: 9, n: 30, rssiMean: -63 as never }),
          gaenRow(gaenKeyAt(AT), { atMs: at(5) }),
          tokenRow(other, { atMs: at(12), minutes: 5 }),
          tokenRow(other, { atMs: at(400), minutes: 5 }),
        ])
      ).bytes,
      (
        await door.batch([
          { who: binh, wallMs: at(5) as WallMs },
          { who: binh, kind: "out", wallMs: at(15) as WallMs },
        ])
      ).bytes,
    ]);
    expect((await engine.trace(id)).heard).toEqual([]);
    expect(await engine.radio.addCaseKeys(id, [gaenItem(key)])).toEqual([{ verdict: "stored" }]);
    const { heard, contacts, visits, tokens, persons } = await engine.trace(id);
    expect(heard).toMatchObject([
      {
        venue: "7k3m9q2x",
        gate: 1,
        minutes: 18.9,
        n: 40,
        rssiMax: -48,
        rssiMean: -61,
        schemes: ["gaen"],
        txPower: 8,
        timeUnknown: false,
      },
    ]);
    expect(visits).toEqual([]);
    expect(contacts).toMatchObject([
      { person: engine.personOf(binh), minutesCertain: 9.9, minutesPossible: 10.1, beside: "radio" },
    ]);
    expect(persons).toHaveLength(1);
    expect(tokens).toMatchObject([{ person: null, minutesCertain: 4.9, n: 12, rssiMax: -52, beside: "radio" }]);
  });

  it("find Bluezone phones and tokens, and nothing that was replayed at another time", async () => {
    const { engine, authority, id } = await withCase();
    const dailyKey = nodeCrypto.randomBytes(32);
    const seed = nodeCrypto.randomBytes(16);
    const day = Math.floor(AT / DAY_MS) * DAY_MS;
    const slot = Math.floor((AT - day) / 900_000);
    const bluezoneId = expandBluezoneDay(nodeCrypto, bluezoneDaySubkey(nodeCrypto, dailyKey)).slice(
      12 * slot,
      12 * slot + 12,
    );
    const ears = await makeDevice(authority, { stream: "p" });
    const stale = tokenRow(seed, { atMs: at(-300) });
    await engine.ingest([
      (
        await ears.batch([
          heardRow(bluezoneId, { atMs: at(0), scheme: "bluezone" }),
          heardRow(bluezoneId, { atMs: at(120), scheme: "bluezone" }),
          tokenRow(seed, { atMs: at(60) }),
          { ...stale, wallMs: at(0) as WallMs },
        ])
      ).bytes,
    ]);
    const items = [
      { scheme: "bluezone", dailyKey: toHex(dailyKey), day: new Date(day).toISOString().slice(0, 10) },
      { scheme: "token", seed: toHex(seed) },
    ];
    expect((await engine.radio.addCaseKeys(id, items)).map(({ verdict }) => verdict)).toEqual(["stored", "stored"]);
    const { heard } = await engine.trace(id);
    expect(heard.map(({ schemes, from }) => [schemes, from])).toEqual([
      [["bluezone"], at(0) - 50],
      [["token"], at(60) - 50],
    ]);
  });

  it("find a token after its seed was handed in too: the case is still about", async () => {
    const { engine, authority, id, clock } = await withCase();
    const seed = nodeCrypto.randomBytes(16);
    await engine.radio.addCaseKeys(id, [{ scheme: "token", seed: toHex(seed) }]);
    clock.nowMs += 2 * DAY_MS;
    const ears = await makeDevice(authority, { stream: "p" });
    const late = clock.nowMs - HOUR_MS;
    await engine.ingest([(await ears.batch([tokenRow(seed, { atMs: late })])).bytes]);
    expect((await engine.trace(id)).heard.map(({ from }) => from)).toEqual([late - 50]);
  });

  it("find a token whose clock is off by most of an hour, at both ends of the window", async () => {
    const { engine, authority, id, clock } = await withCase();
    const seed = nodeCrypto.randomBytes(16);
    await engine.radio.addCaseKeys(id, [{ scheme: "token", seed: toHex(seed) }]);
    const { from } = (await engine.trace(id)).window;
    const ears = await makeDevice(authority, { stream: "p" });
    const rows = [
      { ...tokenRow(seed, { atMs: from - 40 * MINUTE_MS }), wallMs: (from + MINUTE_MS) as WallMs },
      { ...tokenRow(seed, { atMs: clock.nowMs + 40 * MINUTE_MS }), wallMs: (clock.nowMs - 10 * MINUTE_MS) as WallMs },
    ];
    await engine.ingest([(await ears.batch(rows)).bytes]);
    expect((await engine.trace(id)).heard).toHaveLength(2);
  });

  it("reach as far as the longest that was handed in of them", async () => {
    const { engine, authority, id } = await withCase();
    const key = gaenKeyAt(AT);
    const spent = Math.floor((AT - key.rollingStart * 10 * MINUTE_MS) / (10 * MINUTE_MS));
    const ears = await makeDevice(authority, { stream: "p" });
    await engine.ingest([(await ears.batch([gaenRow(key, { atMs: AT })])).bytes]);
    await engine.radio.addCaseKeys(id, [gaenItem(key, { rollingPeriod: Math.max(1, spent - 20) })]);
    expect((await engine.trace(id)).heard).toEqual([]);
    expect(await engine.radio.addCaseKeys(id, [gaenItem(key)])).toEqual([{ verdict: "duplicate" }]);
    expect((await engine.trace(id)).heard).toHaveLength(1);
  });

  it("list a session whose time is unknown as such, and make no contact of it", async () => {
    const { engine, authority, id } = await withCase();
    const key = gaenKeyAt(AT);
    const [ears, door] = [await makeDevice(authority, { stream: "p" }), await makeDevice(authority)];
    await engine.ingest([
      (await ears.batch([{ ...gaenRow(key, { atMs: at(0) }), clock: "unsynced" }])).bytes,
      (await door.batch([{ who: binh, wallMs: at(0) as WallMs }])).bytes,
    ]);
    await engine.radio.addCaseKeys(id, [gaenItem(key)]);
    const { heard, contacts } = await engine.trace(id);
    expect(heard).toMatchObject([{ timeUnknown: true, from: null, to: null, minutes: 5 }]);
    expect(contacts).toEqual([]);
  });

  it("are checked one by one, each with its own problem", async () => {
    const { engine, id } = await withCase();
    const key = gaenKeyAt(AT);
    const old = gaenKeyAt(AT - 10 * DAY_MS);
    const ahead = gaenKeyAt(AT + 3 * DAY_MS);
    const results = await engine.radio.addCaseKeys(id, [
      gaenItem(key),
      gaenItem(key),
      gaenItem(old),
      gaenItem(ahead),
      gaenItem(key, { rollingPeriod: 145 }),
      { scheme: "bluezone", dailyKey: "00".repeat(32), day: "2026-02-30" },
      { scheme: "bluezone", baseId: "00".repeat(32) },
      { scheme: "bluetrace" },
      null,
    ]);
    expect(results.map(({ verdict, problem }) => problem?.code ?? verdict)).toEqual([
      "stored",
      "duplicate",
      "outside_window",
      "in_future",
      "malformed_item",
      "malformed_item",
      "base_id",
      "unknown_scheme",
      "malformed_item",
    ]);
  });
});

describe("upload of a case's keys", () => {
  it("needs the officer's code, once, and may be sent again word for word", async () => {
    const { engine, id } = await withCase();
    const { code } = await engine.radio.issueKeyCode(id);
    expect(code).toMatch(/^[0-9a-z]{4}-[0-9a-z]{4}$/);
    const items = [gaenItem(gaenKeyAt(AT))];
    const bad = await engine.radio.uploadKeys({ code, items: [{ scheme: "none" }] }, "a");
    expect(bad).toMatchObject({ kind: "taken", results: [{ verdict: "refused" }] });
    const first = await engine.radio.uploadKeys({ code: code.toUpperCase().replace("-", " "), items }, "a");
    expect(first).toMatchObject({ kind: "taken", results: [{ verdict: "stored" }] });
    expect(await engine.radio.uploadKeys({ code, items }, "a")).toMatchObject({ results: [{ verdict: "duplicate" }] });
    const more = [gaenItem(gaenKeyAt(AT))];
    expect(await engine.radio.uploadKeys({ code, items: more }, "a")).toEqual({ kind: "refused" });
  });

  it("refuses a code that has expired, and forgets it", async () => {
    const { engine, id, clock } = await withCase();
    const { code } = await engine.radio.issueKeyCode(id, 5);
    clock.nowMs += 5 * MINUTE_MS + 1;
    const upload = { code, items: [gaenItem(gaenKeyAt(AT))] };
    expect(await engine.radio.uploadKeys(upload, "a")).toEqual({ kind: "refused" });
  });

  it("bounds guessing by address, and lets others through", async () => {
    const { engine, id, clock } = await withCase();
    const { code } = await engine.radio.issueKeyCode(id);
    const items = [gaenItem(gaenKeyAt(AT))];
    for (let n = 0; n < 10; n += 1) await engine.radio.uploadKeys({ code: "00000000", items }, "a");
    expect(await engine.radio.uploadKeys({ code, items }, "a")).toEqual({ kind: "limited" });
    expect(await engine.radio.uploadKeys({ code, items }, "b")).toMatchObject({ kind: "taken" });
    clock.nowMs += 10 * MINUTE_MS;
    expect(await engine.radio.uploadKeys({ code, items }, "a")).toMatchObject({ kind: "taken" });
  });

  it.each([
    ["shuts out only who guessed, behind a proxy that is named", "listen.trustedProxies=10.0.0.0/8,127.0.0.1,::1", 200],
    ["believes no address that somebody else names", "listen.trustedProxies=10.0.0.0/8", 429],
  ])("%s", async (_, flag, status) => {
    const { engine, id } = await withCase([flag]);
    const { url } = await engine.listen();
    const { code } = await engine.radio.issueKeyCode(id);
    const post = async (from: string, typed: string): Promise<number> => {
      const response = await fetch(`${url}${CASE_KEYS_PATH}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-forwarded-for": from },
        body: JSON.stringify({ code: typed, items: [gaenItem(gaenKeyAt(AT))] }),
      });
      return response.status;
    };
    for (let n = 0; n < 10; n += 1) expect(await post("203.0.113.7", "00000000")).toBe(403);
    expect(await post("203.0.113.7", "00000000")).toBe(429);
    expect(await post("203.0.113.8", code)).toBe(status);
  });

  it("works over HTTP, with a problem document for whatever is wrong", async () => {
    const { engine, id } = await withCase();
    const { url } = await engine.listen();
    const { code } = await engine.radio.issueKeyCode(id);
    const post = (body: unknown): Promise<Response> =>
      fetch(`${url}${CASE_KEYS_PATH}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
    const good = await post({ code, items: [gaenItem(gaenKeyAt(AT)), { scheme: "token", seed: "12" }] });
    expect(good.status).toBe(200);
    const { results } = (await good.json()) as CaseKeyAnswers;
    expect(results.map(({ verdict }) => verdict)).toEqual(["stored", "refused"]);
    const refused = await post({ code: "00000000", items: [{}] });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("content-type")).toContain("application/problem+json");
    expect(await refused.json()).toMatchObject({ code: "key_code_refused" });
    for (const body of ["{", { code }, { code, items: [] }, []]) {
      expect((await post(body)).status).toBe(400);
    }
    for (let n = 0; n < 10; n += 1) await post({ code: "00000000", items: [{}] });
    expect((await post({ code, items: [{}] })).status).toBe(429);
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain(CASE_KEYS_PATH);
  });
});

describe("a case's keys at rest", () => {
  it("are sealed, and gone with their retention", async () => {
    const { engine, id, folder, clock } = await withCase();
    const key = gaenKeyAt(AT);
    await engine.radio.addCaseKeys(id, [gaenItem(key)]);
    const { readFile } = await import("node:fs/promises");
    const files = await Promise.all(["engine.db", "engine.db-wal"].map((name) => readFile(`${folder}/${name}`)));
    expect(Buffer.concat(files).includes(Buffer.from(key.key))).toBe(false);
    clock.nowMs += 23 * DAY_MS;
    await engine.prune();
    const again = await engine.radio.addCaseKeys(id, [gaenItem(key)]);
    expect(again).toEqual([{ verdict: "stored" }]);
  });

  it("stay for as long as they are handed in again", async () => {
    const { engine, authority, id, clock } = await withCase();
    const seed = nodeCrypto.randomBytes(16);
    const item = { scheme: "token", seed: toHex(seed) };
    await engine.radio.addCaseKeys(id, [item]);
    clock.nowMs += 10 * DAY_MS;
    expect(await engine.radio.addCaseKeys(id, [item])).toEqual([{ verdict: "duplicate" }]);
    clock.nowMs += 15 * DAY_MS;
    await engine.prune();
    const ears = await makeDevice(authority, { stream: "p" });
    await engine.ingest([(await ears.batch([tokenRow(seed, { atMs: clock.nowMs - HOUR_MS })])).bytes]);
    expect((await engine.trace(id)).heard).toHaveLength(1);
  });
});
