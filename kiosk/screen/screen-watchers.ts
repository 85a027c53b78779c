import type { ServerResponse } from "node:http";
import { SCREEN_EVENTS } from "../../protocol/http/kiosk-screen.ts";
import type { ScreenEvent, ScreenSource } from "./screen-model.ts";

/** Screens that may watch at once: the one in the box, and a technician's. */
const MAX_WATCHERS = 8;
/** A watcher that does not read is dropped when this much waits for it, bytes; it comes back and gets the state anew. */
const MAX_WAITING_BYTES = 65_536;
const HEARTBEAT_MS = 15_000;

/** The open event streams of one screen. */
export class ScreenWatchers {
  readonly #source: ScreenSource;
  readonly #open = new Set<ServerResponse>();

  constructor(source: ScreenSource) {
    this.#source = source;
  }

  get full(): boolean {
    return this.#open.size >= MAX_WATCHERS;
  }

  /** Turns a response into a stream of server-sent events: the state now, then everything that happens. */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    this.#open.add(response);
    response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
    send(response, { name: SCREEN_EVENTS.state, data: this.#source.state() });
    const stop = this.#source.subscribe((event) => send(response, event));
    const heartbeat = setInterval(() => write(response, ": still here\n\n"), HEARTBEAT_MS);
    response.on("error", () => response.destroy()); // the screen is gone; it comes back by itself
    response.on("close", () => {
      clearInterval(heartbeat);
      stop();
      this.#open.delete(response);
    });
  }

  /** Ends all streams. */
  close(): void {
    for (const response of this.#open) response.end();
  }
}

function send(response: ServerResponse, { name, data }: ScreenEvent): void {
  write(response, `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

function write(response: ServerResponse, text: string): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
  else response.write(text);
}
