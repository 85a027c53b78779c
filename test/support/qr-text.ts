/** The vectors' expected texts are UTF-8 files; symbols may hold the same text in another character set, or end without its line end. */
export function sameText(bytes: Uint8Array, expected: Uint8Array): boolean {
  const wanted = Buffer.from(expected).toString("utf8").trim();
  return ["utf-8", "shift_jis", "gb18030", "iso-8859-1"].some(
    (name) => new TextDecoder(name).decode(bytes).trim() === wanted,
  );
}
