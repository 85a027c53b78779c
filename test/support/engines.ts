import { onTestFinished } from "vitest";
import { createEngine, type Engine, type EngineConfig, loadEngineConfig } from "../../engine/app.ts";
import { fromBase64Url } from "../../protocol/bytes.ts";
import { decodeReceipt, type Receipt } from "../../protocol/checkin/receipt.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { BatchAnswer } from "../../protocol/http/engine-api.ts";
import type { WallMs } from "../../protocol/units.ts";
import { type RootLogger, silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { makeAuthority, TEST_NOW, type TestAuthority } from "./batches.ts";
import { tempFolder } from "./temp.ts";

/** An engine on a folder of its own, with the authority that its keys are. */
export interface TestEngine {
  readonly engine: Engine;
  readonly authority: TestAuthority;
  readonly folder: string;
  /** The engine's clock. */
  readonly clock: { nowMs: number };
}

/** Opens an engine; it is closed when the test ends. */
export async function openTestEngine(
  given: {
    readonly folder?: string;
    readonly flags?: readonly string[];
    readonly log?: RootLogger;
    readonly nowMs?: number;
  } = {},
): Promise<TestEngine> {
  const folder = given.folder ?? tempFolder();
  const clock = { nowMs: given.nowMs ?? TEST_NOW };
  const engine = await createEngine({
    config: engineConfig(folder, given.flags),
    now: () => clock.nowMs as WallMs,
    log: given.log ?? silentLogger,
    crypto: nodeCrypto,
  });
  onTestFinished(() => engine.close());
  return { engine, folder, clock, authority: await authorityOf(engine) };
}

/** Configuration of an engine on a free port. */
export function engineConfig(folder: string, flags: readonly string[] = []): EngineConfig {
  return loadEngineConfig({ env: {}, flags: [`dataDir=${folder}`, "listen.port=0", ...flags] });
}

/** An authority for test devices that this engine believes. */
export function authorityOf({ keys }: Engine): Promise<TestAuthority> {
  return makeAuthority({ root: keys.root, sealing: { match: keys.match.publicKey, vault: keys.vaultPublicKey } });
}

/** The receipt of an answer, its signature checked against the engine's receipt key. */
export async function receiptOf(engine: Engine, answer: BatchAnswer | undefined): Promise<Receipt> {
  const message = parseCose1(fromBase64Url(answer?.receipt ?? ""));
  await verifyCose1(message, await importVerifyKey(engine.keys.receipt.publicKey));
  return decodeReceipt(message.payload);
}
