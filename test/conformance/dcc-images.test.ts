import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { parseCose1 } from "../../protocol/cose.ts";
import { fromBase45 } from "../../protocol/qr/base45.ts";
import { MAX_HC1_BYTES } from "../../protocol/qr/hc1.ts";
import { parseHealthCertificate } from "../../protocol/qr/health-certificate.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import { inflate } from "../../runtime/inflate.ts";
import { readPhoto } from "../../runtime/zxing-wasm-photos.ts";
import { describeVectors, vectorPath } from "../support/vectors.ts";

const counts = { images: 0, decoded: 0, chains: 0, ES256: 0, PS256: 0, EdDSA: 0 };

async function textOf(path: string): Promise<string> {
  const [symbol] = await readPhoto(readFileSync(path));
  return symbol ? Buffer.from(symbol.bytes).toString("utf8") : "";
}

function messageOf(text: string): ReturnType<typeof parseCose1> {
  return parseCose1(inflate(fromBase45(text.slice(4)), MAX_HC1_BYTES));
}

describeVectors("dcc-images", "pictures of health certificates, from picture to claims", () => {
  const root = vectorPath("dcc-images");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(?:png|jpe?g)$/i.test(name),
  );

  it.each(names)("%s", async (name) => {
    counts.images += 1;
    const text = await textOf(join(root, name));
    expect(text).toMatch(/^HC1:/);
    counts.decoded += 1;
    const message = messageOf(text);
    const certificate = parseHealthCertificate(message.payload);
    expect(certificate.certificateId).not.toBe("");
    expect(certificate.name).not.toBe("");
    counts.chains += 1;
    counts[message.algorithm] += 1;
  });

  it("reads the Vietnamese vaccine passport: PS256, issuer's key id, holder", async () => {
    const message = messageOf(await textOf(join(root, "VN/1.3.0/VAC_VN.png")));
    expect(message.algorithm).toBe("PS256");
    expect(toHex(message.kid ?? new Uint8Array())).toBe("f30da46716f7882d");
    expect(parseHealthCertificate(message.payload)).toMatchObject({
      kind: "vaccination",
      certificateId: "URN:UVCI:01:VN:FFFE3D31FABD035899134A9D3BAE9BCF",
      birthDate: "1983-10-10",
      name: "Nguyễn Bảo Duy",
    });
  });

  it("refuses them all while no issuer is trusted", async () => {
    const parser = await createDoorParser({ cardIssuers: [] });
    for (const name of names) {
      const reading = await parser.parse(utf8(await textOf(join(root, name))), { nowMs: null, clockUncertaintyMs: 0 });
      expect(reading).toEqual({ kind: "refused", format: "hc1", reason: "unknown_issuer" });
    }
  });

  afterAll(() => console.log(`dcc-images: ${JSON.stringify(counts)}`));
});
