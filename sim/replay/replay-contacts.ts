import { rm } from "node:fs/promises";
import { rounded } from "../report/timing.ts";
import { pairOf, type Score, scoreOf } from "../report/truth.ts";
import { createRng } from "../rng.ts";
import { makeWorldFolder } from "../world-folder.ts";
import { type ContactFile, rowsOfPairs } from "./contact-file.ts";
import { KioskNet } from "./kiosk-net.ts";
import { placements, type Step } from "./placement.ts";
import { TokenToToken } from "./token-to-token.ts";

/** Fifteen minutes in rows of 20 seconds, cumulated: a close contact. */
export const CLOSE_ROWS = 45;

export interface ReplayOptions {
  /** Number of the case in the file's people. */
  readonly of: number;
  readonly seed: string;
  /** Told of progress, 0 to 1. */
  readonly progress?: (done: number) => void;
}

/** A score and what it comes to in one number: F1, the harmonic mean of recall and precision; 0 when nothing was found rightly. */
export interface F1Score extends Score {
  readonly f1: number;
}

/** What each kind of evidence found of the contacts that the file knows. */
export interface EvidenceScores {
  /** Tokens heard by the kiosks, traced by the engine: the same room for 15 minutes. */
  readonly kioskNet: F1Score;
  /** Tokens or phones that hear each other: as loud as at 2 m, for 15 minutes. */
  readonly tokenToToken: F1Score;
  /** Everybody of the same class: what an officer has without any device. */
  readonly sameClassBaseline: F1Score;
}

/** The outcome of a replay. Everything but `timing` is the same for the same seed. */
export interface ContactReplayReport extends EvidenceScores {
  readonly seed: string;
  readonly case: string;
  readonly people: number;
  readonly rows: number;
  /** Lines of the file that were left out: somebody with himself. */
  readonly ignoredRows: number;
  readonly rooms: number;
  /** Close contacts of the case by the file itself: 45 rows or more. */
  readonly closeContacts: number;
  /** The same three, for readers of earlier reports. */
  readonly F1: EvidenceScores;
  readonly timing: { readonly wallSeconds: number; readonly speedup: number };
}

/** Plays a contact file through the real kiosks, gateway and engine, and scores what they know of the contacts of one person. */
export async function replayContacts(file: ContactFile, options: ReplayOptions): Promise<ContactReplayReport> {
  const folder = await makeWorldFolder("bluepost-replay-");
  const started = performance.now();
  try {
    const rng = createRng(options.seed);
    const net = await KioskNet.open(file, folder, rng.fork("kiosks"));
    const near = new TokenToToken(options.of, rng.fork("tokens"));
    const steps = [...placements(file, rng.fork("places"))];
    await play(steps, { net, near, progress: options.progress });
    const heard = await net.contactsOf(options.of);
    await net.close();
    const found = { heard, near: near.nearFor(CLOSE_ROWS) };
    const wallSeconds = (performance.now() - started) / 1_000;
    const lasted = (steps.at(-1)?.atS ?? 0) - (steps[0]?.atS ?? 0);
    const timing = { wallSeconds: rounded(wallSeconds, 1), speedup: Math.round(lasted / wallSeconds) };
    return { ...reportOf(file, options, found), timing };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function play(
  steps: readonly Step[],
  to: { net: KioskNet; near: TokenToToken; progress: ((done: number) => void) | undefined },
): Promise<void> {
  for (const [at, step] of steps.entries()) {
    await to.net.step(step);
    to.near.step(step);
    if (at % 50 === 0) to.progress?.((at + 1) / steps.length);
  }
}

function reportOf(
  file: ContactFile,
  { of, seed }: ReplayOptions,
  found: { readonly heard: ReadonlySet<number>; readonly near: ReadonlySet<number> },
): Omit<ContactReplayReport, "timing"> {
  const rows = rowsOfPairs(file);
  const others = file.people.map((_, person) => person).filter((person) => person !== of);
  const close = new Set(others.filter((other) => (rows.get(pairOf(of, other)) ?? 0) >= CLOSE_ROWS));
  const classmates = others.filter((other) => file.people[other]?.group === file.people[of]?.group);
  const score = (people: Iterable<number>): F1Score => {
    const { recall, precision } = scoreOf(named(people), named(close));
    const f1 = recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision);
    return { recall: rounded(recall, 4), precision: rounded(precision, 4), f1: rounded(f1, 4) };
  };
  const scores = {
    kioskNet: score(found.heard),
    tokenToToken: score(found.near),
    sameClassBaseline: score(classmates),
  };
  return {
    seed,
    case: file.people[of]?.id ?? "",
    people: file.people.length,
    rows: file.rows.length,
    ignoredRows: file.ignored,
    rooms: file.groups.length,
    closeContacts: close.size,
    ...scores,
    F1: scores,
  };
}

function named(people: Iterable<number>): ReadonlySet<string> {
  return new Set([...people].map(String));
}
