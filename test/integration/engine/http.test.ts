import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../../../protocol/cbor.ts";
import { BATCHES_PATH, BATCHES_TYPE, encodeBatchSet } from "../../../protocol/http/engine-api.ts";
import { makeDevice } from "../../support/batches.ts";
import { openTestEngine, receiptOf, type TestEngine } from "../../support/engines.ts";
import { runs } from "../../support/property-runs.ts";

const an = { scheme: "cccd", id: "001099000001" } as const;

async function serve(): Promise<TestEngine & { readonly url: string }> {
  const opened = await openTestEngine();
  return { ...opened, url: (await opened.engine.listen()).url };
}

function post(url: string, body: Uint8Array, type: string = BATCHES_TYPE): Promise<Response> {
  return fetch(`${url}${BATCHES_PATH}`, {
    method: "POST",
    body: body as Uint8Array<ArrayBuffer>,
    headers: { "content-type": type },
  });
}

describe("the HTTP API", () => {
  it("takes a set of batches and answers each", async () => {
    const { url, engine, authority } = await serve();
    const door = await makeDevice(authority);
    const made = await door.batch([{ who: an }]);
    const response = await post(url, encodeBatchSet([made.bytes, new Uint8Array([1])]));
    expect(response.status).toBe(200);
    const { results } = (await response.json()) as Awaited<ReturnType<typeof engine.ingest>>;
    expect(results.map(({ verdict }) => verdict)).toEqual(["stored", "refused"]);
    expect((await receiptOf(engine, results[0])).upto).toBe(1);
  });

  it.each([
    ["no CBOR", new Uint8Array([0xff, 0x00]), BATCHES_TYPE, 400],
    ["no body", new Uint8Array(0), BATCHES_TYPE, 400],
    ["no set", encodeCbor({ batches: 1 }), BATCHES_TYPE, 400],
    ["too many", encodeCbor(Array.from({ length: 65 }, () => new Uint8Array(1))), BATCHES_TYPE, 400],
    ["another type", new Uint8Array([0x80]), "application/json", 415],
    ["too long", new Uint8Array((4 << 20) + 1), BATCHES_TYPE, 413],
  ])("answers %s with a problem document", async (_, body, type, status) => {
    const { url } = await serve();
    const response = await post(url, body, type);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({ status, type: "about:blank" });
  });

  it("never answers 500 and never loses a good batch beside bad ones, whatever is sent", async () => {
    const { url, authority } = await serve();
    const door = await makeDevice(authority);
    const good = await door.batch([{ who: an }]);
    await post(url, encodeBatchSet([good.bytes]));
    const spoilt = fc
      .tuple(fc.nat(good.bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(good.bytes.length))
      .map(([at, flip, cut]) => {
        const bytes = Uint8Array.from(good.bytes);
        bytes[at]! ^= flip;
        return bytes.subarray(0, Math.max(cut, bytes.length >> 1));
      });
    const item = fc.oneof(spoilt, fc.uint8Array({ maxLength: 200 }), fc.constant(good.bytes));
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 6 }), async (items) => {
        const response = await post(url, encodeBatchSet(items));
        expect(response.status).toBe(200);
        const { results } = (await response.json()) as { results: { verdict: string }[] };
        expect(results).toHaveLength(items.length);
        for (const [i, one] of items.entries()) if (one === good.bytes) expect(results[i]?.verdict).toBe("duplicate");
      }),
      { numRuns: runs(100) },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (body) => {
        expect((await post(url, body)).status).toBeLessThan(500);
      }),
      { numRuns: runs(200) },
    );
  });

  it("says whether it lives, is ready, and what it offers", async () => {
    const { url } = await serve();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string; paths: object };
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toContain(BATCHES_PATH);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });

  it("serves requests at once from several senders", async () => {
    const { url, engine, authority } = await serve();
    const doors = await Promise.all([1, 2, 3, 4, 5].map((n) => makeDevice(authority, { device: `door-${n}` })));
    await Promise.all(
      doors.map(async (door) => {
        for (let i = 0; i < 5; i += 1) {
          const made = await door.batch([{ who: an }, { who: an, kind: "out" }]);
          expect((await post(url, encodeBatchSet([made.bytes]))).status).toBe(200);
        }
      }),
    );
    expect((await engine.stats()).rows).toBe(50);
  });
});
