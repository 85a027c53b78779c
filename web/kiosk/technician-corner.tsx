import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Long enough that no visitor does it by chance. */
const HOLD_MS = 5_000;

interface TechnicianCornerProps {
  readonly label: string;
  readonly onHeld: () => void;
}

/** The upper left corner of the screen: invisible, and does something only when it is held for five seconds, or by a keyboard. */
export function TechnicianCorner({ label, onHeld }: TechnicianCornerProps): JSX.Element {
  const timer = useRef(0);
  const end = (): void => window.clearTimeout(timer.current);
  useEffect(() => end, []);
  const begin = (): void => {
    end();
    timer.current = window.setTimeout(onHeld, HOLD_MS);
  };
  return (
    <button
      type="button"
      class="technician-corner"
      aria-label={label}
      onPointerDown={begin}
      onPointerUp={end}
      onPointerLeave={end}
      onPointerCancel={end}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={({ key }) => key === "Enter" && onHeld()}
    />
  );
}
