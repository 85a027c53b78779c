import type { Rng } from "../rng.ts";

/** The kinds of document that people of the simulated world carry. */
export const DOCUMENT_KINDS = ["cccd", "vn1405", "bhyt", "bp1"] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** Somebody who does not exist. */
export interface Person {
  readonly index: number;
  readonly name: string;
  readonly birthYear: number;
  readonly male: boolean;
  /** 12 digits, in the form of a citizen identity number. */
  readonly nationalId: string;
  readonly phone: string;
  readonly address: string;
  readonly kind: DocumentKind;
  /** 8 bytes: serial of the person's card, when the kind is `bp1`. */
  readonly cardSerial: Uint8Array;
  /** People who go about together share a group. */
  readonly group: number;
}

const FAMILY = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Danh", "Thị"];
const MIDDLE = ["Văn", "Thị", "Hữu", "Ngọc", "Minh", "Thanh", "Quốc", "Kim", "Gia", "Bảo"];
const GIVEN = [
  "An",
  "Bình",
  "Châu",
  "Dũng",
  "Hà",
  "Hùng",
  "Khánh",
  "Lan",
  "Long",
  "Mai",
  "Nam",
  "Phúc",
  "Quân",
  "Thảo",
  "Trang",
  "Vy",
];
const WARDS = ["Dương Đông", "An Thới", "Vĩnh Thanh", "Vĩnh Bảo", "Rạch Sỏi", "Pháo Đài", "Bình San"];

/** Makes `count` people in groups of one to four. */
export function createPeople(
  rng: Rng,
  count: number,
  kinds: readonly DocumentKind[] = DOCUMENT_KINDS,
): readonly Person[] {
  const people: Person[] = [];
  for (let group = 0; people.length < count; group += 1) {
    const size = Math.min(rng.pick([1, 1, 1, 2, 2, 3, 4]), count - people.length);
    for (let member = 0; member < size; member += 1)
      people.push(createPerson(rng, people.length, group, rng.pick(kinds)));
  }
  return people;
}

function createPerson(rng: Rng, index: number, group: number, kind: DocumentKind): Person {
  const male = rng.chance(0.5);
  const birthYear = rng.integer(1940, 2012);
  const century = birthYear >= 2000 ? 2 : 0;
  const gender = century + (male ? 0 : 1);
  const year = String(birthYear % 100).padStart(2, "0");
  return {
    index,
    group,
    kind,
    male,
    birthYear,
    name: `${rng.pick(FAMILY)} ${rng.pick(MIDDLE)} ${rng.pick(GIVEN)}`,
    nationalId: `091${gender}${year}${String(100_000 + index).padStart(6, "0")}`,
    phone: `09${String(rng.integer(0, 99_999_999)).padStart(8, "0")}`,
    address: `${rng.integer(1, 400)} ${rng.pick(WARDS)}, Kiên Giang`,
    cardSerial: rng.bytes(8),
  };
}
