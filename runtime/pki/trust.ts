import { type Static, Type } from "@sinclair/typebox";

const Hex32 = Type.String({ pattern: "^[0-9a-f]{64}$" });

/**
 * The public keys that one site believes, as one file `trust.json`: made by the engine (`engine keys site`), completed by the
 * gateway with its own certificate, and given to each kiosk. Nothing in it is secret.
 */
export const Trust = Type.Object(
  {
    v: Type.Literal(1),
    site: Type.String(),
    /** Root certificate, PEM. */
    root: Type.String(),
    /** The engine's receipt key, raw Ed25519. */
    receiptKey: Hex32,
    /** The engine's matching key, raw X25519: envelopes with scheme and id are sealed to it. */
    matchKey: Hex32,
    /** The authority's vault key, raw X25519: envelopes with names and phones are sealed to it. */
    vaultKey: Hex32,
    /** The authority's key for venue codes, P-256, uncompressed point of 65 bytes; without it kiosks show no rotating code. */
    venueKey: Type.Optional(Type.String({ pattern: "^04[0-9a-f]{128}$" })),
    /** Phones that kiosks may record beside tokens; absent: none. The authority's word, since nobody at the door can ask the phone. */
    observe: Type.Optional(Type.Array(Type.Union([Type.Literal("gaen"), Type.Literal("bluezone")]), { maxItems: 2 })),
    /** Keys that sign our cards: 4-byte key id and raw Ed25519 key, hex. */
    cardIssuers: Type.Array(
      Type.Object(
        { kid: Type.String({ pattern: "^[0-9a-f]{8}$" }), publicKey: Hex32 },
        { additionalProperties: false },
      ),
    ),
    /** The gateway's certificate, PEM; empty until the gateway has made it. */
    gateway: Type.String(),
  },
  { additionalProperties: false },
);
export type Trust = Static<typeof Trust>;
