import { equalBytes } from "../../protocol/bytes.ts";

/** A place in one stream's chain: the batch that ends at `upto` has this hash (the genesis hash at 0). */
export interface ChainPoint {
  readonly upto: number;
  readonly hash: Uint8Array;
}

/** What the gateway knows of one stream without looking into its tables. */
export interface ChainMarks {
  /** The chain's beginning: seq 0. */
  readonly genesis: Uint8Array;
  /** What the engine's last store receipt covers. */
  readonly stored: ChainPoint;
  /** The highest batch ever taken. */
  readonly head: ChainPoint;
}

/** Bounds and links of one batch. */
export interface ChainLink {
  readonly from: number;
  readonly to: number;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
}

/** What a batch is to the chain. */
export type ChainVerdict =
  /** It goes on from the head, or leaves a gap after it: the new head. */
  | { readonly kind: "appended" }
  /** It stands before the head and contradicts nothing: it fills a gap, or is older than what the gateway remembers. */
  | { readonly kind: "late" }
  /** Exactly this batch is here already, or is covered by the engine's receipt. */
  | { readonly kind: "duplicate" }
  /** Somebody else wrote on this chain. `agreed` is the last point that both certainly share. */
  | { readonly kind: "fork"; readonly agreed: ChainPoint };

/** Whether {@link judgeBatch} needs the batches in the spool that touch this one. */
export function needsNeighbours(marks: ChainMarks, link: ChainLink): boolean {
  return link.from <= marks.head.upto;
}

/**
 * Decides what one batch is to its stream's chain.
 *
 * Batches are never cut anew, so two that overlap without being equal, or that touch without their hashes linking, are of two writers.
 * What lies below the engine's receipt is no longer here to compare with: such a batch goes to the engine, which remembers.
 *
 * @param neighbours batches in the spool that overlap `link` or touch it at either end
 */
export function judgeBatch(marks: ChainMarks, link: ChainLink, neighbours: readonly ChainLink[]): ChainVerdict {
  for (const other of neighbours) {
    if (other.from > link.to || other.to < link.from) continue;
    if (other.from === link.from && other.to === link.to && equalBytes(other.hash, link.hash))
      return { kind: "duplicate" };
    return { kind: "fork", agreed: agreedBefore(marks, link, other) };
  }
  const { stored, head } = marks;
  if (link.from === head.upto + 1 && neighbours.length === 0 && equalBytes(head.hash, link.previousHash))
    return APPENDED;
  if (link.to === stored.upto) {
    return equalBytes(link.hash, stored.hash)
      ? { kind: "duplicate" }
      : { kind: "fork", agreed: { upto: 0, hash: marks.genesis } };
  }
  if (breaksLink(marks, link, neighbours)) return { kind: "fork", agreed: { upto: 0, hash: marks.genesis } };
  return { kind: link.from > head.upto ? "appended" : "late" };
}

const APPENDED: ChainVerdict = { kind: "appended" };

/** Both were cut at the same place behind the same history: up to there they agree. Else only the beginning is sure. */
function agreedBefore(marks: ChainMarks, link: ChainLink, other: ChainLink): ChainPoint {
  const same = other.from === link.from && equalBytes(other.previousHash, link.previousHash);
  return same ? { upto: link.from - 1, hash: link.previousHash } : { upto: 0, hash: marks.genesis };
}

function breaksLink(marks: ChainMarks, link: ChainLink, neighbours: readonly ChainLink[]): boolean {
  const before = [{ upto: 0, hash: marks.genesis }, marks.stored, marks.head].find(
    ({ upto }) => upto === link.from - 1,
  );
  if (before && !equalBytes(before.hash, link.previousHash)) return true;
  return neighbours.some(
    (other) =>
      (other.to === link.from - 1 && !equalBytes(other.hash, link.previousHash)) ||
      (other.from === link.to + 1 && !equalBytes(other.previousHash, link.hash)),
  );
}

/** Moves a point along batches that follow it without a gap; `links` in order of seq. */
export function extend(point: ChainPoint, links: readonly ChainLink[]): ChainPoint {
  let end = point;
  for (const link of links) {
    if (link.from > end.upto + 1) break;
    if (link.to > end.upto) end = { upto: link.to, hash: link.hash };
  }
  return end;
}
