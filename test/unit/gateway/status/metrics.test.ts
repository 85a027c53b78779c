import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createMetrics, METRIC_NAMES } from "../../../../gateway/status/metrics.ts";
import type { GatewayStatus } from "../../../../gateway/status/status.ts";
import type { FleetKiosk } from "../../../../protocol/http/fleet-view.ts";
import { type AlertRule, parseAlertRules } from "../../../support/alert-rules.ts";
import { FLEET_NOW_MS, fleetKiosk, fleetOf, statusOf } from "../../../support/fleet.ts";
import { repository } from "../../../support/repository.ts";

const kiosks: FleetKiosk[] = [
  fleetKiosk({ device: "door-a" }),
  fleetKiosk({ device: "door-b", state: "offline", clock: null, unsent: null, beacon: null, wear: null }),
  fleetKiosk({ device: "door-c", state: "revoked" }),
];
const scrape = (): Promise<string> =>
  createMetrics().scrape({
    status: statusOf({ counters: { "stream.forked": 2, "refused.revoked": 5 } }),
    view: fleetOf({ kiosks }),
  });

describe("/metrics", () => {
  it("tells each kiosk's numbers, leaves out what is not known and who is revoked", async () => {
    const lines = (await scrape()).split("\n");
    expect(lines).toContain('bluepost_gateway_kiosk_connected{device="door-a"} 1');
    expect(lines).toContain('bluepost_gateway_kiosk_connected{device="door-b"} 0');
    expect(lines).toContain('bluepost_gateway_kiosk_clock_offset_seconds{device="door-a"} -0.12');
    expect(lines.filter((line) => line.includes("door-c"))).toEqual([]);
    expect(lines.filter((line) => line.includes("door-b") && line.includes("clock"))).toEqual([]);
    expect(lines).toContain('bluepost_gateway_events_total{event="stream.forked"} 2');
    expect(lines.some((line) => line.startsWith("nodejs_eventloop_lag_p99_seconds"))).toBe(true);
  });

  it("has no sample of the external broker where the gateway is its own, and none of a disk that cannot be read", async () => {
    const metrics = createMetrics();
    const ask = async (broker: GatewayStatus["broker"], diskFreeBytes: number | null): Promise<string> => {
      const view = fleetOf({});
      const status = statusOf({ ...(broker && { broker }) });
      return metrics.scrape({ status, view: { ...view, gateway: { ...view.gateway, diskFreeBytes } } });
    };
    const sample = /^bluepost_gateway_(broker_connected|disk_free_bytes) \d+$/gm;
    expect(await ask(undefined, null)).not.toMatch(sample);
    const known = await ask({ connected: false, shares: false }, 7);
    expect(known.match(sample)).toEqual(["bluepost_gateway_broker_connected 0", "bluepost_gateway_disk_free_bytes 7"]);
    expect(await ask(undefined, null)).not.toMatch(sample);
  });

  it("tells the silence of a kiosk that did not come back since the gateway started, so that the alert can fire", async () => {
    const lost = fleetKiosk({
      device: "door-d",
      state: "never",
      lastSeenMs: null,
      silentSinceMs: FLEET_NOW_MS - 960_000,
    });
    const view = fleetOf({ kiosks: [lost] });
    const lines = (await createMetrics().scrape({ status: statusOf(), view })).split("\n");
    expect(lines).toContain('bluepost_gateway_kiosk_connected{device="door-d"} 0');
    expect(lines).toContain('bluepost_gateway_kiosk_silent_seconds{device="door-d"} 960');
  });

  it("forgets a kiosk that is gone, and adds nothing twice", async () => {
    const metrics = createMetrics();
    await metrics.scrape({ status: statusOf({ counters: { "stream.forked": 2 } }), view: fleetOf({ kiosks }) });
    const text = await metrics.scrape({ status: statusOf({ counters: { "stream.forked": 2 } }), view: fleetOf({}) });
    expect(text).not.toContain("door-a");
    expect(text).toContain('bluepost_gateway_events_total{event="stream.forked"} 2');
  });

  it("has only labels that name no person", async () => {
    const labels = [...(await scrape()).matchAll(/(?<=[{,])(\w+)=/g)].map(([, name]) => name);
    expect([...new Set(labels)].sort()).toEqual(
      ["device", "event", "kind", "le", "space", "type", "version", "major", "minor", "patch"]
        .filter((name) => labels.includes(name))
        .sort(),
    );
  });
});

/** Every name that somebody may ask the gateway for. */
async function namesTold(): Promise<ReadonlySet<string>> {
  const told = [...(await scrape()).matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name);
  return new Set([...METRIC_NAMES, ...told]);
}

/** Names of metrics in an expression. */
const namesIn = (expr: string): readonly string[] => expr.match(/\b(?:bluepost|nodejs|process)_\w+/g) ?? [];

describe("hardware/ops/grafana.json", () => {
  interface Panel {
    readonly id: number;
    readonly title: string;
    readonly description: string;
    readonly datasource: { readonly uid: string };
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string }[];
  }
  const text = readFileSync(join(repository, "hardware/ops/grafana.json"), "utf8");
  const { panels } = JSON.parse(text) as { readonly panels: readonly Panel[] };

  it("draws only metrics that the gateway tells", async () => {
    const known = await namesTold();
    const drawn = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr)));
    expect(drawn.length).toBeGreaterThan(panels.length);
    expect(drawn.filter((name) => !known.has(name))).toEqual([]);
  });

  it("asks for the data source, and says in both languages what each panel is", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { title, description, datasource, gridPos } of panels) {
      expect(title).toMatch(/^.+ · .+$/);
      expect(description.length, title).toBeGreaterThan(20);
      expect(datasource.uid, title).toMatch(/^\$\{datasource\}$/);
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    }
  });
});

describe("hardware/ops/alerts.yml", () => {
  let rules: readonly AlertRule[];
  let known: ReadonlySet<string>;

  beforeAll(async () => {
    rules = parseAlertRules(readFileSync(join(repository, "hardware/ops/alerts.yml"), "utf8"));
    known = await namesTold();
  });

  it("asks only for metrics that the gateway tells", () => {
    const asked = rules.flatMap(({ expr }) => namesIn(expr));
    expect(asked.length).toBeGreaterThanOrEqual(rules.length);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  it("says for each alert how long, how bad, what it means and what a person does", () => {
    for (const rule of rules) {
      expect(rule.for, rule.alert).toMatch(/^\d+[mhd]$/);
      expect(rule.labels["severity"], rule.alert).toMatch(/^(warning|critical)$/);
      expect(rule.annotations["summary"]?.length, rule.alert).toBeGreaterThan(20);
      expect(rule.annotations["action"]?.length, rule.alert).toBeGreaterThan(10);
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  it("covers silence, clock, disk, beacon, certificates, forks and refused clients", () => {
    const text = rules.map(({ expr }) => expr).join("\n");
    for (const part of ["silent", "clock", "disk_free", "beacon", "certificate", "stream.forked", "refused.revoked"])
      expect(text).toContain(part);
  });
});
