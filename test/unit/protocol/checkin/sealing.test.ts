import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeMatch, decodeVault, encodeVault, pad, unpad } from "../../../../protocol/checkin/envelope.ts";
import {
  createSealingKeyPair,
  EnvelopeOpener,
  SESSION_RECORDS,
  SealingSession,
} from "../../../../protocol/checkin/sealing.ts";
import { BadSealError } from "../../../../protocol/errors.ts";
import { parseDeviceId, parseEpoch } from "../../../../protocol/ids.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";

const place = {
  device: parseDeviceId("door-a"),
  epoch: parseEpoch("00112233445566ff"),
  stream: "c",
  seq: 7,
  kind: "in",
} as const;
const who = { scheme: "cccd", id: "001090123456" } as const;

type Pair = Awaited<ReturnType<typeof createSealingKeyPair>>;

describe("sealing session", () => {
  let match: Pair;
  let vault: Pair;
  let session: SealingSession;
  let opener: EnvelopeOpener;

  beforeAll(async () => {
    match = await createSealingKeyPair();
    vault = await createSealingKeyPair();
    session = await SealingSession.open(nodeCrypto, { match: match.publicKey, vault: vault.publicKey });
    opener = new EnvelopeOpener(nodeCrypto, "match", match.privateKey);
    await opener.admit(session.header);
  });

  it("opens with the matching key alone what is needed for matching", () => {
    const sealed = session.seal(place, who, { name: "Nguyễn Văn An", phone: "0912345678" });
    expect(decodeMatch(opener.open(session.header, sealed, place))).toEqual(who);
  });

  it("opens names and phones with the vault key only", async () => {
    const sealed = session.seal(place, who, { name: "Nguyễn Văn An", phone: "0912345678" });
    const wrong = new EnvelopeOpener(nodeCrypto, "vault", match.privateKey);
    await wrong.admit(session.header);
    expect(() => wrong.open(session.header, sealed, place)).toThrow(BadSealError);
    const right = new EnvelopeOpener(nodeCrypto, "vault", vault.privateKey);
    await right.admit(session.header);
    expect(decodeVault(right.open(session.header, sealed, place))).toEqual({
      name: "Nguyễn Văn An",
      phone: "0912345678",
    });
  });

  it.each([
    ["another row", { ...place, seq: 8 }],
    ["another device", { ...place, device: parseDeviceId("door-b") }],
    ["another epoch", { ...place, epoch: parseEpoch("0000000000000000") }],
    ["another kind", { ...place, kind: "out" as const }],
  ])("does not open in %s", (_, elsewhere) => {
    const sealed = session.seal(place, who, null);
    expect(() => opener.open(session.header, sealed, elsewhere)).toThrow(BadSealError);
  });

  it("never uses an index twice, and ends after 256", async () => {
    const fresh = await SealingSession.open(nodeCrypto, { match: match.publicKey, vault: vault.publicKey });
    const seen = new Set<number>();
    for (let i = 0; i < SESSION_RECORDS; i += 1) seen.add(fresh.seal({ ...place, seq: i + 1 }, who, null).index);
    expect(seen.size).toBe(SESSION_RECORDS);
    expect(() => fresh.seal(place, who, null)).toThrow(BadSealError);
  });

  it("gives one length to most names", () => {
    const lengths = ["An", "Nguyễn Thị Thanh Trúc", "Đặng Hữu Phước"].map(
      (name) => encodeVault({ name, phone: "0912345678" }).length,
    );
    expect(new Set(lengths).size).toBe(1);
  });

  it("pads and unpads any text", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1_000 }), (text) => void expect(unpad(pad(text))).toEqual(text)));
  });
});
