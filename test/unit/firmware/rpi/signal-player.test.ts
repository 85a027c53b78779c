import { describe, expect, it } from "vitest";
import { INDICATOR_SIGNALS } from "../../../../firmware/ports/indicator.ts";
import { INDICATOR_PATTERNS, LIGHTS, type Output, patternOf } from "../../../../firmware/ports/indicator-patterns.ts";
import { SignalPlayer } from "../../../../firmware/rpi/signal-player.ts";
import { SteppedClock } from "../../../../sim/clock.ts";

function rig(): { clock: SteppedClock; player: SignalPlayer; lit: Set<Output> } {
  const clock = new SteppedClock();
  const lit = new Set<Output>();
  const set = (output: Output, isOn: boolean): void => void (isOn ? lit.add(output) : lit.delete(output));
  return { clock, lit, player: new SignalPlayer({ timers: clock, set, gatePulseMs: 500 }) };
}

const lengthMs = (signal: (typeof INDICATOR_SIGNALS)[number]): number =>
  INDICATOR_PATTERNS[signal].steps.reduce((sum, step) => sum + step.durationMs, 0);

/** Lamps that came on within these milliseconds of a stepped clock. */
function flashes({ clock, lit }: ReturnType<typeof rig>, lamp: Output, ms: number): number {
  let count = 0;
  let was = lit.has(lamp);
  for (let passed = 0; passed < ms; passed += 10) {
    clock.step(10);
    if (!was && lit.has(lamp)) count += 1;
    was = lit.has(lamp);
  }
  return count;
}

describe("SignalPlayer", () => {
  it("plays a passing signal to its end and comes back to the one that stands", () => {
    const { clock, player, lit } = rig();
    player.start();
    player.show("in");
    expect([...lit].sort()).toEqual(["buzzer", "green"]);
    clock.step(200);
    expect([...lit]).toEqual(["green"]);
    clock.step(1_850);
    expect([...lit]).toEqual(["green"]); // the idle blink
    clock.step(200);
    expect([...lit]).toEqual([]);
  });

  it("does not let a change of what stands cut an answer short", () => {
    const { clock, player, lit } = rig();
    player.start();
    player.show("denied");
    player.show("offline");
    clock.step(3_000);
    expect([...lit]).toEqual(["red"]);
    clock.step(1_050);
    expect([...lit]).toEqual(["amber"]);
  });

  it("keeps a fault until the next answer, whatever stands meanwhile", () => {
    const made = rig();
    made.player.start();
    made.player.show("fault", "RT_STORE_CORRUPT");
    made.player.show("idle");
    made.player.show("offline");
    expect(flashes(made, "red", 9_800)).toBe(8); // three at a time, every 3.3 s, the first of them before the count
    made.player.show("in");
    expect(made.lit.has("red")).toBe(false);
    expect(flashes(made, "red", 10_000)).toBe(0);
  });

  it("starts the gate's pulse anew when it is opened again", () => {
    const { clock, player, lit } = rig();
    player.start();
    player.openGate();
    clock.step(400);
    player.openGate();
    clock.step(400);
    expect(lit.has("relay")).toBe(true);
    clock.step(101);
    expect(lit.has("relay")).toBe(false);
  });

  it("sets everything again for hardware that is new", () => {
    const { player, lit } = rig();
    player.start();
    player.show("denied");
    lit.clear();
    player.refresh();
    expect([...lit].sort()).toEqual(["buzzer", "red"]);
  });

  it("is dark after stop, for good", () => {
    const { clock, player, lit } = rig();
    player.start();
    player.show("identify");
    player.openGate();
    player.stop();
    player.show("in");
    player.openGate();
    clock.step(10_000);
    expect(lit.size).toBe(0);
    expect(clock.nextDueMs).toBeNull();
  });
});

describe("the patterns", () => {
  it.each(INDICATOR_SIGNALS)("never flash more than three times in a second: %s", (signal) => {
    for (const lamp of LIGHTS) {
      const made = rig();
      made.player.start();
      made.player.show(signal);
      for (let second = 0; second < 12; second += 1) expect(flashes(made, lamp, 1_000)).toBeLessThanOrEqual(3);
    }
  });

  it("tell every two answers apart without their colour", () => {
    const rhythms = (["in", "out", "already", "unknown", "denied", "fault", "identify"] as const).map((signal) =>
      JSON.stringify(
        INDICATOR_PATTERNS[signal].steps.map(({ buzzer, durationMs, lights }) => [buzzer, durationMs, lights.length]),
      ),
    );
    expect(new Set(rhythms).size).toBe(rhythms.length);
  });

  it("last as long as the screen holds its answer", () => {
    expect([lengthMs("in"), lengthMs("out")]).toEqual([2_000, 2_000]);
    expect([lengthMs("already"), lengthMs("unknown")]).toEqual([3_000, 3_000]);
    expect(lengthMs("denied")).toBe(4_000);
  });

  it("show a fault without a known code as an even blink", () => {
    expect(patternOf("fault", "NO_SUCH_CODE")).toBe(INDICATOR_PATTERNS.fault);
  });
});
