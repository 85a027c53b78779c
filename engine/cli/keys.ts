import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { toHex } from "../../protocol/bytes.ts";
import { parseSiteId, type SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { CARD_DAYS, CARD_KINDS, type CardKind, issueCards } from "../keys/cards.ts";
import { createEngineKeys, keysFolder, loadEngineKeys } from "../keys/engine-keys.ts";
import { publishingKey } from "../keys/publishing-key.ts";
import { cardIssuerKid, createSiteBundle, type ObservedPhones } from "../keys/site-bundle.ts";
import { argument, type CommonFlags, configOf, guarded, integer, print, withConfig } from "./flags.ts";
import { registerStaffCodes } from "./staff-codes.ts";

const now = (): WallMs => Date.now() as WallMs;
const crypto = nodeCrypto;

/** Adds `keys` and `cards`. */
export function registerKeyCommands(program: Command): void {
  const keys = program.command("keys").description("the authority's keys");
  withConfig(keys.command("init"))
    .description("make a development authority; `start` does it by itself at first start")
    .option("--name <text>", "name of the authority, stands in its root certificate")
    .action(guarded(initKeys));
  withConfig(keys.command("site"))
    .description("make a site's bundle: what its gateway needs at first start")
    .requiredOption(
      "--site <site>",
      "name of the site",
      argument(parseSiteId, "lower-case letters, digits and dashes, 1 to 32"),
    )
    .requiredOption("--out <dir>", "new or empty folder for the bundle; the key in it is secret")
    .addOption(
      new Option("--observe <phones...>", "phones that this site's kiosks may record beside tokens; default: none")
        .choices(["gaen", "bluezone"])
        .default([]),
    )
    .action(guarded(makeSite));
  withConfig(keys.command("show")).description("the public keys; nothing secret").action(guarded(showKeys));
  const cards = program.command("cards").description("personal cards, and codes for staff");
  withConfig(cards.command("issue"))
    .description("issue cards with random serials: one line a card, the text of its QR code")
    .option("--count <n>", "how many", integer(1, 100_000), 1)
    .addOption(new Option("--kind <kind>", "who carries it").choices(Object.keys(CARD_KINDS)).default("visitor"))
    .option("--days <days>", "days of validity", integer(1, 3_650), CARD_DAYS)
    .option("--out <file>", "write the lines to a new file instead")
    .action(guarded(issue));
  registerStaffCodes(cards);
}

async function initKeys(flags: CommonFlags & { readonly name?: string }): Promise<number> {
  const { dataDir } = configOf(flags);
  const { name } = flags;
  await createEngineKeys(dataDir, { crypto, nowMs: now(), ...(name !== undefined && { name }) });
  const folder = keysFolder(dataDir);
  print(flags, { folder }, [
    `Keys of a development authority are in ${folder}.`,
    "Move vault.passphrase off this machine before real use; keep a backup of the folder.",
    "Next: bluepost-engine keys site --site SITE --out DIR",
  ]);
  return 0;
}

async function makeSite(
  flags: CommonFlags & { readonly site: SiteId; readonly out: string; readonly observe: readonly ObservedPhones[] },
): Promise<number> {
  const { site, out, observe } = flags;
  const keys = await loadEngineKeys(configOf(flags).dataDir);
  await createSiteBundle(keys, { crypto, site, out, observe, nowMs: now() });
  print(flags, { site, folder: out }, [
    `The bundle of site ${site} is in ${out}; authority.key.pem in it is secret.`,
    `Next, on the gateway: bluepost-gateway start --site-bundle ${out}`,
  ]);
  return 0;
}

async function showKeys(flags: CommonFlags): Promise<number> {
  const keys = await loadEngineKeys(configOf(flags).dataDir);
  const root = new X509Certificate(keys.root.certificatePem);
  const shown = {
    root: { name: root.subject.replace(/^CN=/, ""), fingerprint: root.fingerprint256, validTo: root.validTo },
    receiptKey: toHex(keys.receipt.publicKey),
    matchKey: toHex(keys.match.publicKey),
    vaultKey: toHex(keys.vaultPublicKey),
    venueKey: toHex(keys.venue.publicKey),
    publishingKey: toHex(publishingKey(crypto, keys.secret).publicKey),
    cardIssuer: {
      kid: toHex(cardIssuerKid(crypto, keys.cardIssuer.publicKey)),
      publicKey: toHex(keys.cardIssuer.publicKey),
    },
  };
  print(flags, shown, [
    `root         ${shown.root.name}, until ${shown.root.validTo}`,
    `             ${shown.root.fingerprint}`,
    `receipt key  ${shown.receiptKey}`,
    `match key    ${shown.matchKey}`,
    `vault key    ${shown.vaultKey}`,
    `venue key    ${shown.venueKey}`,
    `publishing   ${shown.publishingKey}`,
    `card issuer  ${shown.cardIssuer.kid} ${shown.cardIssuer.publicKey}`,
  ]);
  return 0;
}

interface IssueFlags extends CommonFlags {
  readonly count: number;
  readonly kind: CardKind;
  readonly days: number;
  readonly out?: string;
}

async function issue(flags: IssueFlags): Promise<number> {
  const keys = await loadEngineKeys(configOf(flags).dataDir);
  const { count, kind, days, out } = flags;
  const cards = await issueCards(keys, { crypto, nowMs: now(), count, kind, days });
  const lines = cards.map(({ text }) => text);
  if (out === undefined) {
    print(flags, { cards }, lines);
    return 0;
  }
  await writeFile(out, `${lines.join("\n")}\n`, { flag: "wx", mode: 0o600 });
  print(flags, { count, file: out }, [`${count} cards in ${out}`]);
  return 0;
}
