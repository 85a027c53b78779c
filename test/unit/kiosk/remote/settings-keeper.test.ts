import { describe, expect, it } from "vitest";
import { memoryNote, type NoteStore } from "../../../../kiosk/remote/note-store.ts";
import { SettingsKeeper } from "../../../../kiosk/remote/settings-keeper.ts";
import type { Refusal, RemoteSettings, Reported } from "../../../../protocol/mqtt/fleet.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";
import { waitFor } from "../../../support/wait-for.ts";

const LOCAL: RemoteSettings = { profile: "entrance", capacity: 0 };

/** A kiosk's settings over a note, with health and `apply` in the test's hand. */
async function open(store: NoteStore = memoryNote()): Promise<{
  keeper: SettingsKeeper;
  store: NoteStore;
  timers: ManualTimers;
  inForce: RemoteSettings[];
  reports: Reported[];
  sick: { reason: Refusal | null; throwsAt: number };
}> {
  const timers = new ManualTimers();
  const inForce: RemoteSettings[] = [];
  const reports: Reported[] = [];
  const sick: { reason: Refusal | null; throwsAt: number } = { reason: null, throwsAt: -1 };
  const keeper = new SettingsKeeper({
    store,
    local: LOCAL,
    apply: (settings) => {
      if (settings.capacity === sick.throwsAt) throw new Error("cannot");
      inForce.push(settings);
    },
    watch: () => () => sick.reason,
    report: (reported) => reports.push(reported),
    timers,
    logger: silentLogger,
  });
  await keeper.open();
  return { keeper, store, timers, inForce, reports, sick };
}

describe("settings from afar", () => {
  it("are in force at once, on trial, and settle when the kiosk stays well", async () => {
    const { keeper, timers, inForce, reports } = await open();
    await keeper.desired({ version: 3, settings: { capacity: 50 } });
    expect(inForce.at(-1)).toEqual({ profile: "entrance", capacity: 50 });
    expect(reports.at(-1)).toMatchObject({ version: 0, state: "trial", trialVersion: 3 });
    timers.advance(120_000);
    await waitFor(() => reports.at(-1)?.state === "settled");
    expect(reports.at(-1)).toEqual({ version: 3, state: "settled", settings: { profile: "entrance", capacity: 50 } });
  });

  it("go back by themselves when the kiosk does worse, and say why", async () => {
    const { keeper, timers, inForce, reports, sick } = await open();
    await keeper.desired({ version: 1, settings: { capacity: 50 } });
    sick.reason = "fault";
    timers.advance(5_000);
    await waitFor(() => reports.at(-1)?.state === "settled");
    expect(reports.at(-1)).toMatchObject({ version: 0, refused: { version: 1, reason: "fault" } });
    expect(inForce.at(-1)).toEqual(LOCAL);
    await keeper.desired({ version: 1, settings: { capacity: 50 } });
    expect(inForce.at(-1)).toEqual(LOCAL);
  });

  it("go back to the last good ones when they cannot be put in force", async () => {
    const { keeper, timers, inForce, reports, sick } = await open();
    await keeper.desired({ version: 1, settings: { capacity: 50 } });
    timers.advance(120_000);
    await waitFor(() => reports.at(-1)?.version === 1);
    sick.throwsAt = 60;
    await keeper.desired({ version: 2, settings: { capacity: 60 } });
    expect(reports.at(-1)).toMatchObject({
      version: 1,
      state: "settled",
      refused: { version: 2, reason: "not_applied" },
    });
    expect(inForce.at(-1)?.capacity).toBe(50);
  });

  it("survive one restart on trial, not two", async () => {
    const first = await open();
    await first.keeper.desired({ version: 1, settings: { profile: "exit" } });
    await first.keeper.close();
    const second = await open(first.store);
    expect(second.reports.at(-1)).toMatchObject({ state: "trial", trialVersion: 1 });
    expect(second.inForce.at(-1)?.profile).toBe("exit");
    await second.keeper.close();
    const third = await open(first.store);
    expect(third.reports.at(-1)).toMatchObject({ version: 0, refused: { version: 1, reason: "restarted" } });
    expect(third.inForce.at(-1)?.profile).toBe("entrance");
  });

  it("stay after a restart once they settled, and a lower version changes nothing", async () => {
    const first = await open();
    await first.keeper.desired({ version: 5, settings: { capacity: 9 } });
    first.timers.advance(120_000);
    await waitFor(() => first.reports.at(-1)?.version === 5);
    await first.keeper.close();
    const second = await open(first.store);
    expect(second.inForce.at(-1)?.capacity).toBe(9);
    await second.keeper.desired({ version: 4, settings: { capacity: 1 } });
    expect(second.inForce.at(-1)?.capacity).toBe(9);
    expect(second.reports.at(-1)?.version).toBe(5);
  });

  it.each([
    ["no object", "x"],
    ["an unknown setting", { version: 7, settings: { dataDir: "/tmp" } }],
    ["a capacity below nothing", { version: 7, settings: { capacity: -1 } }],
    ["a version of its own kind", { version: 1.5, settings: {} }],
  ])("refuse %s", async (_, message) => {
    const { keeper, inForce, reports } = await open();
    await keeper.desired(message);
    expect(inForce).toEqual([LOCAL]);
    expect(reports.at(-1)).toMatchObject({ version: 0, state: "settled" });
    const isNumbered = typeof message === "object" && message.version === 7;
    expect(reports.at(-1)?.refused).toEqual(isNumbered ? { version: 7, reason: "malformed" } : undefined);
  });

  it("begin anew from a damaged note", async () => {
    const store = memoryNote();
    await store.write('{"good":{"version":');
    expect((await open(store)).inForce).toEqual([LOCAL]);
  });
});
