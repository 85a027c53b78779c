import { describe, expect, it } from "vitest";
import { infectiousWindow, parseLocalDate } from "../../../../engine/cases/cases.ts";
import { EngineInputError } from "../../../../engine/errors.ts";
import type { WallMs } from "../../../../protocol/units.ts";

const NOW = Date.UTC(2026, 10, 20) as WallMs;

describe("infectiousWindow", () => {
  it("begins at local midnight two days before onset", () => {
    const window = infectiousWindow({ onset: "2026-11-16", sample: null }, NOW, 2);
    expect(new Date(window.from).toISOString()).toBe("2026-11-13T17:00:00.000Z");
    expect(window.to).toBe(NOW);
  });

  it("counts from the sample of a case without symptoms, and from the earlier of both", () => {
    const bySample = infectiousWindow({ onset: null, sample: "2026-11-18" }, NOW, 2);
    const byBoth = infectiousWindow({ onset: "2026-11-19", sample: "2026-11-18" }, NOW, 2);
    expect(byBoth).toEqual(bySample);
  });

  it("takes another number of days", () => {
    const window = infectiousWindow({ onset: "2026-11-16", sample: null }, NOW, 0);
    expect(new Date(window.from).toISOString()).toBe("2026-11-15T17:00:00.000Z");
  });
});

describe("parseLocalDate", () => {
  it.each(["2026-02-30", "16/11/2026", "2026-1-1", "", "2026-11-16T00:00:00Z"])("refuses %j", (text) => {
    expect(() => parseLocalDate(text)).toThrow(EngineInputError);
  });
});
