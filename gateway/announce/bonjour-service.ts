import type { EventEmitter } from "node:events";
import { faultFields, type Logger } from "../../runtime/log.ts";

/** What is announced in the local network. */
export interface Announcement {
  readonly site: string;
  /** Port of the fleet page. */
  readonly httpPort: number;
  readonly mqttPort: number;
}

/** Service type: `avahi-browse _bluepost._tcp` lists the gateways of a network. */
export const SERVICE_TYPE = "bluepost";

/**
 * Announces this gateway by multicast DNS, so that a technician finds its page without knowing an address. It is a convenience: kiosks
 * never look for it, and when it fails it is off.
 *
 * @returns a function that takes the announcement back
 */
export async function announce(what: Announcement, log: Logger): Promise<() => Promise<void>> {
  const failed = (fault: unknown): void => log.warn("announce.failed", faultFields(fault));
  try {
    const { Bonjour } = await import("bonjour-service");
    const bonjour = new Bonjour({}, failed);
    if (!hear(bonjour, failed)) {
      bonjour.destroy();
      return async () => {};
    }
    bonjour.publish({
      name: `Bluepost ${what.site}`,
      type: SERVICE_TYPE,
      port: what.httpPort,
      txt: { site: what.site, mqtt: String(what.mqttPort) },
    });
    return () =>
      new Promise<void>((resolve) => {
        bonjour.unpublishAll(() => bonjour.destroy(() => resolve()));
      });
  } catch (fault) {
    failed(fault);
    return async () => {};
  }
}

/** The package leaves errors of its socket without a listener, which would end the process. @returns false when it cannot be heard */
function hear(bonjour: object, failed: (fault: unknown) => void): boolean {
  const { mdns } = (Reflect.get(bonjour, "server") ?? {}) as { readonly mdns?: EventEmitter };
  mdns?.on("error", failed);
  mdns?.on("warning", failed);
  return mdns !== undefined;
}
