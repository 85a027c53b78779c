import { type Static, Type } from "@sinclair/typebox";
import { type ConfigSources, loadConfig } from "../runtime/config.ts";

/** An angle of a servo. */
const Degrees = (value: number, description: string) =>
  Type.Integer({ default: value, minimum: 0, maximum: 180, description });

/** Settings of a kiosk: type, default, unit and help in one place. */
export const KioskConfig = Type.Object({
  dataDir: Type.String({
    default: "/var/lib/bluepost/kiosk",
    description: "Folder of the ledger and of the device bundle.",
  }),
  bundleDir: Type.String({
    default: "",
    description: "Folder of the device bundle; empty: `bundle` in the data folder.",
  }),
  logLevel: Type.Union(
    [Type.Literal("error"), Type.Literal("warn"), Type.Literal("info"), Type.Literal("debug"), Type.Literal("silent")],
    { default: "info", description: "How much is logged. `debug` is for the workshop, not for a venue." },
  ),
  screen: Type.Object(
    {
      host: Type.String({ default: "127.0.0.1", description: "Address that the screen's page is served on." }),
      port: Type.Integer({
        default: 8080,
        minimum: 0,
        maximum: 65_535,
        description: "Port of the screen's page; 0 takes any free one.",
      }),
      language: Type.Union([Type.Literal("vi"), Type.Literal("en")], {
        default: "vi",
        description: "Language that the screen starts in.",
      }),
      hotline: Type.String({ default: "1900 9095", maxLength: 32, description: "Telephone number shown to visitors." }),
      volume: Type.Integer({ default: 100, minimum: 0, maximum: 100, description: "Loudness of the sounds, percent." }),
    },
    { default: {} },
  ),
  scanner: Type.Object(
    {
      kind: Type.Union([Type.Literal("serial"), Type.Literal("camera")], {
        default: "serial",
        description: "What reads the codes: a scanner on a serial line (serial), or the Pi's camera (camera).",
      }),
      path: Type.String({
        default: "auto",
        description: "Serial device of the scanner; auto: the first under /dev/serial/by-id.",
      }),
      baudRate: Type.Integer({
        default: 115_200,
        minimum: 1_200,
        maximum: 921_600,
        description: "Speed of the line, baud. GM65-class on a UART: 9600.",
      }),
      camera: Type.Object(
        {
          command: Type.String({
            default: "auto",
            description: "Program that gives the camera's frames; auto: rpicam-vid, or libcamera-vid.",
          }),
          width: Type.Integer({
            default: 1_280,
            minimum: 640,
            maximum: 2_560,
            multipleOf: 128,
            description: "Width of a frame, pixels; a multiple of 128.",
          }),
          height: Type.Integer({
            default: 960,
            minimum: 480,
            maximum: 1_920,
            multipleOf: 2,
            description: "Height of a frame, pixels; even.",
          }),
          framesPerSecond: Type.Integer({
            default: 10,
            minimum: 1,
            maximum: 30,
            description: "Frames in a second; more than the Pi can decode are passed over.",
          }),
        },
        { default: {} },
      ),
    },
    { default: {} },
  ),
  indicator: Type.Object(
    {
      kind: Type.Union([Type.Literal("none"), Type.Literal("gpio"), Type.Literal("firmata")], {
        default: "none",
        description: "Lights, buzzer and door relay: on the Pi's header (gpio), on a USB Arduino (firmata), or none.",
      }),
      path: Type.String({ default: "", description: "Serial device of the Arduino, for `firmata`." }),
      gatePulseMs: Type.Integer({
        default: 500,
        minimum: 50,
        maximum: 10_000,
        description: "How long the relay stays closed, or the servo open, to open the gate, milliseconds.",
      }),
      gate: Type.Union([Type.Literal("relay"), Type.Literal("servo")], {
        default: "relay",
        description: "What moves the gate; a servo only with `firmata`.",
      }),
      gateShutDegrees: Degrees(
        90,
        "Where the servo keeps the gate shut; 90 is where it goes when the Arduino takes it.",
      ),
      gateOpenDegrees: Degrees(0, "Where it opens it."),
    },
    { default: {} },
  ),
  door: Type.Object(
    {
      profile: Type.Union([Type.Literal("entrance"), Type.Literal("exit")], {
        default: "entrance",
        description: "entrance: a scan checks in, the next one out. exit: a scan always checks out.",
      }),
      capacity: Type.Integer({
        default: 0,
        minimum: 0,
        maximum: 1_000_000,
        description: "Most people inside; 0: no limit.",
      }),
      minimumDwellSeconds: Type.Integer({
        default: 60,
        minimum: 6,
        maximum: 3_600,
        description: "Shortest stay: before this time a second scan says `already`, after it, it checks out. Seconds.",
      }),
      maximumStayHours: Type.Integer({
        default: 16,
        minimum: 1,
        maximum: 48,
        description:
          "Longest stay: after this time whoever did not check out counts as gone, and the next scan checks in. Wards, lodging: 48. Hours.",
      }),
    },
    { default: {} },
  ),
  radio: Type.Object(
    {
      use: Type.Union([Type.Literal("auto"), Type.Literal("on"), Type.Literal("off")], {
        default: "auto",
        description: "Bluetooth beacon and observation. auto: when the machine has an adapter.",
      }),
      adapter: Type.Integer({ default: 0, minimum: 0, maximum: 255, description: "Adapter of the beacon: n of hciN." }),
      observeAdapter: Type.Integer({
        default: -1,
        minimum: -1,
        maximum: 255,
        description:
          "Adapter that listens, all the time. -1: a second one when there is one; else the beacon's, 5 s in each 5 minutes.",
      }),
      observe: Type.Boolean({
        default: true,
        description: "Whether the kiosk records who stays near it with a token.",
      }),
      minimumDwellSeconds: Type.Integer({
        default: 60,
        minimum: 0,
        maximum: 1_200,
        description: "Who was heard for less is a passer-by and is not recorded. Seconds.",
      }),
      minimumRssi: Type.Integer({
        default: -85,
        minimum: -127,
        maximum: 0,
        description: "Who was never heard stronger than this is too far away and is not recorded. dBm.",
      }),
      txPower: Type.Integer({
        default: 127,
        minimum: -40,
        maximum: 127,
        description: "Power that the beacon says it sends with, -40 to 20 dBm; 127: unknown.",
      }),
    },
    { default: {} },
  ),
  improv: Type.Object(
    {
      bluetooth: Type.Boolean({
        default: false,
        description:
          "Whether a kiosk without papers takes a Wi-Fi from a phone (Improv), after its button was pressed.",
      }),
      serial: Type.String({
        default: "off",
        description: "Serial device over which a kiosk without papers takes a Wi-Fi from a laptop (Improv); off: none.",
      }),
    },
    { default: {} },
  ),
  uplink: Type.Object(
    {
      url: Type.String({
        default: "",
        description: "Broker, mqtts://host:port; empty: the gateway named in the device bundle.",
      }),
    },
    { default: {} },
  ),
  setupFile: Type.String({
    default: "/boot/firmware/bluepost-setup.txt",
    description: "File that may hold a setup code for a kiosk without papers; it is removed when used. Empty: none.",
  }),
  hc1TrustFile: Type.String({
    default: "",
    description: "Trust list of vaccine-passport issuers (JSON); empty: none is accepted.",
  }),
  storage: Type.Object(
    {
      synchronous: Type.Union([Type.Literal("FULL"), Type.Literal("OFF")], {
        default: "FULL",
        description: "FULL: every check-in survives a power cut. OFF only to measure what that costs; never at a door.",
      }),
    },
    { default: {} },
  ),
});
export type KioskConfig = Static<typeof KioskConfig>;

/** A connection without TLS is for this machine only. */
function plainOnLoopbackOnly(config: KioskConfig): string | null {
  const plain = /^mqtt:\/\/(?!127\.0\.0\.1|localhost|\[::1\])/.test(config.uplink.url);
  return plain ? "uplink.url: without TLS (mqtt://) only on this machine; use mqtts://" : null;
}

function servoNeedsFirmata({
  indicator: { kind, gate, gateShutDegrees, gateOpenDegrees },
}: KioskConfig): string | null {
  if (gate === "relay") return null;
  if (kind !== "firmata") return "indicator.gate: a servo hangs on an Arduino, so indicator.kind must be firmata";
  return gateShutDegrees === gateOpenDegrees ? "indicator.gateOpenDegrees: the same as shut" : null;
}

function firmataNeedsPath(config: KioskConfig): string | null {
  return config.indicator.kind === "firmata" && config.indicator.path === ""
    ? "indicator.path: `firmata` needs the Arduino's device"
    : null;
}

function powerIsKnownOrNot(config: KioskConfig): string | null {
  const { txPower } = config.radio;
  return txPower > 20 && txPower !== 127 ? "radio.txPower: -40 to 20 dBm, or 127 when it is unknown" : null;
}

/** @throws {ConfigError} RT_CONFIG with every problem */
export function loadKioskConfig(sources: Omit<ConfigSources, "envPrefix">): KioskConfig {
  const rules = [plainOnLoopbackOnly, firmataNeedsPath, servoNeedsFirmata, powerIsKnownOrNot];
  return loadConfig(KioskConfig, { ...sources, envPrefix: "BLUEPOST_KIOSK" }, rules);
}
