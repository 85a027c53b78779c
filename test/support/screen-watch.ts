import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";

/** Watches a kiosk's screen as a browser would, by its server-sent events. */
export class ScreenWatch {
  /** Last six digits of every document of which the screen said "checked in". */
  readonly accepted = new Set<string>();
  readonly results: ScreenResult[] = [];
  readonly #url: string;
  #waiting: { readonly name: string; readonly resolve: (atMs: number) => void }[] = [];
  #stop = new AbortController();

  constructor(url: string) {
    this.#url = url;
  }

  /** Answers seen so far. */
  get count(): number {
    return this.results.length;
  }

  async open(): Promise<void> {
    this.#stop = new AbortController();
    const response = await fetch(`${this.#url}/api/events`, { signal: this.#stop.signal });
    if (!response.body) throw new Error("the screen sends no events");
    const { signal } = this.#stop;
    void this.#read(response.body)
      .catch(() => undefined)
      .then(() => this.#again(signal));
  }

  /** The instant (performance.now) at which the next event of this name arrives. */
  next(name: "click" | "result"): Promise<number> {
    return new Promise((resolve) => this.#waiting.push({ name, resolve }));
  }

  /** Whether the kiosk has its scanner just now. */
  async hasScanner(): Promise<boolean> {
    const response = await fetch(`${this.#url}/api/state`);
    return ((await response.json()) as ScreenState).scanner.present;
  }

  async reopen(): Promise<void> {
    this.#stop.abort();
    await this.open();
  }

  async close(): Promise<void> {
    this.#stop.abort();
  }

  /** A screen that read too slowly is dropped, as any browser would be: it comes back, like one. A kiosk that is gone stays gone. */
  async #again(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await this.open().catch(() => undefined);
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
    const name = /^event: (\w+)/.exec(event)?.[1];
    for (const waiting of this.#waiting.filter((one) => one.name === name)) waiting.resolve(performance.now());
    this.#waiting = this.#waiting.filter((one) => one.name !== name);
    const isState = event.startsWith("event: state\n");
    if (!isState && !event.startsWith("event: result\n")) return;
    const data: unknown = JSON.parse(event.slice(event.indexOf("data: ") + 6));
    const result = isState ? (data as ScreenState).result : (data as ScreenResult);
    if (result === null) return;
    if (!isState) this.results.push(result);
    const digits = result.masked?.id?.replaceAll("*", "");
    if (result.code === "in_ok" && digits) this.accepted.add(digits);
  }
}
