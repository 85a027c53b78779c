import { describe, expect, it } from "vitest";
import { loadKioskConfig } from "../../../../kiosk/config.ts";
import { radioOrderOf } from "../../../../kiosk/radio/configured.ts";
import { SHARED_PLAN } from "../../../../kiosk/radio/settings.ts";

const configured = (...flags: string[]) => loadKioskConfig({ env: {}, flags });

describe("the radio that a configuration asks for", () => {
  it("is none on a machine without adapter, unless it was ordered", () => {
    expect(radioOrderOf(configured(), {}, [])).toBeNull();
    expect(radioOrderOf(configured("radio.use=off"), {}, [0, 1])).toBeNull();
    expect(radioOrderOf(configured("radio.use=on"), {}, [])).toMatchObject({ sendAdapter: 0, listenAdapter: 0 });
  });

  it("shares one adapter in windows, and listens always with a second", () => {
    expect(radioOrderOf(configured(), {}, [0])).toMatchObject({
      sendAdapter: 0,
      listenAdapter: 0,
      settings: { plan: SHARED_PLAN },
    });
    expect(radioOrderOf(configured(), {}, [0, 1])).toMatchObject({
      sendAdapter: 0,
      listenAdapter: 1,
      settings: { plan: { kind: "always" } },
    });
    expect(radioOrderOf(configured(), {}, [2])).toMatchObject({ sendAdapter: 2, listenAdapter: 2 });
    expect(radioOrderOf(configured("radio.adapter=1"), {}, [0, 1])).toMatchObject({ sendAdapter: 1, listenAdapter: 0 });
  });

  it("hears phones only when the authority says so, and nobody when it is switched off", () => {
    expect(radioOrderOf(configured(), {}, [0])?.settings.observe).toEqual([]);
    expect(radioOrderOf(configured(), { observe: ["gaen"] }, [0])?.settings.observe).toEqual(["gaen"]);
    expect(radioOrderOf(configured("radio.observe=false"), {}, [0])?.listenAdapter).toBeNull();
  });

  it("has gates and power as they are set", () => {
    const flags = ["radio.minimumDwellSeconds=30", "radio.minimumRssi=-70", "radio.txPower=4"];
    expect(radioOrderOf(configured(...flags), {}, [0])?.settings).toMatchObject({
      gates: { minimumDwellMs: 30_000, minimumRssi: -70 },
      txPower: 4,
    });
    expect(radioOrderOf(configured(), {}, [0])?.settings.txPower).toBeNull();
    expect(() => configured("radio.txPower=30")).toThrow(expect.objectContaining({ code: "RT_CONFIG" }));
  });
});
