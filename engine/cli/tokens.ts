import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import type { PersonKey } from "../../protocol/ids.ts";
import type { Engine, IssuedToken } from "../app.ts";
import { EngineInputError } from "../errors.ts";
import { DOCUMENT_SCHEMES, type PersonFlags, personsOf } from "./documents.ts";
import { type CommonFlags, guarded, integer, print, withConfig, withEngine } from "./flags.ts";
import { localTime, shortKey, table } from "./table.ts";

interface IssueFlags extends CommonFlags, PersonFlags {
  readonly count: number;
  readonly autoCheckin?: boolean;
  readonly out?: string;
}

/** Adds `tokens`. */
export function registerTokenCommands(program: Command): void {
  const tokens = program.command("tokens").description("radio tokens for people without a phone");
  withConfig(tokens.command("issue"))
    .description("make tokens: a line each, serial and seed; the seed goes into the token and is not shown again")
    .option("--count <n>", "how many", integer(1, 10_000), 1)
    .option("--auto-checkin", "the wearer agreed: whatever kiosks hear of the token becomes visits")
    .addOption(new Option("--scheme <scheme>", "kind of the wearer's document").choices(DOCUMENT_SCHEMES))
    .option("--id-file <file>", "file with the wearer's document number, `-` for standard input")
    .option("--person <key...>", "key of the wearer, from the --json output")
    .option("--out <file>", "write the lines to a new file instead")
    .action(guarded(issue));
  withConfig(tokens.command("list")).description("all tokens, the newest first; no seeds").action(guarded(list));
  withConfig(tokens.command("revoke"))
    .argument("<serial>", "serial of the token, from `tokens list`")
    .description("take a token out of use: lost, or the wearer no longer agrees")
    .action(guarded(revoke));
}

async function issue(flags: IssueFlags): Promise<number> {
  const { count, out, autoCheckin = false } = flags;
  const named = flags.idFile === undefined && flags.person === undefined ? null : await personsOf(flags);
  const made = await withEngine(flags, (engine) => {
    const person = named === null ? undefined : wearerOf(engine, named);
    return engine.tokens.issue({ count, autoCheckin, ...(person !== undefined && { person }) });
  });
  const lines = made.map(({ serial, seed }: IssuedToken) => `${serial} ${seed}`);
  if (out === undefined) {
    print(flags, { tokens: made }, lines);
    return 0;
  }
  await writeFile(out, `${lines.join("\n")}\n`, { flag: "wx", mode: 0o600 });
  print(flags, { count, file: out }, [`${count} tokens in ${out}; delete it when they are programmed`]);
  return 0;
}

function wearerOf(engine: Engine, { documents, persons }: Awaited<ReturnType<typeof personsOf>>): PersonKey {
  const all = [...persons, ...documents.map((document) => engine.personOf(document))];
  const [only] = all;
  if (only === undefined || all.length > 1) throw new EngineInputError("a token has one wearer: name one document");
  return only;
}

async function list(flags: CommonFlags): Promise<number> {
  const tokens = await withEngine(flags, (engine) => engine.tokens.list());
  const rows = tokens.map((one) => [
    one.serial,
    shortKey(one.person),
    one.autoCheckin ? "yes" : "no",
    localTime(one.issuedMs),
    localTime(one.revokedMs),
  ]);
  const head = ["token", "wearer", "checks in by itself", "issued", "revoked"];
  print(flags, { tokens }, rows.length === 0 ? ["none"] : table(head, rows));
  return 0;
}

async function revoke(serial: string, flags: CommonFlags): Promise<number> {
  await withEngine(flags, (engine) => engine.tokens.revoke(serial));
  print(flags, { serial, revoked: true }, [`${serial} is out of use`]);
  return 0;
}
