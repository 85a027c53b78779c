import type { ExternalBrokerState } from "../broker/device-broker.ts";
import type { DeliveryStatus } from "../delivery/delivery.ts";
import type { SpoolStats } from "../spool/spool.ts";
import type { DeviceView } from "./device-book.ts";

/** Everything that an operator looks at; nothing in it is of a person. */
export interface GatewayStatus {
  readonly site: string;
  /** Version of this program. */
  readonly version: string;
  /** Milliseconds since this gateway started. */
  readonly uptimeMs: number;
  readonly spool: SpoolStats & {
    /** Age of the oldest batch that the engine lacks; 0 when there is none. */
    readonly oldestUndeliveredMs: number;
  };
  readonly engine: DeliveryStatus;
  /** The external broker; absent when the gateway is its own. */
  readonly broker?: ExternalBrokerState;
  readonly devices: readonly DeviceView[];
  /** End of the site's intermediate, by which kiosks and this gateway are certified, milliseconds since 1970. */
  readonly siteCertificateEndsMs: number;
  /** Alarms and broken rules since this gateway started, by name. */
  readonly counters: Readonly<Record<string, number>>;
}
