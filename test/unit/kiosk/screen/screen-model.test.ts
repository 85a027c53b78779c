import { describe, expect, it } from "vitest";
import { createScreenModel, type ScreenEvent, type ScreenModel } from "../../../../kiosk/screen/screen-model.ts";
import { IDLE_STATE, NINE_OCLOCK_MS, screenResult } from "../../../support/kiosk-page.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";

function rig(): { model: ScreenModel; timers: ManualTimers; events: ScreenEvent[]; stop: () => void } {
  const timers = new ManualTimers();
  const model = createScreenModel(IDLE_STATE, timers);
  const events: ScreenEvent[] = [];
  const stop = model.subscribe((event) => events.push(event));
  return { model, timers, events, stop };
}

describe("screen model", () => {
  it("shows a result until its time is over, and nothing of it afterwards", () => {
    const { model, timers, events } = rig();
    const result = screenResult({ holdMs: 2_000 });
    model.show(result);
    expect(events).toEqual([{ name: "result", data: result }]);
    timers.advance(1_999);
    expect(model.state().result).toEqual(result);
    timers.advance(1);
    expect(model.state().result).toBeNull();
    expect(events.at(-1)).toEqual({ name: "state", data: { ...IDLE_STATE, result: null } });
    expect(JSON.stringify(model.state())).not.toContain("123456");
  });

  it("gives a newer result its whole time, whatever was left of the older one", () => {
    const { model, timers } = rig();
    model.show(screenResult({ holdMs: 2_000 }));
    timers.advance(1_900);
    const newer = screenResult({ holdMs: 3_000, code: "already" });
    model.show(newer);
    timers.advance(2_999);
    expect(model.state().result).toEqual(newer);
    timers.advance(1);
    expect(model.state().result).toBeNull();
    expect(timers.pending).toEqual([]);
  });

  it("passes the click on before anything else", () => {
    const { model, events } = rig();
    model.click();
    expect(events).toEqual([{ name: "click", data: {} }]);
  });

  it("tells what changed between results, and keeps the result meanwhile", () => {
    const { model, events } = rig();
    const result = screenResult();
    model.show(result);
    model.update({ capacity: { inside: 46, max: 120 } });
    expect(events.at(-1)).toEqual({
      name: "state",
      data: { ...IDLE_STATE, capacity: { inside: 46, max: 120 }, result },
    });
  });

  it("keeps quiet about news that are none", () => {
    const { model, events } = rig();
    model.update({ uplink: { online: true, unsent: 0 } });
    model.update({ clock: { nowMs: NINE_OCLOCK_MS + 59_999, synced: true } });
    expect(events).toEqual([]);
    expect(model.state().clock.nowMs).toBe(NINE_OCLOCK_MS + 59_999);
    model.update({ clock: { nowMs: NINE_OCLOCK_MS + 60_000, synced: true } });
    expect(events).toHaveLength(1);
  });

  it("tells nothing to a listener that has gone", () => {
    const { model, events, stop } = rig();
    stop();
    model.click();
    model.show(screenResult());
    expect(events).toEqual([]);
  });
});
