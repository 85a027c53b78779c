import { describe, expect, it } from "vitest";
import { RESULT_CODES } from "../../../protocol/http/kiosk-screen.ts";
import en from "../../../protocol/locales/en.json" with { type: "json" };
import fleetVi from "../../../protocol/locales/fleet.vi.json" with { type: "json" };
import labVi from "../../../protocol/locales/lab.vi.json" with { type: "json" };
import vi from "../../../protocol/locales/vi.json" with { type: "json" };

const CATALOGUES: Readonly<Record<string, Readonly<Record<string, string>>>> = { vi, en };
const names = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe("the catalogues", () => {
  it("have the same keys, and the same names in each text", () => {
    expect(Object.keys(en)).toEqual(Object.keys(vi));
    const different = Object.keys(vi).filter(
      (key) => String(names(vi[key as keyof typeof vi])) !== String(names(en[key as keyof typeof en])),
    );
    expect(different).toEqual([]);
  });

  it("have a sentence for every answer of the screen", () => {
    for (const [language, catalogue] of Object.entries(CATALOGUES))
      for (const code of RESULT_CODES) expect(catalogue, language).toHaveProperty([`kiosk.result.${code}`]);
  });

  it("are written in composed characters, without stray spaces", () => {
    for (const catalogue of Object.values(CATALOGUES)) {
      const wrong = Object.values(catalogue).filter(
        (text) => text !== text.normalize("NFC") || text !== text.trim() || text === "",
      );
      expect(wrong).toEqual([]);
    }
  });

  it("never tell a visitor a health reason", () => {
    const texts = Object.values(CATALOGUES).flatMap((catalogue) => Object.values(catalogue));
    expect(texts.filter((text) => /\bF[012]\b|positive|infected|dương tính|nhiễm/i.test(text))).toEqual([]);
  });

  it("have one word for the gateway, on every page", () => {
    const texts = [vi, fleetVi, labVi].flatMap((catalogue) => Object.values(catalogue));
    expect(texts.filter((text) => /máy cổng|(?<!bluepost-)gateway/i.test(text))).toEqual([]);
    expect(vi["kiosk.test.check.gateway"]).toBe(fleetVi["gateway.title"]);
  });

  it("say of a beacon whether a neighbour hears it, which is what the code means", () => {
    expect(en["kiosk.test.beacon_on"]).toContain("No neighbouring kiosk has heard it");
    expect(en["kiosk.test.beacon_heard"]).toContain("a neighbouring kiosk has heard it");
    expect(vi["kiosk.test.beacon_on"]).toContain("Máy bên cạnh chưa nghe thấy máy này");
    expect(vi["kiosk.test.beacon_heard"]).toContain("máy bên cạnh đã nghe thấy máy này");
  });
});
