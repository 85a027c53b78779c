import { decodePeerReport, PEER_REPORT_MAX_BYTES } from "../../protocol/checkin/peer-report.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId, VenueId } from "../../protocol/ids.ts";
import type { DeviceBroker } from "../broker/device-broker.ts";

export interface PeerRelayDeps {
  readonly broker: Pick<DeviceBroker, "send">;
}

/**
 * Hands each door's reports to the other doors of its venue. What they say is sealed under a key that the gateway lacks; nothing is
 * kept, since a door that was away asks the others when it is back.
 */
export class PeerRelay {
  readonly #deps: PeerRelayDeps;
  /** Doors that have reported in their session, and where they stand. */
  readonly #venues = new Map<DeviceId, VenueId>();

  constructor(deps: PeerRelayDeps) {
    this.#deps = deps;
  }

  /** Passes one report on. @returns false when it is not of its form, or says that it is somebody else's */
  relay(device: DeviceId, message: Uint8Array): boolean {
    if (message.length > PEER_REPORT_MAX_BYTES) return false;
    const report = addressOf(message);
    if (report?.device !== device) return false;
    this.#venues.set(device, report.venue);
    for (const [other, venue] of this.#venues) {
      if (other === device || venue !== report.venue || (report.to !== null && report.to !== other)) continue;
      this.#deps.broker.send(other, "peer", message);
    }
    return true;
  }

  /** A door's session has ended: it reports again when it is back. */
  gone(device: DeviceId): void {
    this.#venues.delete(device);
  }
}

function addressOf(message: Uint8Array): ReturnType<typeof decodePeerReport> | null {
  try {
    return decodePeerReport(message);
  } catch (fault) {
    if (fault instanceof BluepostError) return null;
    throw fault;
  }
}
