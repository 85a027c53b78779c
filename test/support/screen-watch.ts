import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";

/** Watches a kiosk's screen as a browser would, by its server-sent events. */
export class ScreenWatch {
  /** Last six digits of every document of which the screen said "checked in". */
  readonly accepted = new Set<string>();
  readonly results: ScreenResult[] = [];
  readonly #url: string;
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
    void this.#read(response.body).catch(() => undefined); // the kiosk went away: the test opens again
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
    if (!event.startsWith("event: result\n")) return;
    const result = JSON.parse(event.slice(event.indexOf("data: ") + 6)) as ScreenResult;
    this.results.push(result);
    const digits = result.masked?.id?.replaceAll("*", "");
    if (result.code === "in_ok" && digits) this.accepted.add(digits);
  }
}
