import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../../../../protocol/cbor.ts";
import {
  decodeStickFile,
  encodeStickFile,
  MAX_STICK_MESSAGES,
  type StickFile,
} from "../../../../protocol/checkin/outbox-file.ts";
import { MalformedError } from "../../../../protocol/errors.ts";
import { parseDeviceId, parseSiteId } from "../../../../protocol/ids.ts";

const file: StickFile = {
  kind: "outbox",
  site: parseSiteId("school-1"),
  device: parseDeviceId("door-a"),
  messages: [new Uint8Array([1, 2, 3])],
};

describe("a file on a USB stick", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("outbox" as const, "receipts" as const),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        (kind, messages) => {
          const read = decodeStickFile(encodeStickFile({ ...file, kind, messages }));
          expect(read).toEqual({ ...file, kind, messages: messages.map((bytes) => new Uint8Array(bytes)) });
        },
      ),
    );
  });

  it("that is torn anywhere, or altered in any byte, is refused or read, and never more than that", () => {
    const bytes = encodeStickFile(file);
    const tries = [...bytes.keys()].flatMap((at) => {
      const altered = new Uint8Array(bytes);
      altered[at] = (altered[at] ?? 0) ^ 0x55;
      return [bytes.subarray(0, at), altered];
    });
    for (const one of tries) {
      try {
        decodeStickFile(one);
      } catch (fault) {
        expect(fault).toBeInstanceOf(MalformedError);
      }
    }
  });

  it.each([
    ["another label", ["holiday photos", 1, "school-1", "door-a", []]],
    ["a version to come", ["bluepost outbox", 2, "school-1", "door-a", []]],
    ["a device that is none", ["bluepost outbox", 1, "school-1", "../etc", []]],
    ["messages that are no bytes", ["bluepost outbox", 1, "school-1", "door-a", ["text"]]],
    [
      "too many messages",
      ["bluepost outbox", 1, "school-1", "door-a", Array(MAX_STICK_MESSAGES + 1).fill(new Uint8Array(1))],
    ],
    ["a field too many", ["bluepost outbox", 1, "school-1", "door-a", [], 0]],
    ["no array", { label: "bluepost outbox" }],
  ])("with %s is refused", (_, value) => {
    expect(() => decodeStickFile(encodeCbor(value))).toThrow(MalformedError);
  });
});
