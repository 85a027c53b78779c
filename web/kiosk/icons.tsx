import type { JSX } from "preact";

/** Lines on a 24 by 24 grid, in the colour of the text. */
const PATHS = {
  check: "M4.5 12.5l5 5L19.5 7",
  enter: "M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M4 12h11M11 8l4 4-4 4",
  leave: "M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M9 12h11M16 8l4 4-4 4",
  again: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4v5h-5",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 20c0-4 3-6 6-6s6 2 6 6M16 11a3 3 0 1 0-1-5.8M17 14c2.5.4 4 2.4 4 6",
  question: "M8.5 9a3.5 3.5 0 1 1 5.3 3C12.5 12.8 12 13.5 12 15M12 18.5v.2",
  poster: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 19h1",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5V12l3 2.5",
  form: "M6 4h12v17H6zM9.5 2.5h5v3h-5zM9 10h6M9 13.5h6M9 17h3.5",
  hand: "M8 13V5.5a1.5 1.5 0 0 1 3 0V11M11 11V4.5a1.5 1.5 0 0 1 3 0V11M14 11V6a1.5 1.5 0 0 1 3 0v8.5c0 4-2.4 6.5-6 6.5-2.6 0-4.2-1.2-5.3-3.3L4 14.3a1.5 1.5 0 0 1 2.6-1.5L8 15",
  person: "M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 21c0-4.7 3.5-6.5 7.5-6.5s7.5 1.8 7.5 6.5",
  wrench: "M14.8 6.2a4.8 4.8 0 0 0-6.3 6.3L3.5 17.5l3 3 5-5a4.8 4.8 0 0 0 6.3-6.3l-3 3-2.8-.2-.2-2.8z",
  cloudOff: "M9.5 5.3A6 6 0 0 1 17.3 9.5a4.3 4.3 0 0 1 2.9 7M16 18H7a4.5 4.5 0 0 1-.9-8.9M4 4l16 16",
  card: "M6 3h12v18H6zM9 7h6v6H9zM9 17h6",
  citizen: "M3 5.5h18v13H3zM6 9.5h5v5H6zM14 10h4M14 14h4",
  insurance: "M3 5.5h18v13H3zM12 9v6M9 12h6",
  phone:
    "M8 2.5h8a1.5 1.5 0 0 1 1.5 1.5v16a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 20V4A1.5 1.5 0 0 1 8 2.5zM11 18.5h2",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3.5 4 3.5 14 0 18-3.5-4-3.5-14 0-18z",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  minus: "M6 12h12",
  close: "M6 6l12 12M18 6L6 18",
} as const;
export type IconName = keyof typeof PATHS;

/** A pictogram; the text beside it says the same, so it is hidden from screen readers. */
export function Icon(props: { readonly name: IconName }): JSX.Element {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      <path d={PATHS[props.name]} />
    </svg>
  );
}
