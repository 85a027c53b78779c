import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

/** Reads the one QR code in a PNG or JPEG as a phone would; null when there is none to be read. */
export async function decodeQr(picture: Uint8Array): Promise<string | null> {
  // Left alone, the library would fetch its WebAssembly from the network.
  const file = createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm");
  prepareZXingModule({ overrides: { wasmBinary: Uint8Array.from(readFileSync(file)).buffer } });
  const found = await readBarcodes(new Uint8Array(picture), { formats: ["QRCode"] });
  return found[0]?.text ?? null;
}
