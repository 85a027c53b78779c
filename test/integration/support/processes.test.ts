import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freePorts, runToEnd, spawnPart, startPart, tempFolder, waitFor } from "../../support/processes.ts";

const SERVER = `
import { createServer } from "node:net";
import { spawn } from "node:child_process";
const server = createServer().listen(Number(process.argv[2]), "127.0.0.1", () => {
  const helper = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  console.log("starting");
  console.log(JSON.stringify({ event: "ready", part: "probe", helper: helper.pid, port: Number(process.argv[2]) }));
});
process.on("SIGTERM", () => { console.log("stopping"); process.exit(0); });
`;

function script(text: string): string {
  const file = join(tempFolder(), "probe.mjs");
  writeFileSync(file, text);
  return file;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

describe("the process harness", () => {
  it("hands out different free ports", async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
  });

  it("waits for the readiness line, kills with the children, and starts again", async () => {
    const [port = 0] = await freePorts(1);
    const part = await spawnPart({ script: script(SERVER), args: [String(port)] });
    expect(part.ready).toMatchObject({ event: "ready", part: "probe", port });
    expect(await answers(port)).toBe(true);
    const helper = Number(part.ready["helper"]);
    expect(isAlive(helper)).toBe(true);

    expect(await part.kill9()).toEqual({ code: null, signal: "SIGKILL" });
    expect(await answers(port)).toBe(false);
    await waitFor(() => !isAlive(helper), { what: "the end of the part's child" });

    await part.restart();
    expect(await answers(port)).toBe(true);
    expect(await part.stop()).toEqual({ code: 0, signal: null });
    expect(part.lines.filter((line) => line === "starting")).toHaveLength(2);
    expect(part.lines.at(-1)).toBe("stopping");
  });

  it("tells the output of a process that ends before it is ready", async () => {
    const file = script("console.error('no such device'); process.exit(78);");
    await expect(spawnPart({ script: file })).rejects.toThrow(/ended with 78[\s\S]*no such device/);
  });

  it("kills a process that does not stop when asked", async () => {
    const file = script("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up');");
    const part = startPart({ script: file });
    await waitFor(() => part.lines.includes("up"));
    expect(await part.stop(50)).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("runs a program to its end", async () => {
    const file = script("console.log(process.env.WORD); process.exitCode = 3;");
    expect(await runToEnd({ script: file, env: { WORD: "hello" } })).toEqual({
      code: 3,
      signal: null,
      stdout: "hello",
      stderr: "",
    });
  });

  it("names what it waited for, with the last fault", async () => {
    const never = waitFor(
      () => {
        throw new Error("not there");
      },
      { timeoutMs: 30, what: "a ghost" },
    );
    await expect(never).rejects.toThrow("waited 30 ms for a ghost");
  });
});
