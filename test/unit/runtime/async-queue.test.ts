import { describe, expect, it } from "vitest";
import { AsyncQueue } from "../../../runtime/async-queue.ts";

const open = (): AbortSignal => new AbortController().signal;

describe("AsyncQueue", () => {
  it("gives values in order, whether they came before or after the wait", async () => {
    const queue = new AsyncQueue<number>();
    queue.put(1);
    queue.put(2);
    expect([await queue.take(open()), await queue.take(open())]).toEqual([1, 2]);
    const waiting = queue.take(open());
    queue.put(3);
    expect(await waiting).toBe(3);
    expect(queue.size).toBe(0);
  });

  it("ends a wait with null when the signal aborts, and keeps what comes later", async () => {
    const queue = new AsyncQueue<string>();
    const stop = new AbortController();
    const waiting = queue.take(stop.signal);
    stop.abort();
    expect(await waiting).toBeNull();
    queue.put("kept");
    expect(await queue.take(AbortSignal.abort())).toBeNull();
    expect(await queue.take(open())).toBe("kept");
  });

  it("tells once when it has run empty", async () => {
    const queue = new AsyncQueue<number>();
    let times = 0;
    queue.put(1);
    queue.put(2);
    queue.whenEmpty(() => {
      times += 1;
    });
    await queue.take(open());
    expect(times).toBe(0);
    await queue.take(open());
    queue.put(3);
    await queue.take(open());
    expect(times).toBe(1);
  });
});
