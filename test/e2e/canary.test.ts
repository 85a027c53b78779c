import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { importSigningKey } from "../../protocol/cose.ts";
import { issueCard } from "../../protocol/qr/bp1-card.ts";
import { DAY_MS, HOUR_MS } from "../../protocol/units.ts";
import type { Logger, RootLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { createRng } from "../../sim/rng.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { documentOf } from "../../sim/world/documents.ts";
import { payloadOf } from "../../sim/world/payloads.ts";
import { createPeople, type Person } from "../../sim/world/people.ts";
import { filesUnder, findLeaks, tracesOf } from "../support/canary.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

/** A log that keeps every line of every level, as it would be printed. */
function keepingLog(lines: string[]): RootLogger {
  const write = (event: string, fields?: object): void => void lines.push(JSON.stringify({ event, ...fields }));
  const log: Logger = { error: write, warn: write, info: write, debug: write };
  return { ...log, child: () => log };
}

/** People whose every detail can be told from anybody else's. */
function markedPeople(count: number): readonly Person[] {
  return createPeople(createRng("canary"), count).map((person) => ({
    ...person,
    name: `Canario Zeisig${person.index}x`,
    address: `${70_000 + person.index} Kanarengasse`,
  }));
}

function identitiesOf(people: readonly Person[]): readonly string[] {
  return people.flatMap((person) => [
    person.nationalId,
    documentOf(person).id,
    `${documentOf(person).scheme}|${documentOf(person).id}`,
    person.name,
    person.name.toUpperCase(),
    person.phone,
    person.address,
    toHex(person.cardSerial),
  ]);
}

describe("canary", () => {
  it("finds no identity in logs, topics, payloads, metrics, file names, ledgers, write-ahead logs, spool or errors", async () => {
    const folder = tempFolder();
    const lines: string[] = [];
    const network: (readonly [string, Buffer])[] = [];
    const people = markedPeople(40);
    const world = await openVirtualWorld(folder, {
      log: keepingLog(lines),
      tap: (topic, payload) => network.push(["topic", Buffer.from(topic)], [topic, Buffer.from(payload)]),
    });
    const { cardIssuer } = world.engine.keys;
    const issuer = {
      key: await importSigningKey(cardIssuer),
      kid: nodeCrypto.sha256(cardIssuer.publicKey).slice(0, 4),
    };
    const today = Math.floor(world.time.wall() / DAY_MS);
    const makeCard = (serial: Uint8Array): Promise<string> =>
      issueCard({ serial, kind: 1, issuedDay: today - 1, expiresDay: today + 1 }, issuer);
    const kiosk = world.site.kiosks[0] as VirtualKiosk;
    const answers: unknown[] = [];

    for (const [round, person] of [...people, ...people].entries()) {
      const payload = await payloadOf(person, makeCard);
      await kiosk.scan(payload);
      if (round % 7 === 0) await kiosk.scan(payload.slice(0, payload.length - 9)); // half a code: the error paths see it too
      if (round % 11 === 0) await kiosk.scan(utf8(`${person.nationalId}|${person.name}`));
      if (round === people.length - 1) await world.wait(HOUR_MS);
      if (round % 10 === 0) answers.push(kiosk.status, await world.engine.stats(), await world.site.gatewayCounters());
    }
    await world.site.settle();
    const { id } = await world.engine.addCase({ documents: [documentOf(people[0] as Person)], sample: "2026-11-16" });
    answers.push(await world.engine.trace(id));

    const identities = identitiesOf(people);
    const everything = (): (readonly [string, Buffer])[] => [
      ...filesUnder(folder),
      ...network,
      ...lines.map((line) => ["log", Buffer.from(line)] as const),
      ...answers.map((answer) => ["status", Buffer.from(JSON.stringify(answer))] as const),
    ];
    expect(network.length).toBeGreaterThan(100);
    expect(findLeaks(everything(), identities)).toEqual([]);
    await world.close(); // after the last checkpoint once more
    expect(findLeaks(filesUnder(folder), identities)).toEqual([]);
    expect([...filesUnder(join(folder, "door-1"))].map(([where]) => where)).toContain("ledger.db");
  });

  it("finds a leak that is planted, in every encoding", () => {
    const identity = identitiesOf(markedPeople(1))[0] as string;
    for (const { encoding, bytes } of tracesOf(identity)) {
      const planted = Buffer.concat([Buffer.from("some log line "), bytes, Buffer.from(" and more")]);
      expect(findLeaks([["planted", planted]], [identity]).map((leak) => leak.encoding)).toContain(encoding);
    }
    for (const prefix of ["", "x", "xy"]) {
      const wrapped = Buffer.from(Buffer.from(`${prefix}${identity}tail`).toString("base64"));
      expect(findLeaks([["planted", wrapped]], [identity])).not.toEqual([]);
    }
  });
});
