import fc from "fast-check";
import { runs } from "./property-runs.ts";

/** fast-check's own default, for properties that name no number. */
const DEFAULT_RUNS = 100;

fc.configureGlobal({ numRuns: runs(DEFAULT_RUNS) });
