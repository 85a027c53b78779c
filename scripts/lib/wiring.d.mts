import type { Pinout } from "../../firmware/rpi/pinout.ts";

export interface Wire {
  readonly part: string;
  readonly pin: number;
  readonly role: string;
  readonly carries: string;
}
export function wires(pinout: Pinout): readonly Wire[];
export function wiringTable(pinout: Pinout): string;
export function wiringPicture(pinout: Pinout): string;
