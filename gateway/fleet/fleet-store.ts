import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { toHex } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import {
  type CommandName,
  type CommandResult,
  type Desired,
  RemoteSettings,
  Reported,
} from "../../protocol/mqtt/fleet.ts";
import { DAY_MS, MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import { Database, type Sql } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";

/** A setting that may not be set from afar, or a value that it cannot have. */
export class FleetSettingError extends BluepostError {
  readonly code = "GW_SETTING";
  readonly recovery = "drop";
}

/** A kiosk has not answered so many commands that another is of no use. */
export class TooManyCommandsError extends BluepostError {
  readonly code = "GW_TOO_MANY_COMMANDS";
  readonly recovery = "drop";
}

/** A command to one kiosk, and what became of it. */
export interface CommandEntry {
  readonly id: string;
  readonly device: DeviceId;
  readonly name: CommandName;
  readonly atMs: WallMs;
  readonly expiresMs: WallMs;
  /** Null until the kiosk answers. */
  readonly outcome: CommandResult["outcome"] | null;
  readonly fault: string | null;
}

/** Settings to change; null gives a setting back to the kiosk's own configuration. */
export type SettingsPatch = { readonly [Key in keyof RemoteSettings]?: RemoteSettings[Key] | null };

/** One line of the audit trail. */
export interface AuditLine {
  readonly atMs: WallMs;
  /** Name of the operator, or `cli` for whoever has a shell on the gateway. */
  readonly operator: string;
  readonly action: string;
  readonly device: DeviceId | null;
  readonly detail: string;
}

interface CommandRow {
  readonly id: string;
  readonly device: DeviceId;
  readonly name: CommandName;
  readonly at_ms: WallMs;
  readonly expires_ms: WallMs;
  readonly outcome: CommandResult["outcome"] | null;
  readonly fault: string | null;
}

/** How long a kiosk may take to hear a command, milliseconds: lamps are looked for now, a restart may wait for the network. */
const LIFETIME_MS: Readonly<Record<CommandName, number>> = {
  identify: MINUTE_MS,
  reboot: 10 * MINUTE_MS,
  bundle: 10 * MINUTE_MS,
};
const MAX_OPEN_COMMANDS = 10;
const COMMANDS_KEPT_MS = 30 * DAY_MS;
const AUDIT_LINES = 10_000;

/** What the gateway wants of its kiosks, in a SQLite file that the running gateway and the command line share. */
export class FleetStore {
  readonly db: Database;
  readonly #crypto: Pick<CryptoPort, "randomBytes">;
  #ownChanges = 0;

  private constructor(db: Database, crypto: Pick<CryptoPort, "randomBytes">) {
    this.db = db;
    this.#crypto = crypto;
  }

  /** Opens the file, made when absent. @throws {StoreError} RT_STORE_FAILED */
  static async open(file: string, crypto: Pick<CryptoPort, "randomBytes">): Promise<FleetStore> {
    const db = await Database.open({ file });
    try {
      await migrate(db, join(import.meta.dirname, "migrations"));
      return new FleetStore(db, crypto);
    } catch (fault) {
      await db.close();
      throw fault;
    }
  }

  /** Changes whenever any process changes the file: cheap to ask often. */
  async version(): Promise<string> {
    const row = await this.db.get<{ data_version: number }>("PRAGMA data_version"); // counts the commits of others only
    return `${row?.data_version ?? 0}.${this.#ownChanges}`;
  }

  /** Runs one transaction of this process. @throws {StoreError} RT_STORE_FAILED */
  async change<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const result = await this.db.transaction(work);
    this.#ownChanges += 1; // after the commit: whoever looks earlier must look again
    return result;
  }

  /** What a kiosk shall be set to; null when it was never told. */
  async desired(device: DeviceId): Promise<Desired | null> {
    const row = await this.db.get<DesiredRow>("SELECT * FROM desired WHERE device = ?", [device]);
    return row ? toDesired(row) : null;
  }

  async allDesired(): Promise<ReadonlyMap<DeviceId, Desired>> {
    const rows = await this.db.all<DesiredRow>("SELECT * FROM desired");
    return new Map(rows.map((row) => [row.device, toDesired(row)]));
  }

  /**
   * Changes what a kiosk shall be set to.
   *
   * @returns the new whole, its version above every one that the kiosk has heard of
   * @throws {FleetSettingError} GW_SETTING
   */
  async configure(device: DeviceId, patch: SettingsPatch, nowMs: WallMs): Promise<Desired> {
    return this.change(async (sql) => {
      const before = await this.desired(device);
      const reported = (await this.allReported()).get(device)?.message;
      const merged = Object.entries({ ...before?.settings, ...patch }).filter(([, value]) => value !== null);
      const settings: unknown = Object.fromEntries(merged);
      if (!Value.Check(RemoteSettings, settings)) {
        throw new FleetSettingError(`${faultyField(settings)}: not a setting for kiosks, or a value out of its range`);
      }
      const heard = [before?.version, reported?.version, reported?.trialVersion, reported?.refused?.version];
      const version = Math.max(0, ...heard.map((n) => n ?? 0)) + 1;
      await sql.run(
        `INSERT INTO desired (device, version, settings, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT (device)
         DO UPDATE SET version = excluded.version, settings = excluded.settings, at_ms = excluded.at_ms`,
        [device, version, JSON.stringify(settings), nowMs],
      );
      return { version, settings };
    });
  }

  /** Notes what kiosks said last, in one commit. */
  async saveReported(messages: ReadonlyMap<DeviceId, Reported>, nowMs: WallMs): Promise<void> {
    await this.change(async (sql) => {
      for (const [device, message] of messages) {
        await sql.run(
          `INSERT INTO reported (device, message, at_ms) VALUES (?, ?, ?) ON CONFLICT (device)
           DO UPDATE SET message = excluded.message, at_ms = excluded.at_ms`,
          [device, JSON.stringify(message), nowMs],
        );
      }
    });
  }

  async allReported(): Promise<ReadonlyMap<DeviceId, { readonly message: Reported; readonly atMs: WallMs }>> {
    const rows = await this.db.all<{ device: DeviceId; message: string; at_ms: WallMs }>("SELECT * FROM reported");
    const read = rows.map(({ device, message, at_ms }) => ({ device, message: JSON.parse(message) as unknown, at_ms }));
    const good = read.filter((row): row is typeof row & { message: Reported } => Value.Check(Reported, row.message));
    return new Map(good.map(({ device, message, at_ms }) => [device, { message, atMs: at_ms }]));
  }

  /** Enters a command. @throws {TooManyCommandsError} GW_TOO_MANY_COMMANDS */
  async command(device: DeviceId, name: CommandName, nowMs: WallMs): Promise<CommandEntry> {
    const open = (await this.openCommands(nowMs)).filter((one) => one.device === device);
    if (open.length >= MAX_OPEN_COMMANDS)
      throw new TooManyCommandsError("the kiosk has not answered the last ones yet");
    const id = toHex(this.#crypto.randomBytes(16));
    const expiresMs = (nowMs + LIFETIME_MS[name]) as WallMs;
    await this.change(async (sql) => {
      await sql.run("DELETE FROM commands WHERE at_ms < ?", [nowMs - COMMANDS_KEPT_MS]);
      const row = [id, device, name, nowMs, expiresMs];
      await sql.run("INSERT INTO commands (id, device, name, at_ms, expires_ms) VALUES (?, ?, ?, ?, ?)", row);
    });
    return { id, device, name, atMs: nowMs, expiresMs, outcome: null, fault: null };
  }

  async findCommand(id: string): Promise<CommandEntry | null> {
    const row = await this.db.get<CommandRow>("SELECT * FROM commands WHERE id = ?", [id]);
    return row ? toCommand(row) : null;
  }

  /** Commands that wait for an answer and have not expired, oldest first. */
  async openCommands(nowMs: WallMs): Promise<readonly CommandEntry[]> {
    const sql = "SELECT * FROM commands WHERE outcome IS NULL AND expires_ms >= ? ORDER BY at_ms";
    return (await this.db.all<CommandRow>(sql, [nowMs])).map(toCommand);
  }

  /** The last command of each kiosk. */
  async lastCommands(): Promise<ReadonlyMap<DeviceId, CommandEntry>> {
    const rows = await this.db.all<CommandRow>("SELECT *, max(at_ms) FROM commands GROUP BY device");
    return new Map(rows.map((row) => [row.device, toCommand(row)]));
  }

  /** Notes a kiosk's answer; a repeated one changes nothing. @returns false when no such command was sent to it */
  async answered(device: DeviceId, id: string, result: CommandResult, nowMs: WallMs): Promise<boolean> {
    const known = await this.findCommand(id);
    if (!known || known.device !== device || known.name !== result.name) return false;
    if (known.outcome !== null) return true;
    return this.change(async (sql) => {
      const changed = await sql.run(
        "UPDATE commands SET outcome = ?, fault = ?, ended_ms = ? WHERE id = ? AND device = ? AND name = ?",
        [result.outcome, result.fault ?? null, nowMs, id, device, result.name],
      );
      if (changed === 0 || result.data === undefined) return changed > 0;
      await sql.run(
        `INSERT INTO bundles (device, at_ms, body) VALUES (?, ?, ?) ON CONFLICT (device)
         DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body`,
        [device, nowMs, new Uint8Array(Buffer.from(result.data, "base64"))],
      );
      return true;
    });
  }

  /** The last support bundle that a kiosk sent, gzip; null when it sent none. */
  async bundle(device: DeviceId): Promise<Uint8Array | null> {
    const row = await this.db.get<{ body: Uint8Array }>("SELECT body FROM bundles WHERE device = ?", [device]);
    return row ? new Uint8Array(row.body) : null;
  }

  /** Adds a line to the audit trail; the oldest beyond 10,000 go. */
  async audit(line: AuditLine): Promise<void> {
    const { atMs, operator, action, device, detail } = line;
    await this.change(async (sql) => {
      const row = [atMs, operator, action, device, detail];
      await sql.run("INSERT INTO audit (at_ms, operator, action, device, detail) VALUES (?, ?, ?, ?, ?)", row);
      await sql.run("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", [AUDIT_LINES]);
    });
  }

  /** The newest lines of the audit trail, newest first. */
  async auditTrail(limit: number): Promise<readonly AuditLine[]> {
    const sql = "SELECT at_ms AS atMs, operator, action, device, detail FROM audit ORDER BY id DESC LIMIT ?";
    return this.db.all<AuditLine>(sql, [limit]);
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

interface DesiredRow {
  readonly device: DeviceId;
  readonly version: number;
  readonly settings: string;
}

function toDesired({ version, settings }: DesiredRow): Desired {
  return { version, settings: JSON.parse(settings) as RemoteSettings };
}

function toCommand({ id, device, name, at_ms, expires_ms, outcome, fault }: CommandRow): CommandEntry {
  return { id, device, name, atMs: at_ms, expiresMs: expires_ms, outcome, fault };
}

/** Name of the first setting that is wrong; a name that is none of ours is not repeated. */
function faultyField(settings: unknown): string {
  const [first] = Value.Errors(RemoteSettings, settings);
  const name = first?.path.replace(/^\//, "") ?? "";
  return name in RemoteSettings.properties ? name : "unknown setting";
}
