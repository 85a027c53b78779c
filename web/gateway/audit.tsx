import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AuditAnswer } from "../../protocol/http/fleet-view.ts";
import type { Language } from "../kit/i18n.ts";
import { read } from "./api.ts";
import { Failure } from "./login.tsx";
import { moment, type Say } from "./texts.ts";
import { useAttempt } from "./use-attempt.ts";

/** Who did what, read when it is opened. */
export function Audit({ say, language }: { readonly say: Say; readonly language: Language }): JSX.Element {
  const [lines, setLines] = useState<readonly AuditAnswer[] | null>(null);
  const { failure, run } = useAttempt(say, "audit.");
  const toggled = (event: Event): void => {
    if (!(event.currentTarget as HTMLDetailsElement).open) return;
    run(async () => setLines(await read<readonly AuditAnswer[]>("api/audit")));
  };
  return (
    <details class="panel" onToggle={toggled}>
      <summary>{say("audit.title")}</summary>
      <Failure text={failure} />
      {lines?.length === 0 && <p>{say("audit.none")}</p>}
      <ul class="audit">
        {lines?.map(({ atMs, operator, action, device, detail }) => (
          <li key={`${atMs} ${action} ${device}`}>
            {say("audit.line", { time: moment(language, atMs), operator, action, device: device ?? "", detail })}
          </li>
        ))}
      </ul>
    </details>
  );
}
