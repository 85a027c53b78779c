import type { BlockCipherPort, CryptoPort } from "../protocol/crypto-port.ts";
import type { WallMs } from "../protocol/units.ts";
import type { RootLogger } from "../runtime/log.ts";
import type { CaseFile, InfectiousWindow } from "./cases/cases.ts";
import type { EngineKeys } from "./keys/engine-keys.ts";
import type { PersonKeys } from "./keys/person-keys.ts";
import { publishingKey } from "./keys/publishing-key.ts";
import { SecretBox } from "./keys/secret-box.ts";
import { Publisher } from "./publish/publisher.ts";
import { RadioDesk } from "./radio/radio-desk.ts";
import { TokenDesk } from "./radio/token-desk.ts";
import { TokenSeeker } from "./radio/token-seeker.ts";
import type { EngineStore } from "./store/open-store.ts";
import type { ClosingHour, Stays } from "./visits/venue-policy.ts";

/** The parts of an engine that work with keys of phones, tokens and venues. */
export interface RadioParts {
  readonly radio: RadioDesk;
  readonly tokens: TokenDesk;
  readonly publisher: Publisher;
  readonly seeker: TokenSeeker;
  /** Seals such keys in the database. */
  readonly box: SecretBox;
}

/** Wires them. @param given.onFound told when persons were found whose visits must be built */
export function wireRadio(given: {
  readonly store: EngineStore;
  readonly crypto: CryptoPort & BlockCipherPort;
  readonly now: () => WallMs;
  readonly keys: EngineKeys;
  readonly persons: PersonKeys;
  readonly policies: { readonly stays: Stays; readonly assumedClosingHour: ClosingHour };
  readonly log: RootLogger;
  readonly onFound: () => void;
  readonly windowOf: (file: CaseFile) => InfectiousWindow;
}): RadioParts {
  const { store, crypto, now, keys, persons, policies, log, onFound, windowOf } = given;
  const box = new SecretBox(crypto, keys.secret, "radio keys");
  return {
    box,
    radio: new RadioDesk({ store, crypto, now, box, venueKey: keys.venue, policies, windowOf }),
    tokens: new TokenDesk({ store, crypto, now, box, persons }),
    publisher: new Publisher({ store, crypto, now, box, key: publishingKey(crypto, keys.secret) }),
    seeker: new TokenSeeker({ database: store.writer, crypto, box, log: log.child("tokens"), onFound }),
  };
}
