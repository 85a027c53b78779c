import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runScenario } from "../../sim/scenario/run-scenario.ts";
import { SCENARIOS } from "../../sim/scenarios/registry.ts";
import { runToEnd } from "../support/part.ts";
import { tempFolder } from "../support/temp.ts";

const NIGHTLY = process.env["BLUEPOST_NIGHTLY"] !== undefined;
/** Full size and three seeds at night; a small town and one seed with every change. */
const SEEDS = NIGHTLY ? ["7", "8", "9"] : ["7"];
const SMALL = NIGHTLY ? {} : { kiosks: 3, people: 100 };

describe.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))("%s", (_, scenario) => {
  it.each(SEEDS)("holds all that it asserts (seed %s)", async (seed) => {
    const { report } = await runScenario(scenario, { seed, ...SMALL });
    expect(report.assertions.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.lost).toBe(0);
    expect(report.accepted).toBe(report.stored + report.tombstoned);
  });

  it("writes the same log and the same report for the same seed, but for its timing", async () => {
    const size = { kiosks: 2, people: 12 };
    const [one, two] = [
      await runScenario(scenario, { seed: "twice", ...size }),
      await runScenario(scenario, { seed: "twice", ...size }),
    ];
    expect(one.log).toBe(two.log);
    expect(one.log.length).toBeGreaterThan(0);
    expect({ ...one.report, timing: null }).toEqual({ ...two.report, timing: null });
    expect(one.report.assertions.filter(({ ok }) => !ok)).toEqual([]);
  });
});

it("tells how long rows were under way, and how many waited", async () => {
  const partition = SCENARIOS.find(({ name }) => name === "gateway-partition") as (typeof SCENARIOS)[number];
  const { timing } = (await runScenario(partition, { seed: "7", kiosks: 2, people: 12 })).report;
  expect(timing.deliveryMaxS).toBeGreaterThan(3_600);
  expect(timing.deliveryP50S).toBeLessThanOrEqual(timing.deliveryP99S);
  expect(timing.mostUnsent).toBeGreaterThan(1);
});

describe("sim on the command line", () => {
  const sim = (...args: string[]) => runToEnd({ script: "dist/sim/main.js", args });

  it("lists every scenario, for people and for programs", async () => {
    const [text, json] = [await sim("list"), await sim("list", "--json")];
    const { scenarios } = JSON.parse(json.stdout) as { scenarios: { name: string }[] };
    expect(scenarios.map(({ name }) => name)).toEqual(SCENARIOS.map(({ name }) => name));
    for (const { name, about } of SCENARIOS) expect(text.stdout).toMatch(new RegExp(`^${name} +${about}$`, "m"));
  });

  it("writes report, JUnit and log, and says what is wrong with its input", async () => {
    const folder = tempFolder();
    const [junit, log] = [join(folder, "report.xml"), join(folder, "day.log")];
    const day = await sim(
      "run",
      "first-day",
      "--people",
      "12",
      "--kiosks",
      "2",
      "--json",
      "--junit",
      junit,
      "--log",
      log,
    );
    expect(day.code).toBe(0);
    expect(JSON.parse(day.stdout)).toMatchObject({ scenario: "first-day", people: 12, kiosks: 2, lost: 0 });
    expect(readFileSync(junit, "utf8")).toMatch(/<testsuite name="first-day, seed 1" tests="\d+" failures="0"/);
    expect(JSON.parse(readFileSync(log, "utf8").split("\n")[0] ?? "")).toHaveProperty("atMs");
    expect(await sim("run", "worst-day")).toMatchObject({ code: 64, stderr: expect.stringContaining("market-day") });
    expect(await sim("run", "first-day", "--kiosks", "x")).toMatchObject({ code: 64 });
  });
});
