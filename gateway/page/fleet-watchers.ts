import type { ServerResponse } from "node:http";
import { FLEET_EVENT, type FleetView } from "../../protocol/http/fleet-view.ts";
import { every, type Timers } from "../../runtime/timers.ts";

export interface FleetWatchersDeps {
  readonly look: () => Promise<FleetView>;
  readonly timers: Timers;
  /** Told when a look failed; the next one may be better. */
  readonly failed: (fault: unknown) => void;
}

const LOOK_EVERY_MS = 1_500;
/** News are sent at least this often, so that a page knows that its gateway is there, in looks. */
const BEAT_EVERY = 10;
const MAX_WATCHERS = 20;
/** A browser that takes so little is gone or asleep; it comes back by itself. */
const MAX_BUFFERED_BYTES = 1_048_576;

interface Watcher {
  readonly stream: ServerResponse;
  readonly isWelcome: () => boolean;
}

/** Open fleet pages, by server-sent events: one look at the fleet for all of them, and none while nobody watches. */
export class FleetWatchers {
  readonly #deps: FleetWatchersDeps;
  readonly #watchers = new Set<Watcher>();
  #stop = (): void => {};
  #last = "";
  #looks = 0;

  constructor(deps: FleetWatchersDeps) {
    this.#deps = deps;
  }

  get full(): boolean {
    return this.#watchers.size >= MAX_WATCHERS;
  }

  /** @param isWelcome whether its session still stands; else the stream ends */
  async add(
    stream: ServerResponse,
    headers: Readonly<Record<string, string>>,
    isWelcome: () => boolean,
  ): Promise<void> {
    const watcher = { stream, isWelcome };
    stream.writeHead(200, { ...headers, "content-type": "text/event-stream", connection: "keep-alive" });
    stream.on("close", () => this.#remove(watcher));
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) this.#stop = every(this.#deps.timers, LOOK_EVERY_MS, () => void this.#tick());
    await this.refresh();
  }

  /** Looks now: somebody has just changed something. */
  async refresh(): Promise<void> {
    this.#looks = 0;
    await this.#tick();
  }

  close(): void {
    this.#stop();
    for (const { stream } of this.#watchers) stream.end();
    this.#watchers.clear();
  }

  async #tick(): Promise<void> {
    for (const watcher of this.#watchers) {
      const isStuck = watcher.stream.writableLength > MAX_BUFFERED_BYTES;
      if (isStuck || !watcher.isWelcome()) watcher.stream.end(() => this.#remove(watcher));
    }
    try {
      const view = await this.#deps.look();
      const text = JSON.stringify({ ...view, nowMs: 0, gateway: { ...view.gateway, uptimeMs: 0 } });
      const isBeat = this.#looks % BEAT_EVERY === 0;
      this.#looks += 1;
      if (text === this.#last && !isBeat) return;
      this.#last = text;
      const message = `event: ${FLEET_EVENT}\ndata: ${JSON.stringify(view)}\n\n`;
      for (const { stream } of this.#watchers) if (!stream.writableEnded) stream.write(message);
    } catch (fault) {
      this.#deps.failed(fault);
    }
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) this.#stop();
  }
}
