import { DAY_MS, HOUR_MS, SITE_UTC_OFFSET_MS } from "../../protocol/units.ts";
import { COLOURS, type Colour } from "./check-list.ts";

/** By this local hour of the day a place must have checked; until then yesterday's word stands. */
export const DUE_HOUR = 9;
/** A silence longer than this is not mended by one daily check. */
export const GAP_MS = 48 * HOUR_MS;
/** The full list is renewed each month. */
export const FULL_MS = 31 * DAY_MS;

/** A check that was made, and what its list says to it. */
export interface RatedCheck {
  readonly atMs: number;
  readonly colour: Colour;
}

/** Why a place has its colour, the weightiest first. */
export type ColourReason =
  | "no_full_list"
  | "not_checked_today"
  | "full_list"
  | "daily_check"
  | "after_gap"
  | "full_list_due";

/** What the map shows of a place; grey: nobody has said today how it is. */
export interface PlaceColour {
  readonly colour: Colour | "grey";
  /** Nothing for a green place. */
  readonly reasons: readonly ColourReason[];
}

/**
 * The colour of a place at an instant: the worst that its full list, its daily checks and their gaps allow.
 *
 * @param full the checks by the full list, in order of time
 * @param daily the daily checks, in order of time
 */
export function colourAt(
  checks: { readonly full: readonly RatedCheck[]; readonly daily: readonly RatedCheck[] },
  nowMs: number,
): PlaceColour {
  const full = checks.full.filter(({ atMs }) => atMs <= nowMs);
  const daily = checks.daily.filter(({ atMs }) => atMs <= nowMs);
  const renewed = full.at(-1);
  if (!renewed) return { colour: "grey", reasons: ["no_full_list"] };
  const today = [renewed, ...daily].reduce((last, one) => (one.atMs > last.atMs ? one : last));
  if (!isOfToday(today.atMs, nowMs)) return { colour: "grey", reasons: ["not_checked_today"] };
  const lastDaily = daily.at(-1);
  const caps: readonly (readonly [ColourReason, Colour])[] = [
    ["full_list", renewed.colour],
    ["daily_check", lastDaily && lastDaily.atMs >= renewed.atMs ? lastDaily.colour : "green"],
    ["after_gap", hasGap(renewed.atMs, daily) ? "yellow" : "green"],
    ["full_list_due", nowMs - renewed.atMs > FULL_MS ? "yellow" : "green"],
  ];
  const colour = COLOURS[Math.max(...caps.map(([, cap]) => COLOURS.indexOf(cap)))] as Colour;
  return { colour, reasons: caps.flatMap(([reason, cap]) => (cap === colour && cap !== "green" ? [reason] : [])) };
}

/** Of the same local day, or of the day before while today's is not due yet. */
function isOfToday(atMs: number, nowMs: number): boolean {
  const [day, today] = [localDay(atMs), localDay(nowMs)];
  const isDue = nowMs + SITE_UTC_OFFSET_MS - today * DAY_MS >= DUE_HOUR * HOUR_MS;
  return day === today || (!isDue && day === today - 1);
}

function localDay(atMs: number): number {
  return Math.floor((atMs + SITE_UTC_OFFSET_MS) / DAY_MS);
}

/** Whether there was a silence since the full list was renewed, between two checks. */
function hasGap(renewedMs: number, daily: readonly RatedCheck[]): boolean {
  let lastMs = renewedMs;
  for (const { atMs } of daily) {
    if (atMs <= renewedMs) continue;
    if (atMs - lastMs > GAP_MS) return true;
    lastMs = atMs;
  }
  return false;
}
