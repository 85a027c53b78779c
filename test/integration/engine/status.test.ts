import { describe, expect, it } from "vitest";
import type { Serving } from "../../../engine/cli/ask-ready.ts";
import { servingOf } from "../../../engine/cli/status.ts";
import { openTestEngine } from "../../support/engines.ts";
import { tempFolder } from "../../support/temp.ts";

const TLS = "listen.tls=true";

/** What the command line finds of the engine of these settings. */
function asked(folder: string, url: string, more: readonly string[]): Promise<Serving> {
  return servingOf({ set: [`dataDir=${folder}`, `listen.port=${new URL(url).port}`, ...more] });
}

describe("status and doctor", () => {
  it.each([[["listen.tls=false"]], [[TLS]]])("see an engine that serves with %s", async (flags) => {
    const { engine, folder } = await openTestEngine({ flags, nowMs: Date.now() });
    const { url } = await engine.listen();
    expect(await asked(folder, url, flags)).toBe("ready");
    await engine.close();
    expect(await asked(folder, url, flags)).toBe("down");
  });

  it("take no engine of another authority for theirs", async () => {
    const [ours, theirs] = [await openTestEngine(), await openTestEngine({ flags: [TLS], nowMs: Date.now() })];
    const { url } = await theirs.engine.listen();
    expect(await asked(ours.folder, url, [TLS])).toBe("down");
  });

  it("take one that is not there for down, also before its keys are made", async () => {
    expect(await asked(tempFolder(), "http://127.0.0.1:9", [TLS])).toBe("down");
  });
});
