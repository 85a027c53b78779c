import type { DeviceId, SiteId } from "../../../protocol/ids.ts";
import { MAX_PACKET_BYTES } from "../../../protocol/mqtt/messages.ts";
import { DOWN_LEAVES, TOPIC_ROOT, topicOf, UP_LEAVES } from "../../../protocol/mqtt/topics.ts";
import { deviceName, gatewayName } from "../../../runtime/pki/authority.ts";

/** Brokers that we write access rules for. */
export const BROKER_KINDS = ["mosquitto", "nats"] as const;
export type BrokerKind = (typeof BROKER_KINDS)[number];

export interface AccessPlan {
  readonly site: SiteId;
  /** Devices that may connect. */
  readonly devices: readonly DeviceId[];
  /** Names of the gateway processes. */
  readonly workers: readonly string[];
  /** Folder of the certificates, as the broker sees it. */
  readonly folder: string;
  /** Address and port that the broker listens on. */
  readonly host: string;
  readonly port: number;
}

/** Files of certificates that both configurations name. */
export const BROKER_FILES = { authority: "ca.crt", certificate: "broker.crt", key: "broker.key" } as const;

/** Names of the three clients of `gateway probe`, which may use one branch that no device has. */
export const PROBE_WORKERS = ["probe-a", "probe-b", "probe-c"] as const;

/** Topics of a probe: no device can have this branch, since no device id begins with an underscore. */
export function probeBranch(site: SiteId): string {
  return `${TOPIC_ROOT}/${site}/_probe`;
}

/** DNS name in the client certificate of a gateway process; no device can have it, since a device id has no dot. */
export function workerName(site: SiteId, worker: string): string {
  return `worker-${worker}.${gatewayName(site)}`;
}

/** Writes the configuration that an operator gives to the broker. @returns file names with their texts */
export function accessRules(kind: BrokerKind, plan: AccessPlan): Readonly<Record<string, string>> {
  return kind === "mosquitto"
    ? { "bluepost.conf": mosquittoConf(plan), "bluepost.acl": mosquittoAcl(plan) }
    : { "bluepost-nats.conf": natsConf(plan) };
}

/**
 * Messages that wait in mosquitto for a gateway that is away. It writes all of them at each change, so more would make it slow and wear
 * the disk out; what does not fit is dropped, and kiosks send it again.
 */
const MOSQUITTO_QUEUE = 1_000;

/** A certificate names the user and the client id, so no device can speak or take over for another. */
function mosquittoConf({ folder, host, port, site }: AccessPlan): string {
  return lines(
    `# mosquitto 2 for Bluepost, site ${site}: put it into conf.d. Written by \`gateway broker-config\`; do not edit.`,
    `listener ${port} ${host}`,
    `cafile ${folder}/${BROKER_FILES.authority}`,
    `certfile ${folder}/${BROKER_FILES.certificate}`,
    `keyfile ${folder}/${BROKER_FILES.key}`,
    "require_certificate true",
    "use_identity_as_username true",
    "use_username_as_clientid true",
    "allow_anonymous false",
    `acl_file ${folder}/bluepost.acl`,
    "persistence true",
    "autosave_interval 1",
    "autosave_on_changes true",
    "persistent_client_expiration 30d",
    `max_packet_size ${MAX_PACKET_BYTES}`,
    `max_inflight_messages ${MOSQUITTO_QUEUE}`,
    `max_queued_messages ${MOSQUITTO_QUEUE}`,
  );
}

function mosquittoAcl({ site, devices, workers }: AccessPlan): string {
  const grant = (worker: string, branch: string): string[] => [
    `user ${workerName(site, worker)}`,
    `topic readwrite ${branch}/#`,
    "",
  ];
  const gateway = [
    ...workers.flatMap((worker) => grant(worker, `${TOPIC_ROOT}/${site}`)),
    ...PROBE_WORKERS.flatMap((worker) => grant(worker, probeBranch(site))),
  ];
  const kiosks = devices.flatMap((device) => [
    `user ${deviceName(site, device)}`,
    ...upward(site, device).map((topic) => `topic write ${topic}`),
    ...downward(site, device).map((topic) => `topic read ${topic}`),
    "",
  ]);
  return lines(
    "# Written by `gateway broker-config mosquitto`. After a change: reload mosquitto.",
    ...gateway,
    ...kiosks,
  );
}

function natsConf({ site, devices, workers, folder, host, port }: AccessPlan): string {
  const grant = (worker: string, branch: string): string => {
    const all = [subject(`${branch}/#`)];
    return natsUser(workerName(site, worker), all, all);
  };
  const users = [
    ...workers.map((worker) => grant(worker, `${TOPIC_ROOT}/${site}`)),
    ...PROBE_WORKERS.map((worker) => grant(worker, probeBranch(site))),
    ...devices.map((device) =>
      natsUser(deviceName(site, device), upward(site, device).map(subject), downward(site, device).map(subject)),
    ),
  ];
  return lines(
    `# NATS 2.9 for Bluepost, site ${site}: include it. Written by \`gateway broker-config\`; do not edit.`,
    "# MQTT needs JetStream and a server_name; give both in the main file.",
    `max_payload: ${MAX_PACKET_BYTES}`,
    "mqtt {",
    `  host: "${host}"`,
    `  port: ${port}`,
    "  max_ack_pending: 1000",
    `  ack_wait: "5s"`, // also how long what a gateway did not acknowledge stays away after it reconnected
    "  tls {",
    `    ca_file: "${folder}/${BROKER_FILES.authority}"`,
    `    cert_file: "${folder}/${BROKER_FILES.certificate}"`,
    `    key_file: "${folder}/${BROKER_FILES.key}"`,
    "    verify_and_map: true",
    "  }",
    "}",
    "authorization {",
    "  users: [",
    ...users,
    "  ]",
    "}",
  );
}

/** `$MQTT.sub.>` is where the server delivers what a client subscribed to with QoS 1. */
function natsUser(name: string, publish: readonly string[], subscribe: readonly string[]): string {
  const list = (subjects: readonly string[]): string => `[${subjects.map((one) => `"${one}"`).join(", ")}]`;
  return `    { user: "${name}", allowed_connection_types: ["MQTT"], permissions: { publish: { allow: ${list(publish)} }, subscribe: { allow: ${list([...subscribe, "$MQTT.sub.>"])} } } }`;
}

/** A topic filter as a NATS subject. */
function subject(filter: string): string {
  return filter.replaceAll("/", ".").replaceAll("+", "*").replaceAll("#", ">");
}

function upward(site: SiteId, device: DeviceId): readonly string[] {
  return [...UP_LEAVES.map((leaf) => topicOf(site, device, leaf)), `${TOPIC_ROOT}/${site}/${device}/cmd-result/+`];
}

function downward(site: SiteId, device: DeviceId): readonly string[] {
  return [...DOWN_LEAVES.map((leaf) => topicOf(site, device, leaf)), `${TOPIC_ROOT}/${site}/${device}/cmd/+`];
}

function lines(...texts: readonly string[]): string {
  return `${texts.join("\n")}\n`;
}
