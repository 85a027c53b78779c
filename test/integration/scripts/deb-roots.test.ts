import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runToEnd, tempFolder } from "../../support/processes.ts";

const NO_NIGHT = process.env["BLUEPOST_NIGHTLY"] ? "" : " skipped: only npm run nightly makes clean roots";

describe(`the package in clean Debian 12 and 13 roots${NO_NIGHT}`, () => {
  it.skipIf(NO_NIGHT)(
    "installs, runs its doctors, and leaves check-ins and keys behind",
    async ({ skip }) => {
      const { code, stderr } = await runToEnd({
        script: "scripts/deb.mjs",
        args: ["--verify", "--out", join(tempFolder(), "deb")],
      });
      const reasons = stderr.split("\n").filter((line) => line.includes("skipped:"));
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      if (reasons.length > 0) skip(reasons.join("; "));
      for (const suite of ["bookworm", "trixie"]) expect(stderr).toContain(`ok   ${suite}: bluepost-kiosk doctor runs`);
    },
    900_000,
  );
});
