import type { JSX } from "preact";
import type { LabKiosk, LabPerson, LabRoom, LabView } from "../../protocol/http/lab.ts";
import type { Say } from "./texts.ts";

const PERSON_M = 0.45;
const DOOR_M = 1.6;
/** A beacon is heard much farther than this; the ring only says that it sends. */
const WAVE_M = 3;

/** The floor plan, one unit a metre: rooms, doors with their kiosks, and everybody who is about. */
export function Plan({ view, say }: { readonly view: LabView; readonly say: Say }): JSX.Element {
  const label = say("plan", { people: view.people.length, kiosks: view.kiosks.length });
  return (
    <figure class="plan">
      <svg viewBox={`0 0 ${view.width} ${view.depth}`} role="img" aria-label={label}>
        {view.rooms.map((room) => (
          <Room key={room.venue} room={room} />
        ))}
        {view.kiosks.map((kiosk) => (
          <Kiosk key={kiosk.device} kiosk={kiosk} />
        ))}
        {view.people.map((person) => (
          <Person key={person.id} person={person} />
        ))}
      </svg>
      <figcaption class="legend">
        {(["walks", "asks", "stays"] as const).map((doing) => (
          <span key={doing}>
            <i class={`dot ${doing}`} /> {say(`legend.${doing}`)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function Room({ room }: { readonly room: LabRoom }): JSX.Element {
  const { x, y, width, depth, name } = room;
  const [left, right] = [x + width / 2 - DOOR_M / 2, x + width / 2 + DOOR_M / 2];
  const foot = y + depth;
  const walls = `M${left} ${foot}H${x}V${y}H${x + width}V${foot}H${right}`;
  return (
    <g>
      <rect class="floor" x={x} y={y} width={width} height={depth} />
      <path class="walls" d={walls} />
      <text class="name" x={x + 0.5} y={y + 1.2}>
        {name}
      </text>
    </g>
  );
}

function Kiosk({ kiosk }: { readonly kiosk: LabKiosk }): JSX.Element {
  const { x, y, switches, isStarting, isBeacon, answer, lamps } = kiosk;
  const glow = !switches.power || isStarting ? "dark" : (answer ?? "idle");
  const lit = (["green", "amber", "red"] as const).find((lamp) => lamps[lamp]);
  return (
    <g class="kiosk">
      {isBeacon && <circle class="wave" cx={x + 1.75} cy={y - 0.8} r={WAVE_M} />}
      <rect class={`screen ${glow}`} x={x + 1} y={y - 1.3} width={1.5} height={1} rx={0.15} />
      <circle class={`lamp ${lit ?? "off"}`} cx={x + 2.9} cy={y - 0.8} r={0.28} />
    </g>
  );
}

function Person({ person }: { readonly person: LabPerson }): JSX.Element {
  return <circle class={`person ${person.doing}`} cx={person.x} cy={person.y} r={PERSON_M} />;
}
