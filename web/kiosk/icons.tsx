import type { JSX } from "preact";

/** Drawn on a 24 by 24 grid, in the colour of the text. */
const PATHS = {
  in: "M4 12l5 5L20 6M3 21h18",
  out: "M4 12l5 5L20 6M3 3h18",
  again: "M20 12a8 8 0 1 1-2.3-5.6M20 3v5h-5",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 20c0-4 3-6 6-6s6 2 6 6M16 11a3 3 0 1 0-1-5.8M17 14c2.5.4 4 2.4 4 6",
  question: "M9 9a3 3 0 1 1 4.5 2.600C12.4 12.4 12 13 12 14.500M12 18v.5",
  poster: "M4 4h16v16H4zM8 8h3v3H8zM13 8h3v3h-3zM8 13h3v3H8zM14 14h2v2h-2z",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 3",
  form: "M6 3h12v18H6zM9 8h6M9 12h6M9 16h3",
  stop: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM8 12h8",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-5 4-7 8-7s8 2 8 7",
  wrench: "M14 7a4 4 0 0 0-5.5 5L3 17.5 6.5 21 12 15.500A4 4 0 0 0 17 10l-3 1-1-1z",
  cloud: "M7 18h10a4 4 0 0 0 0-8 6 6 0 0 0-11.5 1.500A3.5 3.5 0 0 0 7 18zM4 4l16 17",
  card: "M3 6h18v12H3zM6 9h5v5H6zM14 10h4M14 13h4",
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
