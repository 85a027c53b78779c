import type { VenueId } from "../../protocol/ids.ts";
import type { VirtualBoot } from "../devices/virtual-device-clock.ts";

/** One door of a simulated site. */
export interface DoorSpec {
  readonly device: string;
  readonly venue: VenueId;
  readonly venueName: string;
  readonly clock: Omit<VirtualBoot, "bootId">;
  /** The kiosk never hears the gateway's time: a wrong clock stays wrong. */
  readonly withoutTime?: boolean;
  readonly driftPpm?: number;
}
