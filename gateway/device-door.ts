import { Value } from "@sinclair/typebox/value";
import { fromHex } from "../protocol/bytes.ts";
import type { DeviceId } from "../protocol/ids.ts";
import { TimeRequest } from "../protocol/mqtt/messages.ts";
import type { WallMs } from "../protocol/units.ts";
import type { DeviceBroker, DeviceSession, PublishedLeaf } from "./broker/device-broker.ts";
import type { CustodyNotifier } from "./delivery/custody-notifier.ts";
import type { FleetDesk } from "./fleet/fleet-desk.ts";
import type { PeerRelay } from "./peers/peer-relay.ts";
import type { SiteKeyCarrier } from "./peers/site-key-carrier.ts";
import type { Acceptance, BatchLeaf } from "./spool/spool.ts";
import type { SpoolInlet } from "./spool/spool-inlet.ts";
import type { SpoolOutlet } from "./spool/spool-outlet.ts";
import type { Counters } from "./status/counters.ts";
import type { DeviceBook } from "./status/device-book.ts";
import type { SignedClock } from "./time/signed-clock.ts";

export interface DeviceDoorDeps {
  readonly broker: Pick<DeviceBroker, "send">;
  readonly inlet: Pick<SpoolInlet, "accept">;
  readonly outlet: Pick<SpoolOutlet, "receiptsOf" | "receiptOf">;
  readonly custody: Pick<CustodyNotifier, "fork">;
  readonly clock: SignedClock;
  readonly book: DeviceBook;
  readonly counters: Counters;
  readonly fleet: Pick<FleetDesk, "published">;
  readonly peers: Pick<PeerRelay, "relay">;
  readonly siteKeys: Pick<SiteKeyCarrier, "carry">;
  readonly now: () => WallMs;
}

/** What each leaf of a device's branch means to the gateway. Good or bad, a message is acknowledged; only a failing disk is not. */
export class DeviceDoor {
  readonly #deps: DeviceDoorDeps;

  constructor(deps: DeviceDoorDeps) {
    this.#deps = deps;
  }

  /** Handles one message. @returns when it may be acknowledged @throws {StoreError} RT_STORE_FAILED when it could not be kept */
  published(session: DeviceSession, leaf: PublishedLeaf, payload: Uint8Array): Promise<void> {
    if (leaf === "checkins" || leaf === "presence") return this.#batch(session.device, leaf, payload);
    return this.#other(session, leaf, payload);
  }

  async #other(session: DeviceSession, leaf: PublishedLeaf, payload: Uint8Array): Promise<void> {
    switch (leaf) {
      case "state":
        return this.#note(this.#deps.book.state(session.device, readJson(payload)), leaf, session.device);
      case "health":
        return this.#note(
          this.#deps.book.health(session.device, readJson(payload), this.#deps.now()),
          leaf,
          session.device,
        );
      case "time-request":
        return this.#time(session.device, readJson(payload));
      case "peer-report":
        return this.#note(this.#deps.peers.relay(session.device, payload), leaf, session.device);
      case "site-key-request":
        return this.#note(this.#deps.siteKeys.carry(session.device, payload), leaf, session.device);
      default:
        return this.#note(
          await this.#deps.fleet.published(session.device, leaf, readJson(payload)),
          "fleet",
          session.device,
        );
    }
  }

  /** Sends the engine's last word on each of a device's streams again, after it reconnected. */
  resendReceipts(device: DeviceId): void {
    const { outlet, broker, counters } = this.#deps;
    outlet.receiptsOf(device).then(
      (receipts) => {
        for (const receipt of receipts) broker.send(device, "receipt", receipt);
      },
      (fault: unknown) => counters.fault("spool.read_failed", fault),
    );
  }

  /** Plain `then` with functions made once: tens of thousands a second come this way. */
  #batch(device: DeviceId, leaf: BatchLeaf, payload: Uint8Array): Promise<void> {
    return this.#deps.inlet.accept({ device, leaf }, payload).then(this.#concluded, this.#failed);
  }

  readonly #concluded = (acceptance: Acceptance): Promise<void> | undefined =>
    acceptance.kind === "stored" ? undefined : this.#answer(acceptance);

  readonly #failed = (fault: unknown): never => {
    this.#deps.counters.fault("spool.commit_failed", fault);
    throw fault;
  };

  async #answer(acceptance: Exclude<Acceptance, { kind: "stored" }>): Promise<void> {
    const { broker, counters, custody, outlet } = this.#deps;
    switch (acceptance.kind) {
      case "duplicate": {
        const receipt = await outlet.receiptOf(acceptance.key);
        if (receipt) broker.send(acceptance.key.device, "receipt", receipt);
        return;
      }
      case "fork":
        counters.alarm("stream.forked", { device: acceptance.key.device, stream: acceptance.key.stream });
        return custody.fork(acceptance.key, acceptance.agreed);
      case "quarantined":
        counters.alarm("batch.quarantined", { device: acceptance.device, reason: acceptance.reason });
    }
  }

  #note(good: boolean, leaf: string, device: DeviceId): void {
    if (!good) this.#deps.counters.count("message.malformed", { device, leaf });
  }

  async #time(device: DeviceId, request: unknown): Promise<void> {
    if (!Value.Check(TimeRequest, request)) return this.#note(false, "time-request", device);
    const answer = await this.#deps.clock.answer(fromHex(request.nonce));
    if (answer) this.#deps.broker.send(device, "time", answer);
  }
}

/** Undefined when the bytes are not JSON: no schema accepts that. */
function readJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("utf8"));
  } catch {
    return undefined;
  }
}
