import { describe, expect, it } from "vitest";
import { REVOCATION_REASONS } from "../../../protocol/checkin/revocations.ts";
import en from "../../../protocol/locales/fleet.en.json" with { type: "json" };
import vi from "../../../protocol/locales/fleet.vi.json" with { type: "json" };
import { COMMANDS, REFUSALS, RemoteSettings } from "../../../protocol/mqtt/fleet.ts";

const CATALOGUES: Readonly<Record<string, Readonly<Record<string, string>>>> = { vi, en };
const names = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe("the fleet page's catalogues", () => {
  it("have the same keys, and the same names in each text", () => {
    expect(Object.keys(en)).toEqual(Object.keys(vi));
    const different = Object.keys(vi).filter(
      (key) => String(names(vi[key as keyof typeof vi])) !== String(names(en[key as keyof typeof en])),
    );
    expect(different).toEqual([]);
  });

  it("are written in composed characters, without stray spaces", () => {
    for (const catalogue of Object.values(CATALOGUES)) {
      const wrong = Object.values(catalogue).filter(
        (text) => text !== text.normalize("NFC") || text !== text.trim() || text === "",
      );
      expect(wrong).toEqual([]);
    }
  });

  it("have a text for every command, setting and refusal, and an advice for every event", () => {
    const needed = [
      ...COMMANDS.flatMap((name) => [`act.${name}`, `act.done.${name}`]),
      ...Object.keys(RemoteSettings.properties).map((name) => `set.${name}`),
      ...REVOCATION_REASONS.map((reason) => `revoke.${reason}`),
      ...REFUSALS.map((reason) => `refused.${reason}`),
      ...Object.keys(vi)
        .filter((key) => key.startsWith("event.") && !key.endsWith(".do"))
        .map((key) => `${key}.do`),
    ];
    expect(needed.filter((key) => !(key in vi))).toEqual([]);
  });
});
