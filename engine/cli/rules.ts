import type { Command } from "commander";
import { loadRulePacks } from "../app.ts";
import { guarded, type LanguageFlags, print, withConfig, withLanguage } from "./flags.ts";
import { textsOf } from "./texts.ts";
import { packLines } from "./verdicts.ts";

/** Adds `rules`. */
export function registerRuleCommands(program: Command): void {
  withLanguage(withConfig(program.command("rules")))
    .description(
      "the definitions of a close contact by which `trace` judges, when each was in force, and how well we know it",
    )
    .action(guarded(listRules));
}

async function listRules(flags: LanguageFlags): Promise<number> {
  const rules = await loadRulePacks();
  const texts = textsOf(flags.lang);
  const lines = rules.flatMap((pack) => {
    const { inForce, infectious, source } = pack;
    return [
      ...packLines(pack, texts),
      `  ${texts.inForce(inForce.from, inForce.to)}`,
      `  ${texts.infectiousFrom(infectious.daysBefore)} (${texts.strengths[infectious.strength]})`,
      `  ${source}`,
      "",
    ];
  });
  print(flags, { rules }, lines.slice(0, -1));
  return 0;
}
