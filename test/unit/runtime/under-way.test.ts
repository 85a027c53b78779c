import { expect, it } from "vitest";
import { MalformedError } from "../../../protocol/errors.ts";
import { UnderWay } from "../../../runtime/under-way.ts";

it("is busy until all is done, also what was added meanwhile", async () => {
  const work = new UnderWay();
  const ends: (() => void)[] = [];
  const begin = (): void => work.add(new Promise((resolve) => ends.push(resolve)));
  expect(work.isBusy).toBe(false);
  begin();
  begin();
  let isSettled = false;
  const settled = work.settled().then(() => {
    isSettled = true;
  });
  ends[0]?.();
  begin();
  ends[1]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect([work.isBusy, isSettled]).toEqual([true, false]);
  ends[2]?.();
  await settled;
  expect(work.isBusy).toBe(false);
});

it("tells of a fault that was thrown on purpose, and is done with it", async () => {
  const told: string[] = [];
  const work = new UnderWay(({ code }) => told.push(code));
  work.add(Promise.reject(new MalformedError("a bad row")));
  await work.settled();
  expect([told, work.isBusy]).toEqual([["PROTO_MALFORMED"], false]);
});
