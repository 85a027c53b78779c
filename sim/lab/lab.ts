import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { LabRoom, LabView, SwitchRequest } from "../../protocol/http/lab.ts";
import { packageFile } from "../../runtime/package-paths.ts";
import { PtyFirmataBoard } from "../devices/pty-firmata-board.ts";
import { Cable } from "../network/cable.ts";
import { freePorts } from "../network/free-ports.ts";
import { heldRows, openHeld } from "../report/screen-rows.ts";
import { createRng } from "../rng.ts";
import { ProcessSite } from "../site/process-site.ts";
import { Crowd } from "./crowd.ts";
import { LabAir } from "./lab-air.ts";
import { LabKiosk, type LabKioskParts } from "./lab-kiosk.ts";

export interface LabOptions {
  /** Of every database and device; kept by the caller. */
  readonly folder: string;
  readonly seed: string;
  readonly people: number;
  readonly log: (part: string, line: string) => void;
}

const WIDTH_M = 40;
const DEPTH_M = 22;
const STREET = { x: 0, y: 14, width: WIDTH_M, depth: 8 } as const;
const DOORS = [
  { device: "door-1", venue: "7k3m9q2x", name: "Chợ Dương Đông", x: 2 },
  { device: "door-2", venue: "8m4n0r3y", name: "Trường THPT An Thới", x: 22 },
] as const;
const ROOM = { y: 1, width: 16, depth: 11 } as const;
const COMPARE_EVERY_MS = 1_000;

/** A small town of real processes: engine, gateway and two kiosks, whose plugs, cables and clocks a person can pull and set. */
export class Lab {
  readonly #site: ProcessSite;
  readonly #kiosks: readonly LabKiosk[];
  readonly #crowd: Crowd;
  readonly #air: LabAir;
  readonly #stop = new AbortController();

  private constructor(parts: { site: ProcessSite; kiosks: readonly LabKiosk[]; crowd: Crowd; air: LabAir }) {
    this.#site = parts.site;
    this.#kiosks = parts.kiosks;
    this.#crowd = parts.crowd;
    this.#air = parts.air;
  }

  /** Builds the town, provisions it with the product's own commands, and lets people come. */
  static async open(options: LabOptions): Promise<Lab> {
    const [mqttPort = 0] = await freePorts(1);
    const air = new LabAir(join(options.folder, "air.sock"), options.seed);
    await air.open();
    const hardware = await Promise.all(
      DOORS.map((door, at) =>
        plugIn({ stem: join(options.folder, `${door.device}-hardware`), gatewayPort: mqttPort, air, at }),
      ),
    );
    const site = await ProcessSite.open({
      folder: options.folder,
      site: "phu-quoc",
      mqttPort,
      doors: DOORS.map(({ device, venue, name }, at) => ({ device, venue, name, ...hardware[at]?.settings })),
      kioskSettings: ["door.minimumDwellSeconds=6"],
      log: options.log,
    });
    const { outputs } = firmataPins();
    const kiosks = site.doors.map((door, at) => {
      return new LabKiosk({ ...(hardware[at] as Hardware).parts, door, pins: outputs, place: placeOf(at) });
    });
    for (const kiosk of kiosks) kiosk.open();
    const doors = kiosks.map((kiosk, at) => ({ kiosk, room: roomOf(at) }));
    const crowd = new Crowd({ rng: createRng(options.seed), people: options.people, doors, street: STREET });
    const lab = new Lab({ site, kiosks, crowd, air });
    lab.#live();
    return lab;
  }

  /** Address of the gateway's own page, and of the engine. */
  get addresses(): { readonly gateway: string; readonly engine: string } {
    return { gateway: this.#site.gatewayUrl, engine: this.#site.engineUrl };
  }

  view(): LabView {
    return {
      nowMs: Date.now(),
      width: WIDTH_M,
      depth: DEPTH_M,
      rooms: DOORS.map((_, at) => roomOf(at)),
      people: this.#crowd.people,
      kiosks: this.#kiosks.map((kiosk) => kiosk.view()),
    };
  }

  /** Throws a switch. @returns false when there is no such kiosk */
  async set({ device, what, on }: SwitchRequest): Promise<boolean> {
    const kiosk = this.#kiosks.find((one) => one.device === device);
    await kiosk?.set(what, on);
    return kiosk !== undefined;
  }

  /** Sends somebody to a door. @returns false when there is no such door or nobody is free */
  visit(device: string): boolean {
    const door = this.#kiosks.findIndex((kiosk) => kiosk.device === device);
    return door >= 0 && this.#crowd.call(door);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#site.close();
    for (const kiosk of this.#kiosks) await kiosk.close();
    await this.#air.close();
  }

  #live(): void {
    this.#crowd.live(this.#stop.signal);
    void this.#compare();
  }

  async #compare(): Promise<void> {
    const database = await openHeld(this.#site.engineDir);
    while (!this.#stop.signal.aborted) {
      const held = await heldRows(database);
      for (const kiosk of this.#kiosks) kiosk.compare(held, Date.now());
      await new Promise((resolve) => setTimeout(resolve, COMPARE_EVERY_MS));
    }
    await database.close();
  }
}

interface Hardware {
  readonly parts: Pick<LabKioskParts, "board" | "cable" | "adapter" | "clockFile">;
  readonly settings: {
    readonly reachPort: number;
    readonly settings: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
}

/** Board, cable, radio and clock of one kiosk, and what its process must be told of them. @param stem of the paths of its devices */
async function plugIn(order: {
  readonly stem: string;
  readonly gatewayPort: number;
  readonly air: LabAir;
  readonly at: number;
}): Promise<Hardware> {
  const { stem, gatewayPort, air, at } = order;
  const { device } = DOORS[at] as (typeof DOORS)[number];
  const board = new PtyFirmataBoard({ link: `${stem}-board` });
  board.plug();
  const cable = new Cable({ host: "127.0.0.1", port: gatewayPort });
  const clockFile = `${stem}-clock`;
  const clock = pathToFileURL(packageFile("dist/sim/preload/clock.js")).href;
  const adapter = air.plugIn(device, placeOf(at));
  const { preload, env } = air.processOf(device);
  return {
    parts: { board, cable, adapter, clockFile },
    settings: {
      reachPort: await cable.open(),
      settings: ["indicator.kind=firmata", `indicator.path=${board.link}`, "radio.use=on"],
      env: { ...env, NODE_OPTIONS: `--import=${clock} --import=${preload}`, BLUEPOST_SIM_CLOCK: clockFile },
    },
  };
}

/** Where a kiosk stands: before its room's door. */
function placeOf(at: number): LabKioskParts["place"] {
  const { x } = DOORS[at] as (typeof DOORS)[number];
  return { x: x + ROOM.width / 2, y: ROOM.y + ROOM.depth + 0.6 };
}

function roomOf(at: number): LabRoom {
  const { venue, name, x } = DOORS[at] as (typeof DOORS)[number];
  return { venue, name, x, ...ROOM };
}

function firmataPins(): { readonly outputs: LabKioskParts["pins"] } {
  const text = readFileSync(packageFile("hardware/pinout.json"), "utf8");
  return (JSON.parse(text) as { readonly firmata: { readonly outputs: LabKioskParts["pins"] } }).firmata;
}
