import { join } from "node:path";
import { Database } from "../../runtime/sqlite/database.ts";
import { percentile } from "./timing.ts";

/** From a scan to its row at the engine, whole seconds of the world's time. */
export interface Delivery {
  readonly deliveryP50S: number;
  readonly deliveryP99S: number;
  readonly deliveryMaxS: number;
}

/** Reads from the engine's store how long check-ins were under way; rows whose time nobody knows are left out. */
export async function deliveryOf(engineDir: string): Promise<Delivery> {
  const database = await Database.open({ file: join(engineDir, "engine.db"), readOnly: true });
  try {
    const rows = await database.all<{ ms: number }>(
      "SELECT stored_at - (earliest + latest) / 2 ms FROM event WHERE kind IN (1, 2) AND unknown = 0",
    );
    const seconds = rows.map(({ ms }) => Math.max(0, Math.round(ms / 1_000)));
    return {
      deliveryP50S: percentile(seconds, 0.5),
      deliveryP99S: percentile(seconds, 0.99),
      deliveryMaxS: percentile(seconds, 1),
    };
  } finally {
    await database.close();
  }
}
