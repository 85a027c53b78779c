import { describe, expect, it } from "vitest";
import { type AdmissionCase, decideAdmission, type VisitorPast } from "../../../../kiosk/admission/decide.ts";
import { PassSteps } from "../../../../kiosk/admission/pass-steps.ts";
import { DEFAULT_POLICY } from "../../../../kiosk/admission/policy.ts";
import { Visitors } from "../../../../kiosk/admission/visitors.ts";
import type { VisitorTag } from "../../../../protocol/ids.ts";
import type { Credential } from "../../../../protocol/qr/reading.ts";
import type { BoottimeMs, WallMs } from "../../../../protocol/units.ts";

const NOW = 1_000_000 as BoottimeMs;
const ago = (ms: number, direction: "in" | "out" = "in", party = 0): AdmissionCase["past"] => ({
  direction,
  party,
  boottimeMs: (NOW - ms) as BoottimeMs,
  wallMs: 5 as WallMs,
});
const decide = (change: Partial<AdmissionCase>): ReturnType<typeof decideAdmission> =>
  decideAdmission({ past: null, inside: 0, isCutOff: false, party: 0, nowMs: NOW, policy: DEFAULT_POLICY, ...change });

describe("decideAdmission", () => {
  it("lets a stranger in", () => expect(decide({ party: 2 })).toEqual({ kind: "admit", direction: "in", party: 2 }));

  it.each([
    [4_999, "repeat"],
    [5_000, "already"],
    [59_999, "already"],
    [60_000, "admit"],
  ])("answers the same code %i ms after an entrance with %s", (ms, kind) =>
    expect(decide({ past: ago(ms) }).kind).toBe(kind),
  );

  it("lets out whoever is in, with the companions that came along", () => {
    expect(decide({ past: ago(600_000, "in", 3) })).toEqual({ kind: "admit", direction: "out", party: 3 });
  });

  it("lets in again whoever went out", () => {
    expect(decide({ past: ago(600_000, "out") })).toMatchObject({ kind: "admit", direction: "in" });
  });

  it.each([
    [0, "out"],
    [1, "in"],
  ])("takes whoever checked in longest stay + %i ms ago for one who goes %s", (more, direction) => {
    expect(decide({ past: ago(DEFAULT_POLICY.maximumStayMs + more, "in", 3) })).toMatchObject({ direction });
  });

  it("shows something when another door saw the same gesture", () => {
    const past = { ...(ago(1_000) as VisitorPast), isElsewhere: true };
    expect(decide({ past }).kind).toBe("already");
  });

  it("judges by its own view while it is cut off, and keeps nobody in for that", () => {
    const past = { ...(ago(600_000, "in", 2) as VisitorPast), isElsewhere: true };
    expect(decide({ past })).toMatchObject({ direction: "out", party: 2 });
    expect(decide({ past, isCutOff: true, party: 1 })).toMatchObject({ direction: "in", party: 1 });
    expect(decide({ past: ago(600_000), isCutOff: true })).toMatchObject({ direction: "out" });
    const policy = { ...DEFAULT_POLICY, capacity: 3 };
    expect(decide({ past, isCutOff: true, policy, inside: 3 })).toMatchObject({ direction: "out", party: 2 });
  });

  it("counts people, not scans, against the capacity", () => {
    const policy = { ...DEFAULT_POLICY, capacity: 10 };
    expect(decide({ policy, inside: 9 }).kind).toBe("admit");
    expect(decide({ policy, inside: 9, party: 1 }).kind).toBe("full");
  });

  it("never keeps anybody in for a full house", () => {
    expect(decide({ policy: { ...DEFAULT_POLICY, capacity: 1 }, inside: 5, past: ago(600_000) })).toMatchObject({
      direction: "out",
    });
  });

  it("lets anybody out at an exit, known or not", () => {
    expect(decide({ policy: { ...DEFAULT_POLICY, profile: "exit" } })).toMatchObject({
      kind: "admit",
      direction: "out",
    });
  });
});

describe("Visitors", () => {
  const [old, today] = ["a", "b"].map((digit) => digit.repeat(32) as VisitorTag) as [VisitorTag, VisitorTag];

  it("finds a visitor under yesterday's tag, and from then on under both", () => {
    const visitors = new Visitors();
    visitors.note([old], { direction: "in", boottimeMs: NOW, wallMs: 1 as WallMs, party: 1 });
    expect(visitors.inside).toBe(2);
    expect(visitors.find([today, old])?.direction).toBe("in");
    visitors.note([today, old], { direction: "out", boottimeMs: NOW, wallMs: 2 as WallMs, party: 1 });
    expect(visitors.inside).toBe(0);
    expect(visitors.find([old])).toEqual(visitors.find([today]));
  });

  it("forgets who was not seen to leave for too long, and counts nobody who may have gone", () => {
    const visitors = new Visitors();
    const note = (tag: VisitorTag, direction: "in" | "out", boottimeMs: number, party: number) =>
      visitors.note([tag], { direction, boottimeMs: boottimeMs as BoottimeMs, wallMs: 1 as WallMs, party });
    const undo = note(old, "in", 10, 4);
    note(today, "in", 20, 1);
    visitors.forgetBefore(20 as BoottimeMs);
    expect(visitors.find([old])).toBeNull();
    expect(visitors.inside).toBe(2);
    undo();
    expect(visitors.inside).toBe(2);
  });

  it("takes back an event whose commit failed", () => {
    const visitors = new Visitors();
    visitors.note([old], { direction: "in", boottimeMs: NOW, wallMs: 1 as WallMs, party: 0 });
    visitors.note([today, old], { direction: "out", boottimeMs: NOW, wallMs: 2 as WallMs, party: 0 })();
    expect(visitors.inside).toBe(1);
    expect(visitors.find([today, old])?.direction).toBe("in");
  });
});

describe("PassSteps", () => {
  const pass = (step: number): Credential => ({ id: "p", step }) as Credential;

  it("accepts each 30-second step of a pass once", () => {
    const steps = new PassSteps();
    const isTaken = (step: number): boolean => steps.use(pass(step)) !== null;
    expect([100, 100, 99, 101].map(isTaken)).toEqual([true, false, false, true]);
  });

  it("takes a step back whose commit failed, and no other", () => {
    const steps = new PassSteps();
    const undo = [100, 101].map((step) => steps.use(pass(step)));
    undo[0]?.();
    expect(steps.use(pass(101))).toBeNull();
    undo[1]?.();
    expect(steps.use(pass(100))).toBeNull();
    expect(steps.use(pass(101))).not.toBeNull();
  });
});
