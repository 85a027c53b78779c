import { concatBytes, utf8 } from "../../protocol/bytes.ts";
import { RADIO_SCHEMES } from "../../protocol/checkin/presence.ts";
import { SCHEMES } from "../../protocol/checkin/record.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { CASE_KEY_PROBLEMS, type CaseKeyAnswer, type CaseKeyProblem } from "../../protocol/http/case-keys.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { bytesFrom } from "../store/bulk.ts";
import type { InfectiousWindow } from "./cases.ts";
import { checkKeyItem, type SoughtKey } from "./check-key-item.ts";
import { addClaim, type OpenedClaim } from "./place-claims.ts";

/** What a case's keys are stored with. */
export interface KeyStoring {
  readonly crypto: CryptoPort;
  readonly box: SecretBox;
  readonly caseId: string;
  readonly window: InfectiousWindow;
  readonly nowMs: number;
  /** Claims of presence among the items, by position. */
  readonly claims: ReadonlyMap<number, OpenedClaim>;
}

/** Checks and stores keys of a case one by one. @returns one answer an item, in order */
export async function addCaseKeys(
  sql: Sql,
  items: readonly unknown[],
  storing: KeyStoring,
): Promise<readonly CaseKeyAnswer[]> {
  const answers: CaseKeyAnswer[] = [];
  for (const [at, item] of items.entries()) {
    const claim = storing.claims.get(at);
    const outcome = claim ? await takeClaim(sql, claim, storing) : await takeKey(sql, item, storing);
    answers.push(answerOf(outcome));
  }
  return answers;
}

type ItemOutcome = "stored" | "duplicate" | CaseKeyProblem;

function answerOf(outcome: ItemOutcome): CaseKeyAnswer {
  if (outcome === "stored" || outcome === "duplicate") return { verdict: outcome };
  return { verdict: "refused", problem: { code: outcome, title: CASE_KEY_PROBLEMS[outcome] } };
}

async function takeClaim(sql: Sql, opened: OpenedClaim, storing: KeyStoring): Promise<ItemOutcome> {
  return opened.kind === "refused" ? opened.problem : addClaim(sql, opened.claim, storing);
}

async function takeKey(sql: Sql, item: unknown, storing: KeyStoring): Promise<ItemOutcome> {
  const checked = checkKeyItem(storing.crypto, item, storing.window);
  if (checked.kind === "refused") return checked.problem;
  return (await addKey(sql, checked.key, storing)) > 0 ? "stored" : "duplicate";
}

/** @returns 1 when the key is new. One that is known reaches as far as the longest that was handed in. */
async function addKey(sql: Sql, key: SoughtKey, { box, caseId, nowMs }: KeyStoring): Promise<number> {
  // the end of a token's window moves with the clock; everything else of a key tells it apart
  const from = key.scheme === "token" ? "" : String(key.validFrom);
  const digest = box.nameOf(concatBytes(utf8(`${key.scheme} ${from} `), key.key));
  const scheme = SCHEMES.indexOf(key.scheme);
  const added = await sql.run(
    `INSERT INTO case_key (case_id, digest, scheme, sealed, valid_from, valid_to, publish, stored_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    [caseId, digest, scheme, box.seal(key.key), key.validFrom, key.validTo, key.publish ? 1 : 0, nowMs],
  );
  if (added === 0) {
    await sql.run("UPDATE case_key SET valid_to = max(valid_to, ?) WHERE case_id = ? AND digest = ?", [
      key.validTo,
      caseId,
      digest,
    ]);
  }
  return added;
}

/** The stored keys of a case, in order of their time. */
export async function caseKeys(sql: Sql, box: SecretBox, caseId: string): Promise<readonly SoughtKey[]> {
  const rows = await sql.all<{
    readonly scheme: number;
    readonly sealed: Uint8Array;
    readonly valid_from: number;
    readonly valid_to: number;
    readonly publish: number;
  }>("SELECT scheme, sealed, valid_from, valid_to, publish FROM case_key WHERE case_id = ? ORDER BY valid_from, id", [
    caseId,
  ]);
  return rows.map((row) => ({
    scheme: RADIO_SCHEMES.find((one) => SCHEMES.indexOf(one) === row.scheme) ?? "token",
    key: box.open(bytesFrom(row.sealed)),
    validFrom: row.valid_from,
    validTo: row.valid_to,
    publish: row.publish === 1,
  }));
}

/** Deletes keys and claims whose time is before `beforeMs`, and codes that no longer open anything. @returns keys deleted */
export async function pruneCaseKeys(sql: Sql, beforeMs: number, nowMs: number): Promise<number> {
  await sql.run("DELETE FROM key_code WHERE expires_at < ?", [nowMs]);
  await sql.run("DELETE FROM case_place WHERE at < ?", [beforeMs]);
  return sql.run("DELETE FROM case_key WHERE valid_to < ?", [beforeMs]);
}
