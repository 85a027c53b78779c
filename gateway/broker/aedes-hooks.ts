import type { EventEmitter } from "node:events";
import type { AuthenticateError, Client, ConnectPacket } from "aedes";
import { EndpointAedes } from "./endpoint-aedes.ts";

/** What the broker decides, and what it is told. Clients are named by their connection. */
export interface AedesHooks {
  /** A first look at CONNECT, before anything is answered. */
  readonly examine: (client: Client, packet: ConnectPacket) => void;
  readonly admit: (client: Client, done: (error: AuthenticateError | null, success: boolean | null) => void) => void;
  readonly publish: (
    client: Client | null,
    packet: { topic: string; payload: string | Buffer; qos: number; retain: boolean },
    done: (error?: Error | null) => void,
  ) => void;
  readonly maySubscribe: (client: Client, topic: string) => boolean;
  readonly ready: (client: Client) => void;
  /** It acknowledged something, or asked whether we are there. */
  readonly alive: (client: Client) => void;
  readonly subscribed: (client: Client, topic: string) => void;
}

/** A client that does not read for this long is dropped, milliseconds. */
const DRAIN_TIMEOUT_MS = 10_000;
/** Return codes of SUBACK from here on are refusals. [MQTT-3.9.3-2] */
const SUBACK_FAILURE = 128;

/** Makes an aedes that asks these hooks, and survives what its clients do. */
export function createAedes(connectTimeoutMs: number, hooks: AedesHooks): EndpointAedes {
  const aedes = new EndpointAedes({
    concurrency: 0,
    connectTimeout: connectTimeoutMs,
    drainTimeout: DRAIN_TIMEOUT_MS,
    maxTopicLevels: 8,
    preConnect: (client, packet, done) => {
      hooks.examine(client, packet);
      done(null, true);
    },
    authenticate: (client, _user, _password, done) => hooks.admit(client, done),
    authorizePublish: (client, packet, done) => hooks.publish(client, packet, done),
    authorizeSubscribe: (client, subscription, done) => {
      const isAllowed = hooks.maySubscribe(client, subscription.topic);
      done(null, isAllowed ? { ...subscription, qos: subscription.qos === 0 ? 0 : 1 } : null);
    },
  });
  const emitter: EventEmitter = aedes; // aedes' own types leave "error" out; without a listener one would end the process
  emitter.on("error", () => {});
  aedes.on("clientError", () => undefined);
  aedes.on("connectionError", (client) => {
    if (!client.closed) client.close();
  });
  aedes.on("clientReady", hooks.ready);
  aedes.on("ack", (_packet, client) => hooks.alive(client));
  aedes.on("ping", (_packet, client) => hooks.alive(client));
  aedes.on("subscribe", (subscriptions, client) => {
    for (const { topic, qos } of subscriptions) if (Number(qos) < SUBACK_FAILURE) hooks.subscribed(client, topic);
  });
  return aedes;
}
