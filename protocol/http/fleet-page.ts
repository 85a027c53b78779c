import { type Static, Type } from "@sinclair/typebox";
import { REVOCATION_REASONS } from "../checkin/revocations.ts";
import { COMMANDS } from "../mqtt/fleet.ts";

/** Body of POST /api/kiosks/<device>/command. */
export const CommandRequest = Type.Object(
  { name: Type.Union(COMMANDS.map((name) => Type.Literal(name))) },
  { additionalProperties: false },
);
export type CommandRequest = Static<typeof CommandRequest>;

/** Body of POST /api/kiosks/<device>/revoke. */
export const RevokeRequest = Type.Object(
  { reason: Type.Union(REVOCATION_REASONS.map((reason) => Type.Literal(reason))) },
  { additionalProperties: false },
);
export type RevokeRequest = Static<typeof RevokeRequest>;

/** Name of an operator: 2 to 32 of a-z, 0-9, dot and dash. */
export const OperatorName = Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{1,31}$" });
const Password = Type.String({ minLength: 12, maxLength: 200 });
const Totp = Type.String({ pattern: "^[0-9]{6}$" });

/** Body of POST /api/login. */
export const LoginRequest = Type.Object(
  { name: OperatorName, password: Type.String({ maxLength: 200 }), totp: Totp },
  { additionalProperties: false },
);
export type LoginRequest = Static<typeof LoginRequest>;

/** Body of POST /api/first-login: the code from the gateway's console makes an operator. */
export const FirstLoginRequest = Type.Object(
  { code: Type.String({ maxLength: 40 }), name: OperatorName, password: Password },
  { additionalProperties: false },
);
export type FirstLoginRequest = Static<typeof FirstLoginRequest>;

/** Body of POST /api/first-login/confirm: shows that the authenticator app has the secret. */
export const ConfirmRequest = Type.Object(
  { ticket: Type.String({ pattern: "^[0-9a-f]{64}$" }), totp: Totp },
  { additionalProperties: false },
);
export type ConfirmRequest = Static<typeof ConfirmRequest>;

/** Body of POST /api/setup-code: the door that a new kiosk will be. */
export const SetupCodeRequest = Type.Object(
  {
    venue: Type.String({ pattern: "^[0-9a-z]{8}$" }),
    venueName: Type.String({ minLength: 1, maxLength: 200, pattern: "\\S" }),
    gate: Type.Integer({ minimum: 0, maximum: 255 }),
    /** Name of the kiosk; absent: it gets one from its key. */
    device: Type.Optional(Type.String({ pattern: "^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$" })),
  },
  { additionalProperties: false },
);
export type SetupCodeRequest = Static<typeof SetupCodeRequest>;
