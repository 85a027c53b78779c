import { BluepostError } from "../../protocol/errors.ts";
import type { VisitorTag } from "../../protocol/ids.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { VisitorPast } from "../admission/decide.ts";
import { PeerLink, type PeerLinkDeps } from "./peer-link.ts";
import { SiteKeyAsker, type SiteKeyAskerDeps } from "./site-key-asker.ts";

export type PeerDeskDeps = Omit<PeerLinkDeps, "otherKey"> & SiteKeyAskerDeps & { readonly logger: Logger };

/** This door's part among the doors of its venue: the key that they share, and what they tell each other. */
export class PeerDesk {
  readonly #deps: PeerDeskDeps;
  readonly #link: PeerLink;
  readonly #asker: SiteKeyAsker;
  #isOnline = false;

  constructor(deps: PeerDeskDeps) {
    this.#deps = deps;
    this.#asker = new SiteKeyAsker(deps);
    this.#link = new PeerLink({ ...deps, otherKey: () => this.#asker.doubt() });
  }

  /** See {@link PeerLink.status}. */
  get status(): PeerLink["status"] {
    return this.#link.status;
  }

  async connected(): Promise<void> {
    this.#isOnline = true;
    await this.#link.connected();
  }

  disconnected(): void {
    this.#isOnline = false;
    this.#asker.forgetAsking();
    this.#link.disconnected();
  }

  /** What was seen before this start has its time now: it is told, and what was not taken for want of that is asked for again. */
  async dated(): Promise<void> {
    if (this.#isOnline) await this.#link.connected();
  }

  /** Asks for the site's key when that is due. */
  async tick(nowMs: BoottimeMs): Promise<void> {
    if (this.#isOnline) await this.#asker.tick(nowMs);
  }

  /** Takes a message if it is for this desk. @returns whether it was */
  async received(leaf: string, payload: Uint8Array): Promise<boolean> {
    if (leaf === "peer") await this.#link.received(payload);
    else if (leaf === "site-key") await this.#keyCame(payload);
    else return false;
    return true;
  }

  passed(tags: readonly VisitorTag[], past: VisitorPast): Promise<void> {
    return this.#link.passed(tags, past);
  }

  emptied(): Promise<void> {
    return this.#link.emptied();
  }

  async #keyCame(payload: Uint8Array): Promise<void> {
    const { logger, counters } = this.#deps;
    try {
      if (!(await this.#asker.answer(payload))) return;
      logger.info("site_key.adopted", { generation: this.#deps.log.dayKeys.siteGeneration ?? 0 });
      await this.#link.keyed();
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault; // whatever it was, the door goes by the key that it has, and asks again
      counters.add("site_key.refused");
      logger.warn("site_key.refused", faultFields(fault));
    }
  }
}
