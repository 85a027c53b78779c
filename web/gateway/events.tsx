import type { JSX } from "preact";
import type { FleetEvent } from "../../protocol/http/fleet-view.ts";
import { age, type FleetText, isText, type Say } from "./texts.ts";

interface EventsProps {
  readonly say: Say;
  readonly events: readonly FleetEvent[];
  readonly nowMs: number;
}

/** Alarms first, the latest first; each with what to do about it. */
export function Events({ say, events, nowMs }: EventsProps): JSX.Element {
  const sorted = [...events].sort((a, b) => Number(b.isAlarm) - Number(a.isAlarm) || b.lastMs - a.lastMs);
  return (
    <section aria-labelledby="events" class={`panel events ${events.length > 0 ? "some" : ""}`}>
      <h2 id="events">{say("events.title")}</h2>
      {events.length === 0 && <p>{say("events.none")}</p>}
      <ul>
        {sorted.map((event) => (
          <li key={`${event.event} ${event.device}`} class={event.isAlarm ? "bad" : "look"}>
            <p>
              <strong>
                {event.isAlarm ? "✖ " : "▲ "}
                {event.device && `${event.device}: `}
                {say(keyOf(event.event), { event: event.event })}
              </strong>{" "}
              <small>
                {say(event.n > 1 ? "events.times" : "events.once", { n: event.n, age: age(say, nowMs - event.lastMs) })}
              </small>
            </p>
            <p>{say(`${keyOf(event.event)}.do` as FleetText)}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Key of the text for an event; those without one of their own share one. */
function keyOf(event: string): FleetText {
  const own = `event.${event}`;
  if (isText(own)) return own;
  return event.startsWith("violation.") ? "event.violation.other" : "event.other";
}
