import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";
import type { ScreenRow } from "../report/screen-rows.ts";

const AGAIN_AFTER_MS = 300;
const CONFIRMED: Readonly<Record<string, ConfirmedRow["kind"]>> = { in_ok: "in", out_ok: "out" };

/** A row of which a screen said that it is recorded; `atMs` by the kiosk's own clock. */
export type ConfirmedRow = Omit<ScreenRow, "device">;

/** Follows a kiosk's screen as its browser would, over the kiosk's restarts. */
export class ScreenFeed {
  readonly #url: string;
  readonly #confirm: (row: ConfirmedRow) => void;
  readonly #stop = new AbortController();
  readonly #answered = new Set<(code: string) => void>();
  #state: ScreenState | null = null;
  #result: { readonly code: string; readonly untilMs: number } | null = null;

  /**
   * @param url of the screen's page
   * @param confirm told of every answer that said that a row is recorded
   */
  constructor(url: string, confirm: (row: ConfirmedRow) => void) {
    this.#url = url;
    this.#confirm = confirm;
  }

  /** Null while the screen is dark. */
  get state(): ScreenState | null {
    return this.#state;
  }

  /** Code of the answer that is on the screen now. */
  get answer(): string | null {
    return this.#result && this.#result.untilMs > Date.now() ? this.#result.code : null;
  }

  open(): void {
    void this.#follow();
  }

  close(): void {
    this.#stop.abort();
  }

  /** Resolves with the code of the next answer; null when none comes within `timeoutMs`. */
  next(timeoutMs: number): Promise<string | null> {
    return new Promise((resolve) => {
      const done = (code: string | null): void => {
        clearTimeout(timer);
        this.#answered.delete(done);
        resolve(code);
      };
      const timer = setTimeout(() => done(null), timeoutMs);
      this.#answered.add(done);
    });
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const { body } = await fetch(`${this.#url}/api/events`, { signal: this.#stop.signal });
        if (body) await this.#read(body);
      } catch {
        // the kiosk is off or just went: it is asked again
      }
      this.#state = null;
      this.#result = null;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) this.#take(event);
    }
  }

  #take(event: string): void {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(event) ?? [];
    if (name === "state") this.#state = JSON.parse(data ?? "null") as ScreenState;
    if (name !== "result") return;
    const { code, holdMs, atMs } = JSON.parse(data ?? "null") as ScreenResult;
    this.#result = { code, untilMs: Date.now() + holdMs };
    const kind = CONFIRMED[code];
    if (kind) this.#confirm({ kind, atMs });
    for (const tell of this.#answered) tell(code);
  }
}
