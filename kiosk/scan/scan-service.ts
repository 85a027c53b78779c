import type { DeviceClock, DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { RawScan } from "../../firmware/ports/qr-scanner.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { ResultCode, ScreenResult } from "../../protocol/http/kiosk-screen.ts";
import type { Epoch, VenueId, VisitorTag } from "../../protocol/ids.ts";
import type { Credential, QrReading, StaffAction } from "../../protocol/qr/reading.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { decideAdmission, type VisitorPast } from "../admission/decide.ts";
import { PassSteps } from "../admission/pass-steps.ts";
import type { AdmissionPolicy } from "../admission/policy.ts";
import type { Visitors } from "../admission/visitors.ts";
import { tagsOf } from "../day/day-turn.ts";
import type { Append, CheckinLog, LoggedRow, RecordDraft } from "../ledger/checkin-log.ts";
import type { StaffDesk } from "../staff/staff-desk.ts";
import type { Counters } from "./counters.ts";
import { PendingParty } from "./party.ts";
import type { SealingPool } from "./sealing-pool.ts";

/** What a scan comes to: for the screen, the lights and the counters. */
export interface ScanAnswer {
  readonly code: ResultCode;
  readonly credential: Credential | null;
  /** When it happened, for `already` the earlier check-in; as in the row. */
  readonly atMs: WallMs;
  /** Whether this kiosk knows the time: else `atMs` may be anything. */
  readonly timeKnown: boolean;
  readonly party: number;
  /** Rows committed by this scan, oldest first. */
  readonly rows: readonly LoggedRow[];
  readonly hint: ScreenResult["hint"];
}

export interface ScanServiceDeps {
  readonly parse: (
    bytes: Uint8Array,
    context: { nowMs: WallMs | null; clockUncertaintyMs: number },
  ) => Promise<QrReading>;
  readonly crypto: CryptoPort;
  readonly clock: DeviceClock;
  readonly log: CheckinLog;
  /** Commits rows; makes room first when the disk is full. */
  readonly append: CheckinLog["append"];
  readonly visitors: Visitors;
  readonly sealing: SealingPool;
  readonly policy: AdmissionPolicy;
  readonly place: { readonly venue: VenueId; readonly gate: number };
  readonly counters: Counters;
  readonly staff: Pick<StaffDesk, "act" | "isClosed">;
  /** Whether this door hears nothing of the other doors now. */
  readonly isCutOff: () => boolean;
  /** Told of whom this door let in or out, once it is on the disk. */
  readonly passed: (tags: readonly VisitorTag[], past: VisitorPast) => void;
  readonly logger: Logger;
}

/** The last visitor let in, who may still say how many came along; held for seconds, in memory only. */
interface LastAdmission {
  readonly credential: Credential;
  readonly row: LoggedRow;
  /** Epoch that the row's number is of: a fork may come before the visitor says how many. */
  readonly epoch: Epoch;
  readonly untilMs: BoottimeMs;
}

/**
 * Turns one scan into one answer: parse, decide, commit, in that order, with one reading of the clock.
 *
 * Decisions are made one after the other; commits of scans that queue up share a flush. Nothing is answered `in_ok` or `out_ok`
 * before its row is on the disk.
 */
export class ScanService {
  readonly #deps: ScanServiceDeps;
  readonly #pending: PendingParty;
  readonly #steps = new PassSteps();
  #last: LastAdmission | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ScanServiceDeps) {
    this.#deps = deps;
    this.#pending = new PendingParty(deps.policy.partyWindowMs);
  }

  /** Answers one scan; null when nothing is to be shown (the same gesture again). Never throws for anything that was scanned. */
  async answer(scan: RawScan): Promise<ScanAnswer | null> {
    const now = this.#deps.clock.now();
    const reading = await this.#read(scan, now);
    this.#deps.counters.add(reading.kind === "credential" ? `scan.${reading.format}` : `scan.${reading.kind}`);
    if (reading.kind !== "credential") return this.#answerOther(reading, now);
    if (this.#deps.staff.isClosed) {
      this.#last = null;
      this.#deps.counters.add("answer.closed");
      return this.#plain("see_staff", now);
    }
    const { decided } = await this.#inTurn(() => this.#decide(reading, now));
    return decided;
  }

  /** Adds companions to the visitor just let in. @returns the new answer, or null when the time for it is over */
  async addParty(count: number): Promise<ScanAnswer | null> {
    const now = this.#deps.clock.now();
    const last = this.#last;
    if (!last || now.boottimeMs > last.untilMs) return null;
    return this.#amend(last, count, now);
  }

  async #read(scan: RawScan, now: DeviceTime): Promise<QrReading> {
    if (scan.overflow) return { kind: "unknown", reason: "oversize" };
    const trusted = now.state !== "unsynced";
    return this.#deps.parse(scan.bytes, {
      nowMs: trusted ? now.wallMs : null,
      clockUncertaintyMs: trusted ? now.uncertaintyMs : 0,
    });
  }

  #answerOther(
    reading: Exclude<QrReading, Credential>,
    now: DeviceTime,
  ): Promise<ScanAnswer | null> | ScanAnswer | null {
    if (reading.kind !== "party") this.#last = null; // the screen says something else now: a number is no longer the last visitor's
    switch (reading.kind) {
      case "party": {
        const last = this.#last;
        if (last && now.boottimeMs <= last.untilMs) return this.#amend(last, reading.count, now);
        this.#pending.announce(reading.count, now.boottimeMs);
        return { ...this.#plain("party_ok", now), party: reading.count };
      }
      case "poster":
        return { ...this.#plain("poster", now), hint: "own_code" };
      case "refused":
        this.#deps.counters.add(`refused.${reading.reason}`);
        return {
          ...this.#plain(refusalCode(reading.reason), now),
          hint: reading.reason === "scanner_layout" ? "scanner_layout" : null,
        };
      case "setup":
        return this.#plain("see_staff", now);
      case "staff":
        return this.#inTurn(() => this.#obey(reading.action, now));
      case "unknown":
        this.#deps.counters.add(`unknown.${reading.reason}`);
        return this.#plain("unknown_qr", now);
    }
  }

  async #obey(action: StaffAction, now: DeviceTime): Promise<ScanAnswer | null> {
    try {
      const hint = await this.#deps.staff.act(action, now.boottimeMs);
      return hint && { ...this.#plain("staff_ok", now), hint };
    } catch (fault) {
      return this.#fault(fault, now);
    }
  }

  /** Decides and starts the commit; the returned promise inside lets the next decision begin before the flush ends. */
  async #decide(
    credential: Credential,
    now: DeviceTime,
  ): Promise<{ decided: Promise<ScanAnswer | null> | ScanAnswer | null }> {
    const { visitors, policy, log, crypto } = this.#deps;
    await this.#deps.sealing.prepare(now.boottimeMs);
    const tags = tagsOf(crypto, log.dayKeys, credential);
    const party = this.#pending.take(now.boottimeMs);
    const past = visitors.find(tags);
    const facts = { past, inside: visitors.inside, isCutOff: this.#deps.isCutOff(), party };
    const admission = decideAdmission({ ...facts, nowMs: now.boottimeMs, policy });
    this.#deps.counters.add(`answer.${admission.kind}`);
    if (admission.kind === "repeat") return { decided: null }; // the screen still asks the last visitor for his companions
    this.#last = null;
    if (admission.kind === "already") {
      const { party, boottimeMs } = admission.since;
      return { decided: { ...this.#plain("already", now), credential, atMs: wallTimeOf(boottimeMs, now), party } };
    }
    if (admission.kind === "full") return { decided: { ...this.#plain("full", now), credential } };
    const giveBack = this.#steps.use(credential);
    if (!giveBack) return { decided: this.#plain("expired", now) };
    const { direction } = admission;
    const seen = { direction, party: admission.party, boottimeMs: now.boottimeMs, wallMs: now.wallMs };
    const forget = visitors.note(tags, seen);
    const undo = (): void => {
      forget();
      giveBack();
    };
    const append = this.#append(credential, this.#draft(direction, admission.party, credential, now), tags[0] ?? null);
    return { decided: this.#commit(credential, seen, { append, now, undo, tags }) };
  }

  async #commit(
    credential: Credential,
    seen: VisitorPast,
    step: {
      readonly append: Append;
      readonly now: DeviceTime;
      readonly undo: () => void;
      readonly tags: readonly VisitorTag[];
    },
  ): Promise<ScanAnswer> {
    const { now } = step;
    try {
      const rows = await this.#deps.append([step.append]);
      const row = rows[0] as LoggedRow;
      const untilMs = (now.boottimeMs + this.#deps.policy.partyWindowMs) as BoottimeMs;
      this.#last = seen.direction === "in" ? { credential, row, untilMs, epoch: this.#deps.log.key.epoch } : null;
      this.#deps.passed(step.tags, seen);
      const code = seen.direction === "in" ? "in_ok" : "out_ok";
      return { ...this.#plain(code, now), credential, party: seen.party, rows };
    } catch (fault) {
      step.undo();
      return this.#fault(fault, now);
    }
  }

  async #amend(last: LastAdmission, count: number, now: DeviceTime): Promise<ScanAnswer> {
    this.#last = null;
    const { visitors, log, crypto } = this.#deps;
    await this.#deps.sealing.prepare(now.boottimeMs);
    const tags = tagsOf(crypto, log.dayKeys, last.credential);
    const seen: VisitorPast = { direction: "in", boottimeMs: now.boottimeMs, wallMs: now.wallMs, party: count };
    const undo = visitors.note(tags, seen);
    const draft = this.#draft("in", count, last.credential, now);
    const annul: RecordDraft = {
      ...draft,
      kind: "annul",
      annuls: last.row.record.seq,
      scheme: "none",
      party: 0,
      evidence: "none",
    };
    try {
      const rows = await this.#deps.append([
        { draft: annul, numbering: last.epoch, tag: null, seal: null },
        this.#append(last.credential, draft, tags[0] ?? null),
      ]);
      this.#deps.passed(tags, seen);
      return { ...this.#plain("in_ok", now), credential: last.credential, party: count, rows };
    } catch (fault) {
      undo();
      return this.#fault(fault, now);
    }
  }

  #append(credential: Credential, draft: RecordDraft, tag: Append["tag"]): Append {
    const { sealing, log } = this.#deps;
    const { device, stream } = log.key;
    return {
      draft,
      tag,
      seal: ({ epoch, seq }) => sealing.seal(credential, { device, epoch, stream, seq, kind: draft.kind }),
    };
  }

  #draft(kind: "in" | "out", party: number, credential: Credential, now: DeviceTime): RecordDraft {
    return {
      kind,
      venue: this.#deps.place.venue,
      gate: this.#deps.place.gate,
      boot: now.bootId,
      boottimeMs: now.boottimeMs,
      wallMs: now.wallMs,
      clock: now.state,
      uncertaintyMs: now.uncertaintyMs,
      scheme: credential.scheme,
      party,
      evidence: credential.evidence,
    };
  }

  #fault(fault: unknown, now: DeviceTime): ScanAnswer {
    if (!(fault instanceof BluepostError)) throw fault;
    this.#deps.logger.error("scan.not_stored", faultFields(fault));
    this.#deps.counters.add("answer.fault");
    return this.#plain("fault", now);
  }

  #plain(code: ResultCode, now: DeviceTime): ScanAnswer {
    const timeKnown = now.state !== "unsynced";
    return { code, credential: null, atMs: now.wallMs, timeKnown, party: 0, rows: [], hint: null };
  }

  #inTurn<Result>(job: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(job);
    this.#turn = turn.catch(() => undefined); // the caller gets the fault; the door goes on
    return turn;
  }
}

/** What the clock says now of an instant of this boot: it may have been set since. */
function wallTimeOf(boottimeMs: BoottimeMs, now: DeviceTime): WallMs {
  return (now.wallMs - (now.boottimeMs - boottimeMs)) as WallMs;
}

function refusalCode(reason: string): ResultCode {
  return reason === "expired" || reason === "stale"
    ? "expired"
    : reason === "malformed" || reason === "oversize"
      ? "unknown_qr"
      : "see_staff";
}
