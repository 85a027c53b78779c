import { readFile } from "node:fs/promises";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { BluepostError, MalformedError } from "../protocol/errors.ts";
import type { TrustedIssuer } from "../protocol/qr/reading.ts";
import { certificateKeyId, readCertificate } from "./certificate-reader.ts";

/** Largest trust list that is read, bytes; the whole of Europe's is under 1 MB. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** A file of vaccine-passport issuers; `kid` may be left out beside a certificate, which it then follows from. */
const Hc1TrustFile = Type.Object({
  v: Type.Literal(1),
  issuers: Type.Array(
    Type.Object({ kid: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{16}$" })), pem: Type.String() }),
  ),
});

/** A trust list is missing or not of its form. */
export class TrustListError extends BluepostError {
  readonly code = "RT_TRUST_LIST";
  readonly recovery = "operator";
}

/**
 * Reads the issuers of a trust list, already parsed from JSON: `{"v": 1, "issuers": [{"kid": "16 hex digits", "pem": "..."}]}`.
 *
 * @throws {TrustListError} RT_TRUST_LIST when it has another form, or an entry is neither a certificate nor a public key with its `kid`
 */
export function parseHc1Trust(list: unknown): readonly TrustedIssuer[] {
  if (!Value.Check(Hc1TrustFile, list))
    throw new TrustListError(
      'the trust list does not have its form: {"v": 1, "issuers": [{"kid": "...", "pem": "..."}]}',
    );
  return list.issuers.map((entry, at) => issuerOf(entry, at));
}

function issuerOf(entry: Static<typeof Hc1TrustFile>["issuers"][number], at: number): TrustedIssuer {
  try {
    readCertificate(entry.pem);
    return { kid: entry.kid?.toLowerCase() ?? certificateKeyId(entry.pem), pem: entry.pem };
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new TrustListError(
      `issuer ${at + 1} of the trust list has no readable certificate`,
      { issuer: at + 1 },
      { cause },
    );
  }
}

/** Reads a JSON file of trust. @throws {TrustListError} RT_TRUST_LIST when it is missing, too large or not JSON */
export async function readTrustJson(path: string): Promise<unknown> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES) throw new TrustListError("the trust list is larger than 16 MiB");
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch (cause) {
    if (cause instanceof BluepostError) throw cause;
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new TrustListError(
      missing ? "the trust list does not exist" : "the trust list cannot be read",
      {},
      { cause },
    );
  }
}

/** Reads a trust list from a file. @throws {TrustListError} RT_TRUST_LIST when it is missing or not of its form */
export async function readHc1Trust(path: string): Promise<readonly TrustedIssuer[]> {
  return parseHc1Trust(await readTrustJson(path));
}
