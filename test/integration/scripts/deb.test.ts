import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runToEnd } from "../../support/processes.ts";

const has = (tool: string): boolean => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
const NO_DPKG = ["dpkg-deb", "dpkg-shlibdeps", "dpkg-scanpackages", "strip"].every(has)
  ? ""
  : " skipped: dpkg-dev is missing (Debian: apt-get install dpkg-dev)";
const NO_GPG =
  NO_DPKG || (["gpg", "gpgv"].every(has) ? "" : " skipped: gpg is missing (Debian: apt-get install gnupg)");
const deb = (...args: readonly string[]) => runToEnd({ script: "scripts/deb.mjs", args: ["--fast", ...args] });
const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

describe("npm run deb", () => {
  it("refuses a Node that is none, and a key without a repository", async () => {
    const results = await Promise.all([deb("--node", "package.json"), deb("--key", "me"), deb("--colour")]);
    expect(results.map(({ code }) => code)).toEqual([64, 64, 64]);
    expect(results[0]?.stderr).toContain("no program for amd64 or arm64");
  });
});

describe(`the package${NO_DPKG}`, () => {
  const out = mkdtempSync(join(tmpdir(), "bluepost-deb-"));
  const tree = join(out, "tree");
  let file = "";

  beforeAll(async () => {
    if (NO_DPKG) return;
    const { code, stdout, stderr } = await deb("--out", join(out, "first"));
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    file = stdout.trim().split("\n").at(-1) as string;
    run("dpkg-deb", "--extract", file, tree);
  }, 120_000);

  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it.skipIf(NO_DPKG)("is the same to the last byte when it is built again", async () => {
    const { stdout } = await deb("--out", join(out, "second"));
    expect(digest(stdout.trim().split("\n").at(-1) as string)).toBe(digest(file));
  });

  it.skipIf(NO_DPKG)("says what it needs, and which files are the administrator's", () => {
    const control = run("dpkg-deb", "--field", file);
    expect(control).toMatch(/^Package: bluepost$/m);
    expect(control).toMatch(/^Depends: .*libc6 \(>= [\d.]+\).*debconf.*systemd/m);
    const conffiles = run("dpkg-deb", "--info", file, "conffiles").trim().split("\n");
    expect(conffiles).toEqual(
      ["engine.toml", "gateway.toml", "kiosk.toml", "screen.env"].map((name) => `/etc/bluepost/${name}`),
    );
    for (const script of ["config", "postinst", "prerm", "postrm"])
      expect(run("dpkg-deb", "--info", file, script)).toMatch(/^#!\/bin\/sh\nset -e\n/);
  });

  it.skipIf(NO_DPKG)("holds no tools of ours, no simulator, and native code for one processor only", () => {
    const home = join(tree, "usr/lib/bluepost");
    const modules = readdirSync(join(home, "node_modules"));
    expect(modules).toEqual(expect.arrayContaining(["sqlite3", "serialport", "onoff", "aedes", "mqtt"]));
    for (const absent of ["vitest", "typescript", "vite", "playwright-core", "node-gyp"])
      expect(modules).not.toContain(absent);
    expect(existsSync(join(home, "dist/sim"))).toBe(false);
    const native = readdirSync(home, { recursive: true })
      .map(String)
      .filter((path) => path.endsWith(".node"));
    expect(native.length).toBeGreaterThan(2);
    expect(native.filter((path) => /darwin|win32|android|musl|arm/.test(path))).toEqual([]);
  });

  it.skipIf(NO_DPKG)("runs from where it was unpacked: Node, native modules and every doctor", () => {
    const home = join(tree, "usr/lib/bluepost");
    for (const part of ["kiosk", "gateway", "engine"]) {
      const main = join(home, "dist", part, "main.js");
      const args = [main, "doctor", "--json", "--set", `dataDir=${join(out, "data", part)}`];
      const { status, stdout, stderr } = spawnSync(join(home, "bin/node"), args, {
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin" },
      });
      expect({ part, stderr, status }).toEqual({
        part,
        stderr: expect.not.stringContaining("A bug"),
        status: expect.toSatisfy((code) => code <= 1),
      });
      expect(() => JSON.parse(stdout)).not.toThrow();
    }
  });

  it.skipIf(NO_GPG)("goes into a signed repository that apt reads, beside the older one", async () => {
    const home = join(out, "gnupg");
    mkdirSync(home, { mode: 0o700 });
    chmodSync(home, 0o700);
    const gpg = (...args: readonly string[]) => run("gpg", "--homedir", home, "--batch", ...args);
    gpg("--passphrase", "", "--quick-generate-key", "test@bluepost.example", "ed25519", "sign", "never");
    const repo = join(out, "repo");
    const { code, stderr } = await runToEnd({
      script: "scripts/deb.mjs",
      args: ["--fast", "--out", join(out, "third"), "--repo", repo, "--key", "test@bluepost.example"],
      env: { GNUPGHOME: home },
    });
    spawnSync("gpgconf", ["--homedir", home, "--kill", "gpg-agent"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("signed with") });
    const pooled = join(repo, "pool", readdirSync(join(repo, "pool")).find((name) => name.endsWith(".deb")) as string);
    const keyring = join(repo, "bluepost.gpg");
    run("gpgv", "--quiet", "--keyring", keyring, `${pooled}.asc`, pooled);
    if (has("apt-get")) expect(aptSees(repo, keyring)).toContain("Candidate: 0.");
  });

  /** Lets apt read the repository with folders of its own, checked by the key. */
  function aptSees(repo: string, keyring: string): string {
    const apt = join(out, "apt");
    for (const folder of ["lists/partial", "cache/archives/partial", "etc"])
      mkdirSync(join(apt, folder), { recursive: true });
    writeFileSync(join(apt, "sources.list"), `deb [signed-by=${keyring}] file:${repo} stable main\n`);
    const options = [
      `Dir::Etc::sourcelist=${apt}/sources.list`,
      "Dir::Etc::sourceparts=-",
      `Dir::State::lists=${apt}/lists`,
      `Dir::Cache=${apt}/cache`,
      `APT::Sandbox::User=${process.env["USER"] ?? "root"}`,
      "Debug::NoLocking=1",
    ].flatMap((option) => ["-o", option]);
    run("apt-get", ...options, "-qq", "update");
    return run("apt-cache", ...options, "policy", "bluepost");
  }
});
