import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runToEnd, tempFolder } from "../../support/processes.ts";
import { repository } from "../../support/repository.ts";

/** A clone with nothing installed, and a PATH that has only what is given, as programs that do nothing and succeed. */
function clone(programs: readonly string[]): { folder: string; env: Record<string, string> } {
  const folder = tempFolder();
  for (const part of ["scripts", "package.json", "package-lock.json"])
    cpSync(join(repository, part), join(folder, part), { recursive: true });
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const program of programs) {
    writeFileSync(join(bin, program), "#!/bin/sh\nexit 0\n");
    chmodSync(join(bin, program), 0o755);
  }
  symlinkSync("/bin/sh", join(bin, "sh"));
  return { folder, env: { PATH: bin } };
}

const inRepository = (script: string, ...args: string[]) => runToEnd({ script: `scripts/${script}`, args });

describe("npm start on a machine that lacks something", () => {
  it("names npm", async () => {
    const { folder, env } = clone([]);
    const { code, stderr } = await runToEnd({ script: join(folder, "scripts/start.mjs"), env });
    expect({ code, stderr }).toEqual({
      code: 69,
      stderr: expect.stringMatching(/npm is missing.*apt-get install npm/),
    });
  });

  it("names each tool that compiles sqlite3, with its Debian package", async () => {
    const { folder, env } = clone(["npm", "make"]);
    const { code, stderr } = await runToEnd({ script: join(folder, "scripts/start.mjs"), env });
    expect(code).toBe(69);
    expect(stderr).toContain("C++ compiler is missing. On Debian: apt-get install g++");
    expect(stderr).toContain("Python 3 is missing. On Debian: apt-get install python3");
    expect(stderr).not.toContain("make is missing");
  });

  it("says so when the packages cannot be fetched", async () => {
    const { folder, env } = clone(["npm"]);
    writeFileSync(join(folder, "bin/npm"), "#!/bin/sh\nexit 1\n");
    const { code, stderr } = await runToEnd({ script: join(folder, "scripts/test.mjs"), env });
    expect({ code, stderr }).toEqual({ code: 69, stderr: expect.stringContaining("npm ci failed") });
  });
});

describe("the scripts", () => {
  it("refuse a part, a bench or an option that they do not know, and say what they take", async () => {
    const [part, bench, lab] = await Promise.all([
      inRepository("run.mjs", "toaster"),
      inRepository("bench.mjs", "toaster", "--json"),
      inRepository("lab.mjs", "--toaster"),
    ]);
    expect([part.code, bench.code, lab.code]).toEqual([64, 64, 64]);
    expect(lab.stderr).toContain("Usage: npm run lab");
    expect(part.stderr).toContain("kiosk|gateway|engine|sim");
    expect(bench.stderr).toMatch(/gateway .*\n\s+ingest .*\n\s+ledger /);
  });
});
