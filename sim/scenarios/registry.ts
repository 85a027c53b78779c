import { clonedCard } from "./cloned-card.ts";
import { firstDay } from "./first-day.ts";
import { forgottenCheckouts } from "./forgotten-checkouts.ts";
import { gatewayPartition } from "./gateway-partition.ts";
import { hospitalWard } from "./hospital-ward.ts";
import { manyDoors } from "./many-doors.ts";
import { marketDay } from "./market-day.ts";
import { powerCuts } from "./power-cuts.ts";
import { radioDeath } from "./radio-death.ts";
import type { Scenario } from "./scenario.ts";
import { schoolDay } from "./school-day.ts";
import { sdCardFull } from "./sd-card-full.ts";
import { stolenKiosk } from "./stolen-kiosk.ts";
import { unlinkedDoors } from "./unlinked-doors.ts";
import { wrongClocks } from "./wrong-clocks.ts";

/** Every scenario, in the order of `sim list`. */
export const SCENARIOS: readonly Scenario[] = [
  firstDay,
  marketDay,
  schoolDay,
  hospitalWard,
  manyDoors,
  unlinkedDoors,
  forgottenCheckouts,
  powerCuts,
  gatewayPartition,
  wrongClocks,
  sdCardFull,
  radioDeath,
  stolenKiosk,
  clonedCard,
];

/** The scenario of that name; undefined when there is none. */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((one) => one.name === name);
}
