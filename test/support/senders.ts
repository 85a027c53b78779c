import { encodeAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { rotationInterval, tokenId } from "../../protocol/beacon/rotating-id.ts";
import { concatBytes } from "../../protocol/bytes.ts";
import type { Dbm } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { MemorySender } from "../../sim/devices/memory-radio.ts";

/** Somebody with a sender, who stands where he can be heard for a while. */
export interface Walker extends MemorySender {
  /** Signal at the ear of the door with this number, now; null out of earshot. */
  heardAt(door: number): Dbm | null;
  readonly address: Uint8Array;
}

/** When and how well a walker is heard at one door. */
export interface Stay {
  readonly door: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly rssi: number;
}

function walker(
  onAir: () => Uint8Array,
  { now, stays }: { readonly now: () => number; readonly stays: readonly Stay[] },
): Walker {
  return {
    address: nodeCrypto.randomBytes(6),
    get onAir() {
      return onAir();
    },
    heardAt(door) {
      const here = stays.find((stay) => stay.door === door && now() >= stay.fromMs && now() < stay.toMs);
      return here ? (here.rssi as Dbm) : null;
    },
  };
}

/** A token with a seed, whose identifier changes by the true clock. */
export function tokenWalker(
  seed: Uint8Array,
  world: { readonly now: () => number; readonly wall: () => number; readonly stays: readonly Stay[] },
): Walker {
  const onAir = (): Uint8Array =>
    encodeAdvertisement({
      kind: "token",
      id: tokenId(nodeCrypto, seed, rotationInterval(world.wall())),
      txPower: 0 as Dbm,
      echo: null,
    });
  return walker(onAir, world);
}

/** An Android phone with Bluezone that keeps one identifier for as long as the test lasts. @param id 12 bytes */
export function bluezoneWalker(
  id: Uint8Array,
  world: { readonly now: () => number; readonly stays: readonly Stay[] },
): Walker {
  const payload = concatBytes(Uint8Array.of(2, 1, 6, 3, 3, 0x56, 0x4e, 0x0f, 0xff, 0xb5, 0x22), id);
  return walker(() => payload, world);
}

/** A phone with Exposure Notification that keeps one identifier for as long as the test lasts. */
export function gaenWalker(
  id: Uint8Array,
  world: { readonly now: () => number; readonly stays: readonly Stay[] },
): Walker {
  const payload = concatBytes(
    Uint8Array.of(2, 1, 0x1a, 3, 3, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd),
    id,
    Uint8Array.of(1, 2, 3, 4),
  );
  return walker(() => payload, world);
}
