import { useCallback, useEffect, useState } from "preact/hooks";
import type { FLEET_EVENT, FleetView } from "../../protocol/http/fleet-view.ts";
import { listen } from "../kit/events.ts";
import { askSession } from "./api.ts";

const EVENT: typeof FLEET_EVENT = "fleet";

/** What the page knows of whom it talks to. */
export type Login =
  | { readonly kind: "asking" }
  | { readonly kind: "unreachable" }
  | { readonly kind: "out"; readonly hasOperators: boolean }
  | { readonly kind: "in"; readonly operator: string };

/** Follows who is logged in. @returns it, and a function that asks again */
export function useLogin(): readonly [Login, () => void] {
  const [login, setLogin] = useState<Login>({ kind: "asking" });
  const ask = useCallback(() => {
    askSession().then(
      (answer) =>
        setLogin(
          answer.operator === null
            ? { kind: "out", hasOperators: answer.hasOperators }
            : { kind: "in", operator: answer.operator },
        ),
      () => setLogin((now) => (now.kind === "in" ? now : { kind: "unreachable" })), // a page that shows something goes on showing it
    );
  }, []);
  useEffect(ask, [ask]);
  useEffect(() => {
    if (login.kind !== "unreachable") return;
    const timer = window.setInterval(ask, 3_000);
    return () => window.clearInterval(timer);
  }, [login.kind, ask]);
  return [login, ask];
}

/** The fleet as it is now, and whether the gateway can be heard. */
export interface Fleet {
  readonly view: FleetView | null;
  readonly online: boolean;
}

/** Follows the gateway's news. @param lost called when the connection ends, to find out whether the session did */
export function useFleet(lost: () => void): Fleet {
  const [view, setView] = useState<FleetView | null>(null);
  const [online, setOnline] = useState(true);
  useEffect(
    () =>
      listen("api/events", {
        connected: (up) => {
          setOnline(up);
          if (!up) lost();
        },
        on: { [EVENT]: (data) => setView(data as FleetView) },
      }),
    [lost],
  );
  return { view, online };
}

/** The gateway's clock as it goes on between two news, milliseconds. */
export function useNow(view: FleetView | null): number {
  const [offsetMs, setOffsetMs] = useState(0);
  const [, tick] = useState(0);
  useEffect(() => {
    if (view) setOffsetMs(view.nowMs - Date.now());
  }, [view]);
  useEffect(() => {
    const timer = window.setInterval(() => tick((n) => n + 1), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return Date.now() + offsetMs;
}
