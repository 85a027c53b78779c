import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import QRCode from "qrcode";
import { beforeEach, describe, expect, it } from "vitest";
import { decode } from "../../../../kiosk/cli/decode.ts";
import type { DecodeReport } from "../../../../kiosk/decode/report.ts";
import { toHex, utf8 } from "../../../../protocol/bytes.ts";
import { importSigningKey } from "../../../../protocol/cose.ts";
import { issueCard } from "../../../../protocol/qr/bp1-card.ts";
import type { WallMs } from "../../../../protocol/units.ts";
import { createRoot } from "../../../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../../../runtime/pki/chain.ts";
import { inverted, pixelsOfPng, pngOf, turned } from "../../../support/pixels.ts";
import { tempFolder } from "../../../support/temp.ts";

const CARD = "001090123456|012345678|Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021";
const AT = Date.UTC(2026, 10, 23) as WallMs;

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
  readonly reports: readonly DecodeReport[];
}

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe("decode", () => {
  let folder: string;
  let trust: string;
  let card: string;
  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const run = async (
    files: readonly string[],
    flags: Parameters<typeof decode>[1] = {},
    stdin: readonly Uint8Array[] = [],
  ): Promise<Run> => {
    const lines: string[] = [];
    const errors: string[] = [];
    const io = {
      stdin: streamOf(...stdin),
      out: (line: string) => void lines.push(line),
      err: (line: string) => void errors.push(line),
    };
    const code = await decode(files, { json: true, trust: [trust], at: AT, ...flags }, io);
    const reports = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as DecodeReport);
    return { code, lines, errors, reports };
  };

  beforeEach(async () => {
    folder = tempFolder();
    const raw = rawKeyPair((await createRoot("cards", AT)).privateKeyPem);
    const kid = Uint8Array.of(1, 2, 3, 4);
    const day = Math.floor(AT / 86_400_000);
    const claims = { serial: new Uint8Array(8).fill(7), kind: 1, issuedDay: day, expiresDay: day + 1 };
    card = await issueCard(claims, { key: await importSigningKey(raw), kid });
    const hex = "0".repeat(64);
    const cardIssuers = [{ kid: toHex(kid), publicKey: toHex(raw.publicKey) }];
    const list = {
      v: 1,
      site: "s1",
      root: "",
      receiptKey: hex,
      matchKey: hex,
      vaultKey: hex,
      cardIssuers,
      gateway: "",
    };
    trust = await file("trust.json", JSON.stringify(list));
  });

  it("says of each line what a kiosk makes of it, and masks identities", async () => {
    const path = await file("codes.txt", `${CARD}\r\n\n${card}\nhttps://tokhaiyte.vn/1\nhello\nBP1:AB`);
    const { code, reports } = await run([path]);
    expect(code).toBe(0);
    expect(reports).toMatchObject([
      {
        item: 1,
        format: "vn-cccd",
        verdict: "accepted",
        reason: null,
        fields: { id: "******123456", birthYear: 1990 },
      },
      { item: 3, format: "bp1-card", verdict: "accepted" },
      { item: 4, format: "vn-declaration-url", verdict: "poster" },
      { item: 5, format: null, verdict: "unknown", reason: "unrecognised" },
      { item: 6, format: "bp1-card", verdict: "refused", reason: "malformed" },
    ]);
    expect(JSON.stringify(reports)).not.toMatch(/001090123456|Nguyễn|Trần|0707070707070707/);
  });

  it("shows them whole on demand", async () => {
    const { reports } = await run([await file("one.txt", CARD)], { reveal: true });
    expect(reports[0]?.fields).toMatchObject({ id: "001090123456", name: "Nguyễn Văn An", birthDate: "01011990" });
  });

  it("reads standard input, however it is cut", async () => {
    const bytes = utf8(`${CARD}\n7\n`);
    const { reports } = await run(["-"], {}, [bytes.subarray(0, 10), bytes.subarray(10)]);
    expect(reports.map(({ file: name, format }) => [name, format])).toEqual([
      ["-", "vn-cccd"],
      ["-", "party-size"],
    ]);
  });

  it("judges as of the given time", async () => {
    const { reports } = await run([await file("card.txt", card)], { at: (AT + 10 * 86_400_000) as WallMs });
    expect(reports).toMatchObject([{ verdict: "refused", reason: "expired" }]);
  });

  it("reads photos: straight, turned, inverted, and says when there is no code", async () => {
    const png = await QRCode.toBuffer(CARD, { type: "png" });
    const image = pixelsOfPng(png);
    const blank = { data: new Uint8ClampedArray(4 * 64 * 64).fill(255), width: 64, height: 64 };
    const files = [
      await file("straight.png", png),
      await file("turned.png", pngOf(turned(image, 3))),
      await file("inverted.png", pngOf(inverted(image))),
      await file("blank.png", pngOf(blank)),
      await file("broken.png", png.subarray(0, 20)),
    ];
    const { code, reports } = await run(files);
    expect(code).toBe(0);
    expect(reports.map(({ format, verdict, reason }) => [format, verdict, reason])).toEqual([
      ["vn-cccd", "accepted", null],
      ["vn-cccd", "accepted", null],
      ["vn-cccd", "accepted", null],
      [null, "unreadable", "no_code_found"],
      [null, "unreadable", "not_a_picture"],
    ]);
  });

  it("does the other files when one is missing, and exits with 1", async () => {
    const { code, reports, errors } = await run([join(folder, "none.txt"), folder, await file("party.txt", "4")]);
    expect(code).toBe(1);
    expect(reports.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["unreadable", "no_such_file"],
      ["unreadable", "is_a_folder"],
      ["accepted", null],
    ]);
    expect(errors).toEqual(["2 of 3 files could not be read."]);
  });

  it("prints lines for people without --json", async () => {
    const { lines } = await run([await file("card2.txt", CARD)], { json: false });
    expect(lines).toEqual([
      expect.stringMatching(/card2\.txt:1 {2}vn-cccd {2}accepted {2}scheme=cccd {2}id=\*{6}123456/),
    ]);
  });

  it("refuses a trust list that is missing or of another form, by its code", async () => {
    const path = await file("card3.txt", CARD);
    for (const list of [join(folder, "none.json"), await file("bad.json", '{"v":2}'), await file("text.json", "{")])
      await expect(run([path], { trust: [list] })).rejects.toMatchObject({ code: "RT_TRUST_LIST" });
  });

  it("says unreadable of a picture that claims more pixels than memory holds", async () => {
    const header = Buffer.alloc(64);
    Buffer.from("89504e470d0a1a0a0000000d49484452ffffffffffffffff", "hex").copy(header);
    const { reports } = await run([await file("bomb.png", header)]);
    expect(reports).toMatchObject([{ verdict: "unreadable", reason: "not_a_picture" }]);
  });
});
