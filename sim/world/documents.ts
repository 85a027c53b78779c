import { toHex } from "../../protocol/bytes.ts";
import type { MatchContent } from "../../protocol/checkin/envelope.ts";
import type { Person } from "./people.ts";

/** Scheme and canonical id of the document that a person carries, as the engine should come to know it. */
export function documentOf(person: Person): MatchContent {
  switch (person.kind) {
    case "cccd":
      return { scheme: "cccd", id: person.nationalId };
    case "vn1405":
      return { scheme: "vn1405", id: person.nationalId };
    case "bhyt":
      return { scheme: "bhyt", id: `GD4${person.nationalId}` };
    case "bp1":
      return { scheme: "bp1", id: toHex(person.cardSerial) };
  }
}
