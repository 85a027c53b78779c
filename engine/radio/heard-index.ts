import { GAEN_TOLERANCE_MS } from "../../protocol/beacon/gaen.ts";
import { fromHex } from "../../protocol/bytes.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { type StoredSession, sessionsAfter } from "../store/presence.ts";
import { ObservedDays } from "./observed-ids.ts";

const PAGE = 20_000;
/** The widest tolerance of any scheme: a session stands on each day on which its identifier may have been due. */
const WIDEST_TOLERANCE_MS = GAEN_TOLERANCE_MS;

/** Everything that was heard, in memory, by identifier. It follows the store: only what came since the last use is read. */
export class HeardIndex {
  readonly #randomBytes: (length: number) => Uint8Array;
  #days: ObservedDays;
  #upto = 0;
  #tail: Promise<unknown> = Promise.resolve();

  /** @param randomBytes as in {@link ObservedDays} */
  constructor(randomBytes: (length: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
    this.#days = new ObservedDays(randomBytes);
  }

  /** Takes in what was stored since the last call. @returns the table; what it tells must be looked up in the store */
  upToDate(sql: Sql): Promise<ObservedDays> {
    const turn = this.#tail.then(() => this.#catchUp(sql));
    this.#tail = turn.catch(() => undefined); // the caller gets the fault; the next one reads on from where this one stopped
    return turn;
  }

  /** Forgets everything, since sessions were deleted: the next use reads what is left. One under way is not disturbed. */
  forget(): void {
    this.#tail = this.#tail.then(() => {
      this.#days = new ObservedDays(this.#randomBytes);
      this.#upto = 0;
    });
  }

  async #catchUp(sql: Sql): Promise<ObservedDays> {
    for (;;) {
      const page = await sessionsAfter(sql, this.#upto, PAGE);
      for (const session of page) this.#days.add(fromHex(session.ident), session.id, spanOf(session));
      this.#upto = page.at(-1)?.id ?? this.#upto;
      if (page.length < PAGE) return this.#days;
    }
  }
}

function spanOf({ earliest, latest, unknown, durationMs }: StoredSession): { from: number; to: number } | null {
  if (unknown || earliest === null || latest === null) return null;
  return { from: earliest - WIDEST_TOLERANCE_MS, to: latest + durationMs + WIDEST_TOLERANCE_MS };
}
