import type { ResultCode } from "../../protocol/http/kiosk-screen.ts";
import type { Tone } from "../kit/sounds.ts";
import type { IconName } from "./icons.tsx";

/** How one answer looks and sounds: never by colour alone. */
export interface Look {
  readonly ground: string;
  readonly ink: string;
  readonly icon: IconName;
  /** Small sign beside the icon: which way the door was passed. */
  readonly way?: IconName;
  readonly tones: readonly Tone[];
  /** Read out at once (alert) and not only when the reader is idle (status). */
  readonly urgent: boolean;
}

const GREEN = { ground: "#0b6e3b", ink: "#ffffff" };
const BLUE = { ground: "#0b4f9e", ink: "#ffffff" };
const AMBER = { ground: "#ffc20e", ink: "#000000" };
const GREY = { ground: "#444444", ink: "#ffffff" };
const RED = { ground: "#b00020", ink: "#ffffff" };
const PURPLE = { ground: "#5a2a82", ink: "#ffffff" };

const REST: Tone = [0, 60];
const UP: readonly Tone[] = [
  [880, 60],
  [1_320, 60],
];
const DOWN: readonly Tone[] = [
  [1_320, 60],
  [880, 60],
];
const ONE: readonly Tone[] = [[660, 150]];
const LOW_TWICE: readonly Tone[] = [[330, 120], REST, [330, 120]];
const LOWEST_THRICE: readonly Tone[] = [[220, 120], REST, [220, 120], REST, [220, 120]];

/** Contrast of text on ground is at least 6.3:1 in every row. */
export const LOOKS: Readonly<Record<ResultCode, Look>> = {
  in_ok: { ...GREEN, icon: "check", way: "enter", tones: UP, urgent: false },
  out_ok: { ...BLUE, icon: "check", way: "leave", tones: DOWN, urgent: false },
  already: { ...AMBER, icon: "again", tones: ONE, urgent: true },
  party_ok: { ...BLUE, icon: "people", tones: ONE, urgent: false },
  staff_ok: { ...PURPLE, icon: "check", tones: ONE, urgent: false },
  unknown_qr: { ...GREY, icon: "question", tones: LOW_TWICE, urgent: true },
  poster: { ...GREY, icon: "poster", tones: LOW_TWICE, urgent: true },
  expired: { ...AMBER, icon: "clock", tones: LOW_TWICE, urgent: true },
  need_declare: { ...AMBER, icon: "form", tones: ONE, urgent: true },
  full: { ...RED, icon: "hand", tones: LOWEST_THRICE, urgent: true },
  see_staff: { ...PURPLE, icon: "person", tones: ONE, urgent: true },
  fault: { ...GREY, icon: "wrench", tones: [], urgent: true },
};

/** The click of the scanner: heard before anything is decided. */
export const CLICK: readonly Tone[] = [[1_000, 20]];

/** What a kiosk that is looked for sounds like, once a second. */
export const IDENTIFY: readonly Tone[] = [
  [1_047, 150],
  [1_568, 250],
];
