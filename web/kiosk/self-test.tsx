import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import {
  SELF_CHECKS,
  SELF_TEST_CODES,
  type SelfCheck,
  type SelfTestCode,
  type SelfTestLine,
  type SelfTestOutcome,
  type SelfTestView,
} from "../../protocol/http/self-test.ts";
import { type Language, type TextKey, translate } from "../kit/i18n.ts";
import { play } from "../kit/sounds.ts";
import { Icon, type IconName } from "./icons.tsx";
import { LOOKS } from "./looks.ts";

interface SelfTestProps {
  readonly test: SelfTestView;
  readonly state: ScreenState;
  readonly language: Language;
}

const ICONS: Readonly<Record<SelfTestOutcome, IconName>> = { ok: "check", bad: "wrench", look: "eye", none: "minus" };

type CodeWithRemedy = {
  [Code in SelfTestCode]: (typeof SELF_TEST_CODES)[Code] extends "ok" ? never : Code;
}[SelfTestCode];

/** What a technician sees after the set-up, or after holding the corner of the screen: every part of the kiosk, and what to do about it. */
export function SelfTest({ test, state, language }: SelfTestProps): JSX.Element {
  const say = translate.bind(null, language);
  useEffect(() => play(LOOKS.in_ok.tones, state.volume), [test.run]); // once a test, whatever the volume becomes meanwhile
  const lines = test.lines.map((line) => heard(line, state.volume));
  const faults = lines.filter(({ code }) => SELF_TEST_CODES[code] === "bad").length;
  const isDone = lines.length === SELF_CHECKS.length;
  const sum = faults > 0 ? say("kiosk.test.faults", { count: faults }) : say("kiosk.test.allWell");
  return (
    <main class="self-test">
      <header>
        <h1>{say("kiosk.test.title")}</h1>
        <p role="status" data-faults={isDone ? faults : undefined}>
          {isDone ? sum : say("kiosk.test.running")}
        </p>
      </header>
      <ul>
        {SELF_CHECKS.map((check) => (
          <Row key={check} check={check} line={lines.find((line) => line.check === check)} language={language} />
        ))}
      </ul>
      <footer>
        <p>{say("kiosk.test.leaves")}</p>
        <button type="button" onClick={() => request(true)}>
          {say("kiosk.test.again")}
        </button>
        <button type="button" onClick={() => request(false)}>
          {say("kiosk.test.close")}
        </button>
      </footer>
    </main>
  );
}

interface RowProps {
  readonly check: SelfCheck;
  /** Absent: still under way. */
  readonly line: SelfTestLine | undefined;
  readonly language: Language;
}

function Row({ check, line, language }: RowProps): JSX.Element {
  const say = translate.bind(null, language);
  const outcome = line && SELF_TEST_CODES[line.code];
  return (
    <li data-check={check} data-code={line?.code} data-outcome={outcome ?? "running"}>
      <span class="verdict">
        {outcome && <Icon name={ICONS[outcome]} />}
        {say(outcome ? `kiosk.test.outcome.${outcome}` : "kiosk.test.running")}
      </span>
      <span class="what">{say(`kiosk.test.check.${check}`)}</span>
      <span class="found">
        {line && <span>{say(`kiosk.test.${line.code}`, line.values)}</span>}
        {line && hasRemedy(line.code) && <em>{say(`kiosk.test.${line.code}.fix` satisfies TextKey)}</em>}
      </span>
    </li>
  );
}

function hasRemedy(code: SelfTestCode): code is CodeWithRemedy {
  return SELF_TEST_CODES[code] !== "ok";
}

/** Only the page knows that nothing can be heard. */
function heard(line: SelfTestLine, volume: number | undefined): SelfTestLine {
  return line.code === "sound_listen" && volume === 0 ? { ...line, code: "sound_off" } : line;
}

/** Begins a test or ends it; what becomes of it comes with the next state. */
export function request(open: boolean): void {
  const post = fetch("api/self-test", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ open }),
  });
  post.catch(() => undefined); // the kiosk restarts: the page says so itself
}
