import { beforeEach, describe, expect, it } from "vitest";
import { EngineAnswerError, EngineUnreachableError } from "../../../../gateway/app.ts";
import { SiteKeyCarrier } from "../../../../gateway/peers/site-key-carrier.ts";
import { parseDeviceId } from "../../../../protocol/ids.ts";
import type { WallMs } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";

const [a, b] = [parseDeviceId("door-a"), parseDeviceId("door-b")];
const question = new Uint8Array([1]);
const answer = new Uint8Array([2]);

let sent: string[];
let asked: number;
let nowMs: number;
let fault: Error | null;
let open: (() => void)[];
let warned: string[];

beforeEach(() => {
  [sent, asked, nowMs, fault, open, warned] = [[], 0, 1_000_000, null, [], []];
});

function carrier(isSlow = false): SiteKeyCarrier {
  const log = { ...silentLogger.child("test"), warn: (event: string) => void warned.push(event) };
  return new SiteKeyCarrier({
    broker: { send: (device, leaf) => void sent.push(`${device} ${leaf}`) },
    engine: {
      askSiteKey: async () => {
        asked += 1;
        if (isSlow) await new Promise<void>((resolve) => open.push(resolve));
        if (fault) throw fault;
        return answer;
      },
    },
    now: () => nowMs as WallMs,
    log,
  });
}

describe("SiteKeyCarrier", () => {
  it("brings the answer to the kiosk that asked", async () => {
    const one = carrier();
    expect(one.carry(a, question)).toBe(true);
    await one.idle();
    expect(sent).toEqual(["door-a site-key"]);
  });

  it("asks once for a kiosk that asks all the time, and hears its neighbour", async () => {
    const one = carrier(true);
    for (let n = 0; n < 100; n += 1) one.carry(a, question);
    one.carry(b, question);
    expect(asked).toBe(2);
    for (const done of open) done();
    await one.idle();
    for (let n = 0; n < 100; n += 1) one.carry(a, question);
    expect(asked).toBe(2);
    nowMs += 1_000;
    one.carry(a, question);
    expect(asked).toBe(3);
    for (const done of open) done();
    await one.idle();
  });

  it("says nothing of an engine that is away, and why one refused", async () => {
    const one = carrier();
    fault = new EngineUnreachableError("away");
    one.carry(a, question);
    await one.idle();
    expect([sent, warned]).toEqual([[], []]);
    nowMs += 1_000;
    fault = new EngineAnswerError("refused", { status: 403 });
    one.carry(a, question);
    await one.idle();
    expect([sent, warned]).toEqual([[], ["site_key.refused"]]);
  });

  it("carries no question that is too long, and gives up when it closes", async () => {
    const one = carrier(true);
    expect(one.carry(a, new Uint8Array(9_000))).toBe(false);
    one.carry(a, question);
    fault = new EngineUnreachableError("aborted");
    const closed = one.close();
    for (const done of open) done();
    await closed;
    expect([asked, sent, warned]).toEqual([1, [], []]);
  });
});
