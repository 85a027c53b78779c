/** What a page hears of its server. Handlers get parsed data. */
export interface ServerEvents {
  readonly on: Readonly<Record<string, (data: unknown) => void>>;
  /** Called with false when the connection is lost, with true when it is back. */
  readonly connected: (up: boolean) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** Listens to server-sent events and reconnects for ever, waiting 0.5 s to 10 s between attempts. @returns a function that stops */
export function listen(url: string, events: ServerEvents): () => void {
  let waitMs = FIRST_WAIT_MS;
  let source: EventSource | null = null;
  let timer = 0;
  const open = (): void => {
    const stream = new EventSource(url);
    source = stream;
    stream.onopen = () => {
      waitMs = FIRST_WAIT_MS;
      events.connected(true);
    };
    // EventSource would come back by itself, but never after an answer such as 503, and without a longer wait each time.
    stream.onerror = () => {
      stream.close();
      events.connected(false);
      timer = window.setTimeout(open, waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    };
    for (const [name, handle] of Object.entries(events.on)) {
      stream.addEventListener(name, (event) => handle(JSON.parse((event as MessageEvent<string>).data)));
    }
  };
  open();
  return () => {
    window.clearTimeout(timer);
    source?.close();
  };
}
