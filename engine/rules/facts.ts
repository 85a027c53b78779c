/**
 * What a door log cannot know of two people at one place, in the order in which an officer asks.
 *
 * `masked`: both wore a mask all the time. `within2m`: they came within 2 metres. `closedSpace`: they were in one narrow closed space, a
 * room or a vehicle. `touched`: skin, a handshake. `cared`: one nursed or treated the other without full protection.
 */
export const FACTS = ["masked", "within2m", "closedSpace", "touched", "cared"] as const;
export type Fact = (typeof FACTS)[number];

/** What somebody was told and wrote down; a fact that is missing is not known. */
export type ToldFacts = Readonly<Partial<Record<Fact, boolean>>>;
