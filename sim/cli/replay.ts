import type { Command } from "commander";
import { registerReplayBtsnoop } from "./replay-btsnoop.ts";
import { registerReplayContacts } from "./replay-contacts.ts";

/** Registers `replay`: days that nobody here made up. */
export function registerReplay(program: Command): void {
  const replay = program.command("replay").description("play real data through the product");
  registerReplayContacts(replay);
  registerReplayBtsnoop(replay);
}
