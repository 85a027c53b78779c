import { expect, it } from "vitest";
import { toHex } from "../../../../protocol/bytes.ts";
import {
  encodeImprovAdvertisement,
  IMPROV_ADVERTISEMENT_BYTES,
  parseImprovAdvertisement,
} from "../../../../protocol/improv/advertisement.ts";

const SAID = { state: 1, capabilities: 7 };

it("flags, service and service data fill one legacy advertisement", () => {
  const payload = encodeImprovAdvertisement(SAID);
  expect(payload).toHaveLength(IMPROV_ADVERTISEMENT_BYTES);
  expect(toHex(payload)).toBe("0201061107008026787427634672222862687746000916774601070000" + "0000");
});

it("is read back, and nothing else is", () => {
  const payload = encodeImprovAdvertisement(SAID);
  expect(parseImprovAdvertisement(payload)).toEqual(SAID);
  expect(parseImprovAdvertisement(payload.slice(0, -1))).toBeNull();
  expect(parseImprovAdvertisement(payload.fill(0, 5, 6))).toEqual(SAID); // the service number's last byte is a zero
  expect(parseImprovAdvertisement(payload.fill(1, 5, 6))).toBeNull();
});

it("refuses values of more than a byte", () => {
  expect(() => encodeImprovAdvertisement({ state: 256, capabilities: 0 })).toThrow(
    expect.objectContaining({ code: "PROTO_OUT_OF_RANGE" }),
  );
});
