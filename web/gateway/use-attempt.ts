import { useState } from "preact/hooks";
import { ApiError } from "./api.ts";
import { isText, type Say } from "./texts.ts";

/** Something that takes a moment and may fail. */
export interface Attempt {
  readonly busy: boolean;
  /** Why the last one failed, in words. */
  readonly failure: string | null;
  readonly run: (act: () => Promise<void>) => void;
}

/** @param known prefix of the texts for the codes of this attempt, for example `login.` */
export function useAttempt(say: Say, known: string): Attempt {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  return {
    busy,
    failure,
    run(act) {
      setBusy(true);
      setFailure(null);
      act()
        .catch((fault: unknown) => setFailure(reasonOf(say, fault, known)))
        .finally(() => setBusy(false));
    },
  };
}

function reasonOf(say: Say, fault: unknown, known: string): string {
  if (!(fault instanceof ApiError)) throw fault;
  const own = `${known}${fault.code}`;
  if (isText(own)) return say(own);
  const common = `failed.${fault.code}`;
  return say("failed", { reason: isText(common) ? say(common) : fault.message });
}
