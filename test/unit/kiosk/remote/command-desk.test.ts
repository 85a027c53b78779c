import { describe, expect, it } from "vitest";
import type { DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { CommandDesk } from "../../../../kiosk/remote/command-desk.ts";
import { memoryNote, type NoteStore } from "../../../../kiosk/remote/note-store.ts";
import { BadSealError } from "../../../../protocol/errors.ts";
import type { CommandResult } from "../../../../protocol/mqtt/fleet.ts";
import { silentLogger } from "../../../../runtime/log.ts";

const NINE = Date.UTC(2026, 10, 16, 2);
const idOf = (n: number): string => n.toString(16).padStart(32, "0");

async function open(store: NoteStore = memoryNote()): Promise<{
  desk: CommandDesk;
  answers: [string, CommandResult][];
  done: string[];
  clock: { wallMs: number; state: DeviceTime["state"] };
  store: NoteStore;
}> {
  const answers: [string, CommandResult][] = [];
  const done: string[] = [];
  const clock = { wallMs: NINE, state: "gateway" as DeviceTime["state"] };
  const desk = new CommandDesk({
    store,
    now: () => ({ ...clock, bootId: "0a0b0c0d", boottimeMs: 1, uncertaintyMs: 1 }) as DeviceTime,
    answer: async (id, result) => void answers.push([id, result]),
    logger: silentLogger,
    run: {
      identify: async () => void done.push("identify"),
      reboot: () => Promise.reject(new BadSealError("no")),
      bundle: async () => ({ data: "H4sI" }),
    },
  });
  await desk.open();
  return { desk, answers, done, clock, store };
}

describe("commands", () => {
  it("are done once, however often they come, also over a restart", async () => {
    const first = await open();
    const command = { id: idOf(1), expiresMs: NINE + 60_000 };
    await first.desk.take("identify", command);
    await first.desk.take("identify", command);
    const second = await open(first.store);
    await second.desk.take("identify", command);
    expect([...first.done, ...second.done]).toEqual(["identify"]);
    expect(first.answers).toHaveLength(2);
    expect(second.answers).toEqual([[idOf(1), { name: "identify", outcome: "done" }]]);
  });

  it("that the kiosk did not survive are answered interrupted, not done again", async () => {
    const store = memoryNote();
    await store.write(JSON.stringify([{ id: idOf(1), name: "identify", atMs: NINE, outcome: "interrupted" }]));
    const { desk, answers, done } = await open(store);
    await desk.take("identify", { id: idOf(1), expiresMs: NINE + 60_000 });
    expect([done, answers[0]?.[1].outcome]).toEqual([[], "interrupted"]);
  });

  it("come too late only by a clock that is set", async () => {
    const { desk, answers, clock, done } = await open();
    await desk.take("identify", { id: idOf(1), expiresMs: NINE - 1 });
    clock.state = "unsynced";
    await desk.take("identify", { id: idOf(2), expiresMs: NINE - 1 });
    expect(answers.map(([, { outcome }]) => outcome)).toEqual(["expired", "done"]);
    expect(done).toHaveLength(1);
  });

  it("that fail say by which fault, and bring data when they have some", async () => {
    const { desk, answers } = await open();
    await desk.take("reboot", { id: idOf(1), expiresMs: NINE + 1 });
    await desk.take("bundle", { id: idOf(2), expiresMs: NINE + 1 });
    expect(answers.map(([, result]) => result)).toEqual([
      { name: "reboot", outcome: "failed", fault: "PROTO_BAD_SEAL" },
      { name: "bundle", outcome: "done", data: "H4sI" },
    ]);
  });

  it("are remembered for seven days", async () => {
    const { desk, done, clock } = await open();
    const command = { id: idOf(1), expiresMs: Number.MAX_SAFE_INTEGER };
    await desk.take("identify", command);
    clock.wallMs = NINE + 6.9 * 86_400_000;
    await desk.take("identify", { ...command, id: idOf(2) });
    await desk.take("identify", command);
    expect(done).toHaveLength(2);
    clock.wallMs = NINE + 7.1 * 86_400_000;
    await desk.take("identify", { ...command, id: idOf(3) });
    await desk.take("identify", command);
    expect(done).toHaveLength(4);
  });

  it.each([
    ["format", { id: idOf(1), expiresMs: 1 }],
    ["identify", { id: "short", expiresMs: 1 }],
    ["identify", undefined],
    ["identify", { id: idOf(1), expiresMs: 1, shell: "rm" }],
  ])("of no form of ours are not taken: %s %j", async (name, message) => {
    const { desk, answers, done } = await open();
    expect(await desk.take(name, message)).toBe(false);
    expect([answers, done]).toEqual([[], []]);
  });
});
