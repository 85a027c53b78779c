import { join } from "node:path";
import type { RevocationReason } from "../../protocol/checkin/revocations.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId, VenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { GATEWAY_LABEL } from "../../runtime/pki/authority.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";
import { ClaimBook } from "./claim-book.ts";
import { mergeLines, type RevocationLine, readLines, replaceLines } from "./revocation-lines.ts";

/** No device of this name was ever added. */
export class UnknownDeviceError extends BluepostError {
  readonly code = "GW_UNKNOWN_DEVICE";
  readonly recovery = "operator";
}

/** A device of this name exists, live or revoked. */
export class DeviceExistsError extends BluepostError {
  readonly code = "GW_DEVICE_EXISTS";
  readonly recovery = "operator";
}

/** A kiosk of this site. */
export interface RegisteredDevice {
  readonly device: DeviceId;
  readonly venue: VenueId;
  readonly venueName: string;
  readonly gate: number;
  /** SHA-256 of the certificate it was given, upper-case hex with colons; empty when it was given none. */
  readonly fingerprint: string;
  /** Key that it was enrolled with, raw Ed25519; null when it was given no certificate, or by an older version. */
  readonly publicKey: Uint8Array | null;
  readonly addedAt: WallMs;
  /** When it was revoked; null while it may connect. */
  readonly revokedAt: WallMs | null;
}

/** What a new device is said to be. */
export type NewDevice = Omit<RegisteredDevice, "addedAt" | "revokedAt" | "publicKey"> & {
  readonly publicKey?: Uint8Array;
};

interface DeviceRow {
  readonly device: DeviceId;
  readonly venue: VenueId;
  readonly venue_name: string;
  readonly gate: number;
  readonly fingerprint: string;
  readonly public_key: Uint8Array | null;
  readonly added_ms: WallMs;
  readonly revoked_ms: WallMs | null;
}

/**
 * The devices of one site, in a SQLite file that the running gateway and the command line share: a device added or revoked there
 * counts from the next look.
 */
export class SiteRegistry {
  /** Setup codes, spent and unspent. */
  readonly claims: ClaimBook;
  readonly #db: Database;
  #ownChanges = 0;

  private constructor(db: Database) {
    this.#db = db;
    this.claims = new ClaimBook(db, () => {
      this.#ownChanges += 1;
    });
  }

  /** Opens the file, made when absent. @throws {StoreError} RT_STORE_FAILED */
  static async open(file: string): Promise<SiteRegistry> {
    const db = await Database.open({ file });
    try {
      await migrate(db, join(import.meta.dirname, "migrations"));
      return new SiteRegistry(db);
    } catch (fault) {
      await db.close();
      throw fault;
    }
  }

  /** Changes whenever any process changes the registry: cheap to ask often. */
  async version(): Promise<string> {
    const row = await this.#db.get<{ data_version: number }>("PRAGMA data_version"); // counts the commits of others only
    return `${row?.data_version ?? 0}.${this.#ownChanges}`;
  }

  async find(device: DeviceId): Promise<RegisteredDevice | null> {
    const row = await this.#db.get<DeviceRow>("SELECT * FROM devices WHERE device = ?", [device]);
    return row ? toDevice(row) : null;
  }

  /** All devices by name, revoked ones too. */
  async list(): Promise<readonly RegisteredDevice[]> {
    return (await this.#db.all<DeviceRow>("SELECT * FROM devices ORDER BY device")).map(toDevice);
  }

  /** @throws {DeviceExistsError} GW_DEVICE_EXISTS */
  async add(device: NewDevice, nowMs: WallMs): Promise<void> {
    if (device.device === GATEWAY_LABEL) throw new DeviceExistsError("that is the gateway's own name", {});
    const added = await this.#db.run(
      `INSERT INTO devices (device, venue, venue_name, gate, fingerprint, public_key, added_ms)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?1 NOT IN (SELECT device FROM revocations)
       ON CONFLICT (device) DO NOTHING`,
      [device.device, device.venue, device.venueName, device.gate, device.fingerprint, device.publicKey ?? null, nowMs],
    );
    this.#ownChanges += 1;
    if (added === 0) throw new DeviceExistsError("a device of this name exists", { device: device.device });
  }

  /**
   * Takes a device's right to connect for good, and puts it on the revocation list. Twice is once.
   *
   * @throws {UnknownDeviceError} GW_UNKNOWN_DEVICE
   */
  async revoke(device: DeviceId, nowMs: WallMs, reason: RevocationReason = "unspecified"): Promise<void> {
    const known = await this.find(device);
    if (!known) throw new UnknownDeviceError("no device of this name", { device });
    await this.#db.transaction(async (sql) => {
      await sql.run("UPDATE devices SET revoked_ms = ? WHERE device = ? AND revoked_ms IS NULL", [nowMs, device]);
      await sql.run(
        "INSERT INTO revocations (device, reason, at_ms) VALUES (?, ?, ?) ON CONFLICT (device) DO NOTHING",
        [device, reason, nowMs],
      );
    });
    this.#ownChanges += 1;
  }

  /** Notes a device's new certificate. */
  async renewed(device: DeviceId, fingerprint: string): Promise<void> {
    await this.#db.run("UPDATE devices SET fingerprint = ? WHERE device = ?", [fingerprint, device]);
    this.#ownChanges += 1;
  }

  /** The revocation list, by number. */
  revocations(): Promise<readonly RevocationLine[]> {
    return readLines(this.#db);
  }

  /**
   * Takes over what the engine's list has and this one lacks: this file was made anew, or is an older copy.
   *
   * @param held lines of a list that was verified
   * @returns whether that changed anything
   */
  async takeOver(held: readonly RevocationLine[]): Promise<boolean> {
    const changed = await this.#db.transaction(async (sql) => {
      const merged = mergeLines(await readLines(sql), held);
      if (merged) await replaceLines(sql, merged);
      return merged !== null;
    });
    if (changed) this.#ownChanges += 1;
    return changed;
  }

  /** Highest number on the revocation list, 0 before the first. */
  async listNumber(): Promise<number> {
    const row = await this.#db.get<{ number: number | null }>("SELECT max(number) AS number FROM revocations");
    return row?.number ?? 0;
  }

  /** Notes that a further worker has cut off whoever stands on the list up to this number. Not a change that others must look at. */
  async hasCut(worker: string, number: number): Promise<void> {
    await this.#db.run("INSERT OR REPLACE INTO cuts (worker, number) VALUES (?, ?)", [worker, number]);
  }

  /** Forgets a worker that takes nothing any more. */
  async hasLeft(worker: string): Promise<void> {
    await this.#db.run("DELETE FROM cuts WHERE worker = ?", [worker]);
  }

  /** Further workers that may still take rows of somebody on the list up to this number. */
  async workersBehind(number: number): Promise<readonly string[]> {
    const rows = await this.#db.all<{ worker: string }>("SELECT worker FROM cuts WHERE number < ?", [number]);
    return rows.map(({ worker }) => worker);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

function toDevice(row: DeviceRow): RegisteredDevice {
  return {
    device: row.device,
    venue: row.venue,
    venueName: row.venue_name,
    gate: row.gate,
    fingerprint: row.fingerprint,
    publicKey: row.public_key,
    addedAt: row.added_ms,
    revokedAt: row.revoked_ms,
  };
}
