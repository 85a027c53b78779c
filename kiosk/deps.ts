import type { DeviceClock } from "../firmware/ports/device-clock.ts";
import type { Indicator } from "../firmware/ports/indicator.ts";
import type { QrScanner } from "../firmware/ports/qr-scanner.ts";
import type { CryptoPort } from "../protocol/crypto-port.ts";
import type { PartyRequest } from "../protocol/http/kiosk-screen.ts";
import type { SelfTestRequest } from "../protocol/http/self-test.ts";
import type { SiteId, VenueId } from "../protocol/ids.ts";
import type { QrParser } from "../protocol/qr/parser.ts";
import type { RootLogger } from "../runtime/log.ts";
import type { Trust } from "../runtime/pki/trust.ts";
import type { Timers } from "../runtime/timers.ts";
import type { AdmissionPolicy } from "./admission/policy.ts";
import type { HealthSource } from "./health/health.ts";
import type { CheckinLog } from "./ledger/checkin-log.ts";
import type { KioskRadio, RadioStatus } from "./radio/radio-desk.ts";
import type { RemoteDeps } from "./remote/remote-control.ts";
import type { ScanAnswer } from "./scan/scan-service.ts";
import type { KioskScreen } from "./screen/screen-port.ts";
import type { UplinkTransport } from "./uplink/transport.ts";
import type { DeviceSigner, UplinkStatus } from "./uplink/uplink.ts";

/** Everything that a kiosk is made of; the composition roots (kiosk/start and sim) choose the adapters. */
export interface KioskDeps {
  readonly site: SiteId;
  readonly place: { readonly venue: VenueId; readonly gate: number };
  readonly policy: AdmissionPolicy;
  readonly trust: Trust;
  readonly signer: DeviceSigner;
  readonly log: CheckinLog;
  readonly scanner: QrScanner;
  readonly indicator: Indicator;
  readonly clock: DeviceClock;
  readonly transport: UplinkTransport;
  readonly parser: QrParser;
  readonly screen: KioskScreen;
  readonly timers: Timers;
  readonly crypto: CryptoPort;
  readonly logger: RootLogger;
  readonly health: HealthSource;
  /** File that keeps room back on the disk; null in the simulator. */
  readonly reserveFile: string | null;
  /** Absent: this kiosk neither sends nor listens. */
  readonly radio?: KioskRadio;
  /** How this kiosk is looked after from afar; without it settings from afar are forgotten at the next start. */
  readonly remote?: RemoteDeps;
  /** Told of every answered scan, also of one that changes nothing (null); for the simulator and the benches. */
  readonly answered?: (answer: ScanAnswer | null) => void;
}

/** A running kiosk. */
export interface Kiosk {
  /** Resolves when everything that was scanned is answered and stored; the ledger is closed. */
  close(): Promise<void>;
  /** The visitor on the screen says how many unnamed people came along. */
  setParty(request: PartyRequest): Promise<{ readonly ok: boolean }>;
  /** Begins the self-test on the screen, or takes it away. */
  selfTest(request: SelfTestRequest): void;
  /** Whether something that a timer, a message or the radio began is not done yet. Costs nothing, unlike `status`. */
  readonly isBusy: boolean;
  /** Forks answered in this run, of both streams. Costs nothing, unlike `status`. */
  readonly forks: number;
  readonly status: UplinkStatus & {
    readonly inside: number;
    readonly counters: Readonly<Record<string, number>>;
    /** The way of presence to the engine: the same numbers, of stream `p`. */
    readonly presence: Pick<UplinkStatus, "acknowledgedUpto" | "confirmedUpto" | "forks" | "rejectedRows">;
    readonly radio: RadioStatus;
  };
}
