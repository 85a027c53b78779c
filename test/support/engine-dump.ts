import { join } from "node:path";
import { Database } from "../../runtime/sqlite/database.ts";

/** What must not depend on the order or the number of arrivals: everything but row ids and store times. */
const QUERIES: Readonly<Record<string, string>> = {
  streams: `SELECT d.site, d.device, s.epoch, s.stream, s.upto, hex(s.chain_hash) hash, s.stored, s.received, s.tombstoned
    FROM stream s JOIN device d ON d.id = s.device_id ORDER BY 1, 2, 3, 4`,
  batches: `SELECT s.epoch, s.stream, b.from_seq, b.to_seq, hex(b.hash) hash FROM batch b JOIN stream s ON s.id = b.stream_id
    ORDER BY 1, 2, 3`,
  events: `SELECT s.epoch, s.stream, e.place_seq, hex(e.digest) digest, e.direct, e.kind, e.venue, hex(e.person) person,
    e.earliest, e.latest, e.unknown, e.annulled, e.party FROM event e JOIN stream s ON s.id = e.place_stream ORDER BY 1, 2, 3, 4`,
  presence: `SELECT s.epoch, s.stream, e.place_seq, p.scheme, hex(p.ident) ident, p.duration, p.n, p.rssi_max, p.rssi_mean, p.tx_power,
    hex(p.metadata) metadata FROM presence p JOIN event e ON e.id = p.event_id JOIN stream s ON s.id = e.place_stream ORDER BY 1, 2, 3`,
  rejections: `SELECT s.epoch, s.stream, r.seq, r.reason FROM rejection r JOIN stream s ON s.id = r.stream_id ORDER BY 1, 2, 3`,
  letters: "SELECT hex(hash) hash, reason, hex(bytes) bytes FROM dead_letter ORDER BY 1",
  quarantine: "SELECT hex(hash) hash, from_seq, to_seq FROM quarantine ORDER BY 1",
  visits: `SELECT venue, outer_from, hex(person) person, ordinal, inner_from, inner_to, outer_to, visit_from, gate_in, gate_out,
    start_evidence, end_evidence, start_reason, end_reason, party FROM visit ORDER BY 1, 2, 3, 4`,
  undated: `SELECT venue, hex(person) person, ordinal, earliest, latest, length, gate_in, gate_out, party FROM undated_visit
    ORDER BY 1, 2, 3`,
  told: "SELECT case_id, hex(person) person, fact, value FROM told_fact ORDER BY 1, 2, 3",
};

/** Reads an engine's store as plain values. @param folder its data folder @param only names of parts; all by default */
export async function dumpEngine(folder: string, only?: readonly string[]): Promise<Record<string, unknown[]>> {
  const database = await Database.open({ file: join(folder, "engine.db"), readOnly: true });
  try {
    const dump: Record<string, unknown[]> = {};
    for (const [name, query] of Object.entries(QUERIES)) {
      if (!only || only.includes(name)) dump[name] = await database.all(query);
    }
    return dump;
  } finally {
    await database.close();
  }
}
