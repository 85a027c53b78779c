import { expect, it } from "vitest";
import { measureWireSpeed } from "../../bench/wire-load.ts";

it("a radio process among 200 beacons hears every report that its controller gave it", async () => {
  const { beacons, reportsPerSecond, heardShare } = await measureWireSpeed({ seconds: 5 });
  expect(beacons).toBe(200);
  expect(reportsPerSecond).toBeGreaterThan(300);
  expect(heardShare).toBe(1);
});
