import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import type { AdmissionPolicy } from "./policy.ts";

/** What the door knows of one visitor: the last thing that happened, in this boot's time. */
export interface VisitorPast {
  readonly direction: "in" | "out";
  /** When; below zero when it happened before this boot. */
  readonly boottimeMs: BoottimeMs;
  /** Of an earlier boot, and nobody can say when: `boottimeMs` is the beginning of this one, for good or until this boot knows the time. */
  readonly undated?: "for_good" | "until_clock";
  readonly wallMs: WallMs;
  readonly party: number;
  /** Another door of the place saw it. */
  readonly isElsewhere?: boolean;
}

/** All that a decision depends on. */
export interface AdmissionCase {
  readonly past: VisitorPast | null;
  /** People inside now, unnamed companions included. */
  readonly inside: number;
  /** This door hears nothing of the others now: who came by one of them may have left by it since. */
  readonly isCutOff: boolean;
  /** Unnamed companions announced with this scan, 0 to 9. */
  readonly party: number;
  readonly nowMs: BoottimeMs;
  readonly policy: AdmissionPolicy;
}

/** What the door does with a visitor whose code it could read. */
export type Admission =
  | { readonly kind: "admit"; readonly direction: "in" | "out"; readonly party: number }
  | { readonly kind: "already"; readonly since: VisitorPast }
  | { readonly kind: "repeat" }
  | { readonly kind: "full" };

/**
 * Decides one scan. Pure: the same case gives the same answer.
 *
 * The door never refuses for being unsure: an exit without a known entrance is an exit, and the engine pairs what the door could not.
 */
export function decideAdmission({ past: noted, inside, isCutOff, party, nowMs, policy }: AdmissionCase): Admission {
  const age = noted ? nowMs - noted.boottimeMs : Number.POSITIVE_INFINITY;
  const known = age <= policy.maximumStayMs ? noted : null; // whoever forgot to check out yesterday comes in today
  const entered = known?.direction === "in" ? known : null;
  const isInDoubt = isCutOff && entered?.isElsewhere === true;
  const past = isInDoubt ? null : known;
  if (past && !past.isElsewhere && age < policy.repeatIgnoredMs) return { kind: "repeat" };
  if (past && age < policy.minimumDwellMs) return { kind: "already", since: past };
  const leaving: Admission = { kind: "admit", direction: "out", party: entered?.party ?? party };
  if (policy.profile === "exit" || past?.direction === "in") return leaving;
  if (inside + 1 + party <= (policy.capacity ?? Number.POSITIVE_INFINITY))
    return { kind: "admit", direction: "in", party };
  return isInDoubt ? leaving : { kind: "full" }; // a full house keeps nobody in
}
