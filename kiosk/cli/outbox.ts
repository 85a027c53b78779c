import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { fromHex } from "../../protocol/bytes.ts";
import { RECEIPTS_SUFFIX } from "../../protocol/checkin/outbox-file.ts";
import { importVerifyKey } from "../../protocol/cose.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { type CommonFlags, guarded, print } from "../../runtime/cli/frame.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { certificatePublicKey } from "../../runtime/pki/chain.ts";
import type { KioskConfig } from "../config.ts";
import type { LedgerHome } from "../ledger/facts.ts";
import { openLedger, peekLedger } from "../ledger/open-ledger.ts";
import { exportOutbox } from "../outbox/export-outbox.ts";
import { importReceipts } from "../outbox/import-receipts.ts";
import { bundleDirOf, readBundle } from "../provision/bundle.ts";
import { configOf, withConfig } from "./commands.ts";

/** The kiosk's service runs, and a ledger has one writer. */
export class ServiceRunningError extends BluepostError {
  readonly code = "KIOSK_SERVICE_RUNNING";
  readonly recovery = "drop";
}

/** There is no file of this kiosk on the stick. */
export class NothingToImportError extends BluepostError {
  readonly code = "KIOSK_NOTHING_TO_IMPORT";
  readonly recovery = "drop";
}

/** Registers `outbox export` and `outbox import` below `outbox`. @param home hardware that the ledger belongs to */
export function registerStickCommands(outbox: Command, home: () => Promise<LedgerHome>): void {
  withConfig(outbox.command("export"))
    .description(
      "write what the engine has not confirmed to a folder, for a USB stick; the service may run, nothing is changed",
    )
    .requiredOption("--out <dir>", "folder to write to")
    .action(guarded(writeStick));
  withConfig(outbox.command("import <dir>"))
    .description("read the receipts that `gateway import` wrote to the stick, so that confirmed rows may go")
    .action(guarded((dir: string, flags: CommonFlags) => readStick(dir, flags, home)));
}

async function writeStick(flags: CommonFlags & { readonly out: string }): Promise<number> {
  const config = configOf(flags);
  const { site, device, signer } = await readBundle(bundleDirOf(config));
  const folder = join(config.dataDir, "ledger");
  const peeked = await peekLedger({ folder, crypto: nodeCrypto, site, device });
  if (!peeked) {
    print(flags, { files: [], batches: 0, rows: 0, left: 0 }, ["There is no ledger yet: nothing to carry."]);
    return EXIT.ok;
  }
  try {
    const done = await exportOutbox(peeked.logs, { folder: resolve(flags.out), site, signer });
    const nothing = ["Nothing to carry: the engine has confirmed every row."];
    const lines = [
      `${done.rows} rows in ${done.batches} batches are in ${flags.out} (${done.files.length} files), sealed as they are.`,
      `At the gateway: bluepost-gateway import ${flags.out}`,
      ...(done.left > 0 ? [`${done.left} newest rows are not cut into a batch yet; they stay for the next time.`] : []),
    ];
    print(flags, done, done.batches === 0 ? nothing : lines);
    return EXIT.ok;
  } finally {
    await peeked.close();
  }
}

async function readStick(dir: string, flags: CommonFlags, home: () => Promise<LedgerHome>): Promise<number> {
  const config = configOf(flags);
  const bundle = await readBundle(bundleDirOf(config));
  if (!existsSync(join(dir, `${bundle.device}${RECEIPTS_SUFFIX}`)))
    throw new NothingToImportError("the folder has no receipts for this kiosk; run `gateway import` on it first");
  await requireStopped(config);
  const { site, device, trust } = bundle;
  const keys = {
    engine: await importVerifyKey(fromHex(trust.receiptKey)),
    gateway: await importVerifyKey(certificatePublicKey(trust.gateway)),
  };
  const folder = join(config.dataDir, "ledger");
  const log = await openLedger({ folder, crypto: nodeCrypto, site, device, home: await home(), log: silentLogger });
  try {
    const done = await importReceipts(log, { folder: dir, keys });
    print(flags, done, [
      `The engine has confirmed every row up to ${done.confirmedUpto} (${done.applied} receipts, ${done.ignored} of no use).`,
      "Start the kiosk again: systemctl start bluepost-kiosk",
    ]);
    return EXIT.ok;
  } finally {
    await log.close();
  }
}

/** @throws {ServiceRunningError} KIOSK_SERVICE_RUNNING */
async function requireStopped({ screen }: KioskConfig): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${screen.port}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => null, // nobody listens: as it should be
  );
  if (answer?.ok) throw new ServiceRunningError("the kiosk is running; stop it first: systemctl stop bluepost-kiosk");
}
