import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { systemTimers } from "../../runtime/timers.ts";
import { PtyScanner } from "../devices/pty-scanner.ts";
import { VirtualCamera } from "../devices/virtual-camera.ts";
import { freePorts } from "../network/free-ports.ts";
import { createRng } from "../rng.ts";
import { ChildPart, type PartName, type ReadyFields, runCommand } from "./child-part.ts";

/** What visitors hold their codes before. */
export type DoorReader = Pick<PtyScanner, "present" | "plug" | "unplug">;

/** One door: a kiosk process with a scanner on a pseudo terminal, or with a camera. */
export interface ProcessDoor {
  readonly device: string;
  readonly venue: string;
  readonly name: string;
  readonly scanner: DoorReader;
  readonly kiosk: ChildPart;
  /** Address of the screen's page. */
  readonly screen: string;
}

export interface ProcessDoorOptions {
  readonly device: string;
  readonly venue: string;
  readonly name: string;
  readonly screenPort?: number;
  /** What reads the codes; default a scanner. */
  readonly reader?: "scanner" | "camera";
  /** Port under which this kiosk reaches the gateway: that of a cable that can be cut. */
  readonly reachPort?: number;
  /** Settings of this kiosk alone, `indicator.kind=firmata`. */
  readonly settings?: readonly string[];
  /** Variables of its process: what a preload of the simulator needs. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProcessSiteOptions {
  readonly folder: string;
  readonly site: string;
  readonly doors: readonly ProcessDoorOptions[];
  readonly enginePort?: number;
  readonly gatewayPort?: number;
  /** Port that the gateway listens on for kiosks; any free one by default. */
  readonly mqttPort?: number;
  /** Settings for every kiosk, `door.minimumDwellSeconds=6`. */
  readonly kioskSettings?: readonly string[];
  readonly log: (part: string, line: string) => void;
}

/** A whole site of untouched product processes on this machine: engine, gateway, kiosks on virtual scanners. */
export class ProcessSite {
  readonly engine: ChildPart;
  readonly gateway: ChildPart;
  readonly doors: readonly ProcessDoor[];
  readonly engineDir: string;
  readonly engineUrl: string;
  readonly gatewayUrl: string;

  private constructor(
    parts: Pick<ProcessSite, "engine" | "gateway" | "doors" | "engineDir" | "engineUrl" | "gatewayUrl">,
  ) {
    this.engine = parts.engine;
    this.gateway = parts.gateway;
    this.doors = parts.doors;
    this.engineDir = parts.engineDir;
    this.engineUrl = parts.engineUrl;
    this.gatewayUrl = parts.gatewayUrl;
  }

  /** Provisions a site as a technician would, with the product's own commands, and starts it. */
  static async open(options: ProcessSiteOptions): Promise<ProcessSite> {
    const { folder } = options;
    const engineDir = join(folder, "engine");
    const ports = await freePorts(4 + options.doors.length);
    const enginePort = options.enginePort ?? ports[0];
    const httpPort = options.gatewayPort ?? ports[1];
    const mqttPort = options.mqttPort ?? (ports[2] as number);
    await mkdir(folder, { recursive: true });
    const part = (name: string, kind: PartName, args: readonly string[], env = {}): ChildPart =>
      new ChildPart(name, kind, { args, env, log: (line) => options.log(name, line) });

    const engine = part("engine", "engine", ["start", "-s", `dataDir=${engineDir}`, `listen.port=${enginePort}`]);
    const engineReady = await engine.start();
    const bundle = join(folder, "site-bundle");
    await runCommand("engine", ["keys", "site", "--site", options.site, "--out", bundle, "-s", `dataDir=${engineDir}`]);

    const settings = gatewaySettings({
      folder,
      httpPort: httpPort as number,
      mqttPort,
      engineUrl: String(engineReady["url"]),
    });
    const gateway = part("gateway", "gateway", ["start", "--site-bundle", bundle, "-s", ...settings]);
    await gateway.start();
    const doors: ProcessDoor[] = [];
    for (const [gate, door] of options.doors.entries()) {
      await runCommand("engine", [
        "venues",
        "add",
        "--venue",
        door.venue,
        "--name",
        door.name,
        "--type",
        "other",
        "-s",
        `dataDir=${engineDir}`,
      ]);
      const home = join(folder, door.device);
      const place = ["--device", door.device, "--venue", door.venue, "--gate", String(gate), "--name", door.name];
      const reach = ["--gateway-host", "127.0.0.1", "--gateway-port", String(door.reachPort ?? mqttPort)];
      await runCommand("gateway", [
        "devices",
        "add",
        ...place,
        ...reach,
        "--out",
        join(home, "bundle"),
        "-s",
        ...settings,
      ]);
      const { reader: scanner, settings: scannerSettings } = readerOf(door, home);
      scanner.plug();
      const own = [`dataDir=${home}`, ...scannerSettings, `screen.port=${door.screenPort ?? ports[3 + gate]}`];
      const kiosk = part(
        door.device,
        "kiosk",
        ["start", "-s", ...own, ...(options.kioskSettings ?? []), ...(door.settings ?? [])],
        door.env,
      );
      const ready: ReadyFields = await kiosk.start();
      doors.push({
        device: door.device,
        venue: door.venue,
        name: door.name,
        scanner,
        kiosk,
        screen: String(ready["screen"]),
      });
    }
    return new ProcessSite({
      engine,
      gateway,
      doors,
      engineDir,
      engineUrl: String(engineReady["url"]),
      gatewayUrl: `http://127.0.0.1:${httpPort}`,
    });
  }

  get parts(): readonly ChildPart[] {
    return [this.engine, this.gateway, ...this.doors.map(({ kiosk }) => kiosk)];
  }

  async close(): Promise<void> {
    for (const { kiosk, scanner } of this.doors) {
      await kiosk.stop();
      scanner.unplug();
    }
    await this.gateway.stop();
    await this.engine.stop();
  }
}

/** @returns what reads the door's codes, and the settings that let its kiosk find it */
function readerOf(door: ProcessDoorOptions, home: string): { reader: DoorReader; settings: readonly string[] } {
  if (door.reader !== "camera") {
    const scanner = new PtyScanner({ link: join(home, "scanner") });
    return { reader: scanner, settings: [`scanner.path=${scanner.link}`] };
  }
  const rng = createRng(door.device);
  const camera = new VirtualCamera({ folder: join(home, "camera"), rng, timers: systemTimers });
  const mode = ["scanner.camera.width=640", "scanner.camera.height=480"]; // enough for a card, and light for a laptop
  return { reader: camera, settings: ["scanner.kind=camera", `scanner.camera.command=${camera.command}`, ...mode] };
}

function gatewaySettings(plan: {
  folder: string;
  httpPort: number;
  mqttPort: number;
  engineUrl: string;
}): readonly string[] {
  return [
    `dataDir=${join(plan.folder, "gateway")}`,
    "mqtt.host=127.0.0.1",
    `mqtt.port=${plan.mqttPort}`,
    "http.host=127.0.0.1",
    `http.port=${plan.httpPort}`,
    `engine.url=${plan.engineUrl}`,
    "time.trusted=true", // every part runs on this machine's clock, whatever keeps that
  ];
}
