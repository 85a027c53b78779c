import { Secret, TOTP } from "otpauth";
import { onTestFinished } from "vitest";
import { addFleetPage } from "../../gateway/page/fleet-page.ts";
import { Operators } from "../../gateway/page/operators.ts";
import { startStatusServer } from "../../gateway/status/http.ts";
import type { FirstLoginAnswer, SetupCodeAnswer } from "../../protocol/http/fleet-view.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { systemTimers } from "../../runtime/timers.ts";
import type { GatewayRig } from "./gateway-rig.ts";

export const PASSWORD = "chợ dương đông 2026";

/** The fleet page of a gateway, served on this machine. */
export interface PageRig {
  readonly url: string;
  readonly operators: Operators;
  /** Moves the clock of logins and sessions, milliseconds from now. */
  readonly clock: { offsetMs: number };
  close(): Promise<void>;
}

/** Serves the page of a gateway; it is closed when the test ends, unless the test itself does it. */
export async function openPageRig(
  rig: GatewayRig,
  webRoot = "/nowhere",
  { host = "127.0.0.1", port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<PageRig> {
  const clock = { offsetMs: 0 };
  const nowMs = (): number => Date.now() + clock.offsetMs;
  const { gateway, registry, folder, site } = rig;
  const operators = new Operators({ store: gateway.fleet.store, crypto: nodeCrypto, nowMs, site: "school-1" });
  const looks = {
    gateway,
    registry,
    dataDir: folder,
    certificatePem: () => site.identity.gateway.certificatePem,
    nowMs,
  };
  const setupCode = async (): Promise<SetupCodeAnswer> => ({ code: "BPS1:TEST", expiresMs: nowMs() + 600_000 });
  const shared = { crypto: nodeCrypto, timers: systemTimers, log: silentLogger, webRoot, operators, setupCode };
  const server = await startStatusServer({
    ...looks,
    host,
    port,
    openMetrics: false,
    more: (app) => addFleetPage(app, { ...looks, ...shared }),
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${server.port}`, operators, clock, close };
}

/** What an authenticator app shows. @param steps 30-second steps from now */
export function totpOf(secret: string, nowMs: number, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: nowMs + steps * 30_000 });
}

/** A browser's side of the API in a few lines: keeps the cookie and the token. */
export class PageClient {
  readonly #url: string;
  cookie = "";
  csrf = "";

  constructor(url: string) {
    this.#url = url;
  }

  async ask(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const isChange = body !== undefined;
    const response = await fetch(`${this.#url}${path}`, {
      method: isChange ? "POST" : "GET",
      headers: {
        ...(this.cookie && { cookie: this.cookie }),
        ...(isChange && { "content-type": "application/json", "x-bluepost-csrf": this.csrf }),
        ...headers,
      },
      ...(isChange && { body: JSON.stringify(body) }),
    });
    const [set] = response.headers.getSetCookie();
    if (set) this.cookie = set.split(";")[0] ?? "";
    return response;
  }

  /** Makes the first operator as a person would. @returns the authenticator's secret */
  async firstLogin(code: string, nowMs: number, name = "ky-thuat-1"): Promise<string> {
    const begun = await this.ask("/api/first-login", { code, name, password: PASSWORD });
    const { ticket, secret } = (await begun.json()) as FirstLoginAnswer;
    const done = await this.ask("/api/first-login/confirm", { ticket, totp: totpOf(secret, nowMs) });
    this.csrf = ((await done.json()) as { csrf: string }).csrf;
    return secret;
  }
}
