import type { FastifyReply, FastifyRequest } from "fastify";
import { equalBytes, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { SetupCodeRequest } from "../../protocol/http/fleet-page.ts";
import type { SetupCodeAnswer } from "../../protocol/http/fleet-view.ts";
import { CSRF_HEADER } from "../../protocol/http/fleet-view.ts";
import { sendProblem } from "../../runtime/http/problem.ts";
import type { Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { FleetDesk } from "../fleet/fleet-desk.ts";
import type { ViewerDeps } from "../fleet/viewer.ts";
import type { SiteRegistry } from "../registry/site-registry.ts";
import type { FleetWatchers } from "./fleet-watchers.ts";
import type { Operators } from "./operators.ts";
import type { Session, Sessions } from "./sessions.ts";

export interface FleetPageDeps extends Omit<ViewerDeps, "registry" | "gateway"> {
  readonly gateway: ViewerDeps["gateway"] & { readonly fleet: FleetDesk };
  readonly registry: SiteRegistry;
  readonly operators: Operators;
  /** Makes a setup code for one door. */
  readonly setupCode: (door: SetupCodeRequest) => Promise<SetupCodeAnswer>;
  readonly crypto: CryptoPort;
  readonly timers: Timers;
  readonly log: Logger;
  /** Folder of the built page; without it the API is served only. */
  readonly webRoot: string;
}

/** What the routes of the page share. */
export interface PageContext {
  readonly deps: FleetPageDeps;
  readonly sessions: Sessions;
  readonly watchers: FleetWatchers;
  /** The session of a request; {@link requireSession} has seen to it that there is one. */
  readonly sessionOf: (request: FastifyRequest) => Session;
  readonly requireSession: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  readonly requireSameOrigin: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

export const SESSION_COOKIE = "bluepost_session";

/** Puts together what the routes share. */
export function contextOf(deps: FleetPageDeps, sessions: Sessions, watchers: FleetWatchers): PageContext {
  const cookieOf = (request: FastifyRequest): string | undefined => request.cookies[SESSION_COOKIE];
  const find = (request: FastifyRequest, isUse: boolean): Session | null => sessions.find(cookieOf(request), isUse);
  return {
    deps,
    sessions,
    watchers,
    sessionOf: (request) => find(request, false) ?? { operator: "", csrf: "" },
    async requireSession(request, reply) {
      sessions.keepOnly(await deps.operators.list()); // one who was removed is out at once
      const session = find(request, !request.url.startsWith("/api/events"));
      if (!session) {
        await sendProblem(reply, { status: 401, code: "login", title: "Log in first" });
      } else if (request.method !== "GET" && !isToken(request.headers[CSRF_HEADER], session.csrf)) {
        await sendProblem(reply, { status: 403, code: "csrf", title: "This does not come from the fleet page" });
      }
    },
    async requireSameOrigin(request, reply) {
      const { origin, host } = request.headers;
      if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
      await sendProblem(reply, {
        status: 403,
        code: "foreign_origin",
        title: "This does not come from the fleet page",
      });
    },
  };
}

function isToken(given: unknown, expected: string): boolean {
  return typeof given === "string" && equalBytes(utf8(given), utf8(expected));
}
