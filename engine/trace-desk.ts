import type { PersonKey } from "../protocol/ids.ts";
import type { WallMs } from "../protocol/units.ts";
import { type CaseFile, findCase, firstDateOf, type InfectiousWindow, infectiousWindow } from "./cases/cases.ts";
import type { Trace } from "./engine.ts";
import type { Contact } from "./match/contact.ts";
import { listVisits, traceContacts } from "./match/trace.ts";
import type { RadioDesk } from "./radio/radio-desk.ts";
import { judgePersons } from "./rules/judge-trace.ts";
import { infectiousDays, type RulePack } from "./rules/rule-pack.ts";
import type { EngineStore } from "./store/open-store.ts";
import { noteTold, type Telling, toldOf } from "./store/told-facts.ts";

export interface TraceDeskParts {
  readonly store: EngineStore;
  readonly rules: readonly RulePack[];
  readonly now: () => WallMs;
  /** Resolves when every stored row has its visits. */
  readonly settle: () => Promise<void>;
}

/** Traces cases: the evidence of doors and radios, and what the rule of the day says to it. */
export class TraceDesk {
  readonly #parts: TraceDeskParts;

  constructor(parts: TraceDeskParts) {
    this.#parts = parts;
  }

  /** When a case may have infected others. @param daysBefore days before onset or sample; by default what the rule of that day says */
  windowOf(file: CaseFile, daysBefore?: number): InfectiousWindow {
    const { rules, now } = this.#parts;
    return infectiousWindow(file, now(), daysBefore ?? infectiousDays(rules, firstDateOf(file)));
  }

  /** @throws {EngineInputError} ENGINE_INPUT when there is no such case */
  async trace(caseId: string, radio: RadioDesk, daysBefore?: number): Promise<Trace> {
    const { store, rules, now, settle } = this.#parts;
    const file = await findCase(store.reader, caseId);
    const window = this.windowOf(file, daysBefore);
    await settle();
    const heard = await radio.heardOf(caseId, window);
    const claimed = await radio.claimedOf(caseId);
    const found = await traceContacts(store.reader, { persons: file.persons, window, heard, claimed });
    const told = await toldOf(store.reader, caseId);
    const by = { packs: rules, contacts: found.contacts, told, nowMs: now() };
    return { case: file, window, ...found, persons: judgePersons(found.persons, by) };
  }

  async visits(persons: readonly PersonKey[]): Promise<readonly Contact[]> {
    await this.#parts.settle();
    const window = { from: 0, to: Number.MAX_SAFE_INTEGER };
    return listVisits(this.#parts.store.reader, { persons, window });
  }

  /** @throws {EngineInputError} ENGINE_INPUT when there is no such case */
  async noteTold(telling: Telling): Promise<void> {
    const { store, now } = this.#parts;
    await findCase(store.reader, telling.caseId);
    await store.writer.transaction((sql) => noteTold(sql, telling, now()));
  }
}
