import type { ResultCode } from "../../protocol/http/kiosk-screen.ts";
import type { Tone } from "../kit/sounds.ts";
import type { IconName } from "./icons.tsx";

/** How one answer looks and sounds: never by colour alone. */
export interface Look {
  readonly ground: string;
  readonly ink: string;
  readonly icon: IconName;
  readonly tones: readonly Tone[];
}

const GREEN = { ground: "#0b6e3b", ink: "#ffffff" };
const BLUE = { ground: "#0b4f9e", ink: "#ffffff" };
const AMBER = { ground: "#ffc20e", ink: "#000000" };
const GREY = { ground: "#444444", ink: "#ffffff" };
const RED = { ground: "#b00020", ink: "#ffffff" };
const PURPLE = { ground: "#5a2a82", ink: "#ffffff" };

/** Contrast of text on ground is at least 6.3:1 in every row. */
export const LOOKS: Readonly<Record<ResultCode, Look>> = {
  in_ok: {
    ...GREEN,
    icon: "in",
    tones: [
      [880, 60],
      [1_320, 60],
    ],
  },
  out_ok: {
    ...BLUE,
    icon: "out",
    tones: [
      [1_320, 60],
      [880, 60],
    ],
  },
  already: { ...AMBER, icon: "again", tones: [[660, 150]] },
  party_ok: { ...BLUE, icon: "people", tones: [[660, 150]] },
  unknown_qr: {
    ...GREY,
    icon: "question",
    tones: [
      [330, 120],
      [0, 60],
      [330, 120],
    ],
  },
  poster: {
    ...GREY,
    icon: "poster",
    tones: [
      [330, 120],
      [0, 60],
      [330, 120],
    ],
  },
  expired: {
    ...AMBER,
    icon: "clock",
    tones: [
      [330, 120],
      [0, 60],
      [330, 120],
    ],
  },
  need_declare: { ...AMBER, icon: "form", tones: [[660, 150]] },
  full: {
    ...RED,
    icon: "stop",
    tones: [
      [220, 120],
      [0, 60],
      [220, 120],
      [0, 60],
      [220, 120],
    ],
  },
  see_staff: { ...PURPLE, icon: "person", tones: [[660, 150]] },
  fault: { ...GREY, icon: "wrench", tones: [] },
};

/** The click of the scanner: heard before anything is decided. */
export const CLICK: readonly Tone[] = [[1_000, 20]];
