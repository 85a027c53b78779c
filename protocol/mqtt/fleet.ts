import { type Static, Type } from "@sinclair/typebox";

/**
 * Settings of a kiosk that may be changed from afar: none of them can part a kiosk from its gateway, its scanner or its rows.
 *
 * What is absent stays as the kiosk's own configuration file says.
 */
export const RemoteSettings = Type.Object(
  {
    /** Which way the door works. */
    profile: Type.Optional(Type.Union([Type.Literal("entrance"), Type.Literal("exit")])),
    /** Most people inside; 0: no limit. */
    capacity: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    /** Before this time a second scan says "already", seconds. */
    minimumDwellSeconds: Type.Optional(Type.Integer({ minimum: 6, maximum: 3_600 })),
    /** After this time whoever did not check out counts as gone, hours. */
    maximumStayHours: Type.Optional(Type.Integer({ minimum: 1, maximum: 48 })),
    language: Type.Optional(Type.Union([Type.Literal("vi"), Type.Literal("en")])),
    /** Telephone number on the screen. */
    hotline: Type.Optional(Type.String({ minLength: 3, maxLength: 32, pattern: "^[0-9+() .-]+$" })),
    /** Loudness of the screen's sounds, percent. */
    volume: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    /** How long the relay stays closed to open the gate, milliseconds. */
    gatePulseMs: Type.Optional(Type.Integer({ minimum: 50, maximum: 10_000 })),
  },
  { additionalProperties: false },
);
export type RemoteSettings = Static<typeof RemoteSettings>;
/** A setting that may be changed from afar. */
export type RemoteSetting = keyof RemoteSettings;

const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });

/** Retained on `desired`: what the gateway wants a kiosk to be set to. It replaces the one before as a whole. */
export const Desired = Type.Object({ version: Version, settings: RemoteSettings }, { additionalProperties: false });
export type Desired = Static<typeof Desired>;

/** Why a kiosk did not keep a desired configuration. */
export const REFUSALS = ["malformed", "not_applied", "fault", "scanner", "restarted"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** On `reported`, retained: what a kiosk is set to. */
export const Reported = Type.Object({
  /** Newest version that proved itself, 0 when none ever came. */
  version: Type.Integer({ minimum: 0 }),
  /** `settled`: nothing newer is under way. `trial`: `trialVersion` is in force and must prove itself. */
  state: Type.Union([Type.Literal("settled"), Type.Literal("trial")]),
  trialVersion: Type.Optional(Version),
  /** The last version that was not kept, and why. */
  refused: Type.Optional(
    Type.Object({ version: Version, reason: Type.Union(REFUSALS.map((reason) => Type.Literal(reason))) }),
  ),
  /** What is in force now. */
  settings: RemoteSettings,
});
export type Reported = Static<typeof Reported>;

/** What a kiosk may be told to do. */
export const COMMANDS = ["identify", "reboot", "bundle"] as const;
export type CommandName = (typeof COMMANDS)[number];

/** On `cmd/<name>`. The same id is done once, however often it comes. */
export const Command = Type.Object(
  {
    id: Type.String({ pattern: "^[0-9a-f]{32}$" }),
    /** Wall clock of the gateway after which it is not to be done any more, milliseconds. */
    expiresMs: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type Command = Static<typeof Command>;

const OUTCOMES = ["done", "failed", "expired", "interrupted"] as const;

/** On `cmd-result/<id>`. `interrupted`: begun, and the kiosk restarted before it ended. */
export const CommandResult = Type.Object({
  name: Type.Union(COMMANDS.map((name) => Type.Literal(name))),
  outcome: Type.Union(OUTCOMES.map((outcome) => Type.Literal(outcome))),
  /** Stable code of the fault, when it failed. */
  fault: Type.Optional(Type.String({ maxLength: 48, pattern: "^[A-Z0-9_]+$" })),
  /** `bundle`: the support bundle, gzip in base64. */
  data: Type.Optional(Type.String({ maxLength: 120_000 })),
});
export type CommandResult = Static<typeof CommandResult>;

/** How long a kiosk remembers the ids of commands, milliseconds: seven days. */
export const COMMAND_MEMORY_MS = 604_800_000;
