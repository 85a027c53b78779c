import { type Command, Option } from "commander";
import { FACTS, type Fact } from "../app.ts";
import { EngineInputError } from "../errors.ts";
import { parsePersonKey } from "./documents.ts";
import { guarded, type LanguageFlags, print, withConfig, withEngine, withLanguage } from "./flags.ts";
import { shortKey } from "./table.ts";
import { textsOf } from "./texts.ts";

const ANSWERS = { yes: true, no: false, unknown: null } as const;
type Answer = keyof typeof ANSWERS;

/** The flag of each fact, and what it asks. */
const QUESTIONS: Readonly<Record<Fact, readonly [flag: string, question: string]>> = {
  masked: ["masked", "did both wear masks all the time?"],
  within2m: ["within-2m", "did they come within 2 metres of each other?"],
  closedSpace: ["closed-space", "were they in one narrow closed space, a room or a vehicle?"],
  touched: ["touched", "did they touch, shake hands?"],
  cared: ["cared", "did one nurse or treat the other without full protection?"],
};

type ToldFlags = LanguageFlags & { readonly person: string } & Readonly<Partial<Record<Fact, Answer>>>;

/** Adds `case told`. */
export function registerToldCommand(cases: Command): void {
  const command = withLanguage(withConfig(cases.command("told")))
    .argument("<case>", "number of the case, from `case list`")
    .description("write down what was said about a person beside the case; `trace` then judges by it")
    .requiredOption("--person <key>", "key of the person, from `trace --json`");
  for (const [flag, question] of Object.values(QUESTIONS)) {
    command.addOption(new Option(`--${flag} <answer>`, question).choices(Object.keys(ANSWERS)));
  }
  command.action(guarded(noteTold));
}

async function noteTold(id: string, flags: ToldFlags): Promise<number> {
  const person = parsePersonKey(flags.person);
  const given = FACTS.flatMap((fact) => {
    const answer = flags[fact];
    return answer === undefined ? [] : [[fact, ANSWERS[answer]] as const];
  });
  if (given.length === 0) {
    const all = Object.values(QUESTIONS).map(([flag]) => `--${flag}`);
    throw new EngineInputError(`nothing was told: give at least one of ${all.join(", ")}, each yes, no or unknown`);
  }
  const { told, verdict } = await withEngine(flags, async (engine) => {
    const beside = async () => (await engine.trace(id)).persons.find((one) => one.person === person);
    if (!(await beside())) throw new EngineInputError("this person was not beside the case: `trace` shows who was");
    await engine.noteTold({ caseId: id, person, facts: Object.fromEntries(given) });
    return { ...(await beside()) };
  });
  const texts = textsOf(flags.lang);
  const outcome = verdict ? texts.verdicts[verdict.verdict] : texts.noRule;
  const missing = verdict?.missing.map((fact) => texts.missing[fact]).join(", ") ?? "";
  print(flags, { case: id, person, told, verdict }, [
    `${shortKey(person)}  ${outcome}${missing === "" ? "" : `; ${texts.toFindOut}: ${missing}`}`,
  ]);
  return 0;
}
