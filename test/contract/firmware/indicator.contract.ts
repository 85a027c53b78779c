import { describe, expect, it, onTestFinished } from "vitest";
import { INDICATOR_SIGNALS, type Indicator, type IndicatorSignal } from "../../../firmware/ports/indicator.ts";
import type { Output } from "../../../firmware/ports/indicator-patterns.ts";
import { waitFor } from "../../support/wait-for.ts";

/** One indicator, and an eye and a finger on its hardware. */
export interface IndicatorRig {
  readonly indicator: Indicator;
  /** Whether a lamp, the buzzer or the relay is on; null where the rig cannot see that. */
  isOn(output: Output): boolean | null;
  /** Presses the button and lets it go. */
  press(): Promise<void> | void;
}

const until = (holds: () => boolean): Promise<unknown> => waitFor(holds, { everyMs: 1 });

/** Every Indicator, real or simulated, passes this; run it once per adapter. */
export function describeIndicator(adapter: string, makeRig: () => Promise<IndicatorRig>): void {
  const rig = async (): Promise<IndicatorRig> => {
    const made = await makeRig();
    onTestFinished(() => made.indicator.close());
    await until(() => made.indicator.status().present);
    return made;
  };
  const seen = (isOn: boolean | null): boolean => isOn === true || isOn === null;
  const dark = (isOn: boolean | null): boolean => isOn === false || isOn === null;

  describe(`Indicator contract: ${adapter}`, () => {
    const lamps: readonly (readonly [IndicatorSignal, Output])[] = [
      ["in", "green"],
      ["out", "green"],
      ["already", "amber"],
      ["unknown", "amber"],
      ["denied", "red"],
      ["fault", "red"],
    ];
    it.each(lamps)("shows %s on the %s lamp and no other", async (signal, lamp) => {
      const { indicator, isOn } = await rig();
      indicator.show(signal);
      await until(() => seen(isOn(lamp)));
      for (const other of (["green", "amber", "red"] as const).filter((name) => name !== lamp)) {
        expect(dark(isOn(other))).toBe(true);
      }
    });

    it("sounds the buzzer with an answer, and not with a fault", async () => {
      const { indicator, isOn } = await rig();
      indicator.show("already");
      await until(() => seen(isOn("buzzer")));
      indicator.show("fault");
      await until(() => seen(isOn("red")));
      expect(dark(isOn("buzzer"))).toBe(true);
    });

    it("keeps the buzzer out of everything while it is silent, and no lamp", async () => {
      const { indicator, isOn } = await rig();
      indicator.show("identify");
      await until(() => seen(isOn("buzzer")));
      indicator.silence(true);
      await until(() => dark(isOn("buzzer")));
      indicator.show("denied");
      await until(() => seen(isOn("red")));
      expect(dark(isOn("buzzer"))).toBe(true);
      indicator.silence(false);
      indicator.show("already");
      await until(() => seen(isOn("buzzer")) && seen(isOn("amber")));
    });

    it("replaces a signal by the next one at once", async () => {
      const { indicator, isOn } = await rig();
      indicator.show("denied");
      await until(() => seen(isOn("red")));
      indicator.show("in");
      await until(() => seen(isOn("green")) && dark(isOn("red")));
    });

    it("opens the gate for a pulse, whatever the lamps say", async () => {
      const { indicator, isOn } = await rig();
      indicator.show("in");
      indicator.openGate();
      await until(() => seen(isOn("relay")));
      await until(() => dark(isOn("relay")));
    });

    it("tells each press of the button once, until the listener is taken away", async () => {
      const { indicator, press } = await rig();
      let presses = 0;
      const stop = indicator.onButton(() => {
        presses += 1;
      });
      await press();
      await until(() => presses === 1);
      await press();
      await until(() => presses === 2);
      stop();
      let others = 0;
      indicator.onButton(() => {
        others += 1;
      });
      await press();
      await until(() => others === 1);
      expect(presses).toBe(2);
    });

    it("takes every signal and an unknown fault code without throwing", async () => {
      const { indicator } = await rig();
      for (const signal of INDICATOR_SIGNALS) indicator.show(signal);
      indicator.show("fault", "NO_SUCH_CODE");
      expect(indicator.status().present).toBe(true);
    });

    it("is dark and says so after closing; what comes later is nothing", async () => {
      const { indicator, isOn } = await rig();
      indicator.show("denied");
      indicator.openGate();
      await until(() => seen(isOn("relay")));
      await indicator.close();
      await until(() => (["green", "amber", "red", "buzzer", "relay"] as const).every((output) => dark(isOn(output))));
      expect(indicator.status().present).toBe(false);
      indicator.show("in");
      indicator.openGate();
      expect(dark(isOn("relay"))).toBe(true);
    });
  });
}
