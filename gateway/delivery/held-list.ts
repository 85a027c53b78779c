import { decodeRevocations, type RevocationList } from "../../protocol/checkin/revocations.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import { GATEWAY_LABEL } from "../../runtime/pki/authority.ts";
import { ForeignCertificateError, verifyDeviceChain } from "../../runtime/pki/chain.ts";
import type { GatewayIdentity } from "../registry/identity.ts";

/**
 * Reads a revocation list that a gateway of this site signed, be it an earlier one with another key.
 *
 * @throws {ForeignCertificateError} RT_FOREIGN_CERTIFICATE, {BadSealError} PROTO_BAD_SEAL, {MalformedError} PROTO_MALFORMED
 */
export async function openHeldList(
  bytes: Uint8Array,
  { site, trust }: Pick<GatewayIdentity, "site" | "trust">,
): Promise<RevocationList> {
  const message = parseCose1(bytes);
  const signer = verifyDeviceChain(message.x5chain, trust.root);
  await verifyCose1(message, await importVerifyKey(signer.publicKey));
  const list = decodeRevocations(message.payload);
  if (signer.site !== site || list.site !== site || signer.device !== GATEWAY_LABEL)
    throw new ForeignCertificateError("the list is not by a gateway of this site");
  return list;
}
