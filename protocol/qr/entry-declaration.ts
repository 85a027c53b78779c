import type { QrFormatReader } from "./format.ts";

/** Prefix of the code that an officer's confirmation of an entry declaration issues. */
export const ENTRY_DECLARATION_PREFIX = "BPE:";

/** Entry declaration: known by its prefix, so that the door can say so; no door opens for one in this version. */
export const entryDeclaration: QrFormatReader = {
  format: "entry-declaration",
  owns: (text) => text.startsWith(ENTRY_DECLARATION_PREFIX),
  read: () => ({ kind: "refused", format: "entry-declaration", reason: "not_supported" }),
};
