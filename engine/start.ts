import { HOUR_MS, MINUTE_MS, type WallMs } from "../protocol/units.ts";
import { diskCheck, diskOf, storeCheck } from "../runtime/disk-check.ts";
import { announceReady, type Running } from "../runtime/lifecycle.ts";
import { createLogger, faultFields, type LogLevel, type RootLogger } from "../runtime/log.ts";
import { nodeCrypto } from "../runtime/node-crypto.ts";
import { createEngine, type Engine } from "./app.ts";
import type { EngineConfig } from "./config.ts";

const PRUNE_EVERY_MS = HOUR_MS;
/** Asked often, made once an hour. */
const PUBLISH_EVERY_MS = MINUTE_MS;

/** Opens an engine with the real clock and random source. */
export function openEngine(config: EngineConfig, log: RootLogger): Promise<Engine> {
  return createEngine({ config, log, crypto: nodeCrypto, now: () => Date.now() as WallMs });
}

/** Starts the service and says so on standard output; keys and database are made at first start. */
export async function startEngine(config: EngineConfig): Promise<Running> {
  const log = createLogger({ part: "engine", level: config.log.level as LogLevel });
  const engine = await openEngine(config, log);
  const { url } = await engine.listen();
  const prune = (): void => {
    engine.prune().then(
      (pruned) => log.info("store.pruned", { ...pruned }),
      (fault: unknown) => log.error("store.prune_failed", faultFields(fault)),
    );
  };
  prune();
  const pruning = setInterval(() => {
    prune();
    void engine.renewTls().catch((fault: unknown) => log.error("tls.not_renewed", faultFields(fault)));
  }, PRUNE_EVERY_MS);
  let underWay: Promise<void> = Promise.resolve();
  const publish = (): void => {
    underWay = engine.publisher.makeFile().then(
      (made) => void (made && log.info("published.made", { number: made.number })),
      (fault: unknown) => log.error("published.failed", faultFields(fault)),
    );
  };
  publish();
  const publishing = setInterval(publish, PUBLISH_EVERY_MS);
  announceReady("engine", { url });
  return {
    check: storeCheck(
      () => engine.probe(),
      diskCheck(diskOf(config.dataDir), () => performance.now()),
    ),
    close: async () => {
      clearInterval(pruning);
      clearInterval(publishing);
      await underWay;
      await engine.close();
    },
  };
}
