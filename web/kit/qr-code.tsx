import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { create } from "qrcode";

/** Modules of white around a code. Source: ISO/IEC 18004, section 6.3.8. */
const QUIET_ZONE = 4;

/** Draws a text as a QR code, error correction M, dark on light with its quiet zone, as wide as its box. */
export function QrCode(props: { readonly text: string; readonly label: string }): JSX.Element {
  const { path, size } = useMemo(() => drawing(props.text), [props.text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={props.label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

/** One rectangle for each run of dark modules in a row. */
function drawing(text: string): { path: string; size: number } {
  const { modules } = create(text, { errorCorrectionLevel: "M" });
  let path = "";
  for (let y = 0; y < modules.size; y += 1) {
    for (let x = 0; x < modules.size; x += 1) {
      const from = x;
      while (x < modules.size && modules.get(y, x)) x += 1;
      if (x > from) path += `M${from + QUIET_ZONE} ${y + QUIET_ZONE}h${x - from}v1h${from - x}z`;
    }
  }
  return { path, size: modules.size + 2 * QUIET_ZONE };
}
