import type { RadioSettings } from "../../kiosk/app.ts";
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
  /** After this time whoever did not check out counts as gone; default: as in a kiosk's own configuration. */
  readonly maximumStayMs?: number;
  /** The kiosk is a beacon and listens; what is left out has its default. Absent: it has no radio. */
  readonly radio?: Partial<RadioSettings>;
}
