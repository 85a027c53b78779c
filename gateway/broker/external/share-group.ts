import { createHmac } from "node:crypto";
import type { GatewayIdentity } from "../../registry/identity.ts";

/**
 * Name of a site's share group: all workers of the site can work it out, and nobody else can.
 *
 * A broker whose rules cannot refuse a subscription (mosquitto's access file cannot) lets anybody join a group that he can name, and
 * then drops that member's part of the messages as unreadable to him.
 */
export function shareGroup({ authority }: Pick<GatewayIdentity, "authority">, name: string): string {
  const secret = createHmac("sha256", authority.privateKeyPem.trim())
    .update(`bluepost v1 share group ${name}`)
    .digest("hex");
  return `${name}-${secret.slice(0, 32)}`;
}
