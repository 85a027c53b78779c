/** Longest content of one QR code, characters: version 40-L, by mode. Source: ISO/IEC 18004:2015, table 7. */
export const MAX_SYMBOL_TEXT = { numeric: 7_089, byte: 2_953 } as const;

/** What the bytes of a symbol are before any format looks at them. */
export type SymbolText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bad"; readonly reason: "oversize" | "control_characters" | "charset" };

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a symbol as UTF-8, normalised to NFC, without blanks at its ends.
 *
 * Digits alone may be as long as a numeric QR code can be; other text is held to the capacity of byte mode. Control characters are
 * refused: no format has them, and terminals obey them. So are the marks that turn the direction of text on a screen.
 */
export function readSymbolText(bytes: Uint8Array): SymbolText {
  if (bytes.length > MAX_SYMBOL_TEXT.numeric) return { kind: "bad", reason: "oversize" };
  if (bytes.length > MAX_SYMBOL_TEXT.byte && !bytes.every(isDigit)) return { kind: "bad", reason: "oversize" };
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { kind: "bad", reason: "charset" };
  }
  for (let at = 0; at < text.length; at += 1) {
    if (isControl(text.charCodeAt(at))) return { kind: "bad", reason: "control_characters" };
  }
  return { kind: "text", text: text.normalize("NFC").trim() };
}

/**
 * Makes text that came inside a code (hex, CBOR, base64) fit to be shown: NFC, every control or direction mark a space, cut to 300
 * characters.
 */
export function displayText(text: string): string {
  const shown = [...text.normalize("NFC")].slice(0, 300);
  return shown
    .map((character) => (isControl(character.charCodeAt(0)) ? " " : character))
    .join("")
    .trim();
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** C0, DEL and C1 controls, line and paragraph separators, and bidirectional embeddings, overrides and isolates. */
function isControl(unit: number): boolean {
  return (
    unit < 0x20 ||
    (unit >= 0x7f && unit < 0xa0) ||
    (unit >= 0x2028 && unit <= 0x202e) ||
    (unit >= 0x2066 && unit <= 0x2069)
  );
}
