import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import QRCode from "qrcode";
import { parseSiteId, type SiteId } from "../../protocol/ids.ts";
import { STAFF_ACTIONS, type StaffAction } from "../../protocol/qr/reading.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { loadEngineKeys } from "../keys/engine-keys.ts";
import { makeStaffCode, STAFF_CODE_DAYS } from "../keys/staff-codes.ts";
import { argument, type CommonFlags, configOf, guarded, integer, print, withConfig } from "./flags.ts";

interface StaffCodeFlags extends CommonFlags {
  readonly site: SiteId;
  readonly action: readonly StaffAction[];
  readonly days: number;
  readonly png?: string;
  readonly sheet?: string;
}

interface MadeCode {
  readonly action: StaffAction;
  readonly text: string;
  /** Path of its picture, when one was asked for. */
  readonly png: string | null;
}

const SHEET_STYLE =
  "body{font:12pt sans-serif;display:flex;flex-wrap:wrap}figure{width:60mm;margin:5mm;padding:3mm;border:1px dashed #888;" +
  "text-align:center;break-inside:avoid}svg{width:45mm;height:45mm}";

/** What each code does, as it stands beside its text. */
const MEANINGS: Readonly<Record<StaffAction, string>> = {
  menu: "self-test on the screen / tự kiểm tra",
  mute: "sound off and on / tắt, bật âm thanh",
  out_of_order: "out of service / ngừng hoạt động",
  in_service: "in service again / hoạt động lại",
  all_out: "everybody has left / mọi người đã ra",
};

/** Adds `staff-codes` to `cards`. */
export function registerStaffCodes(cards: Command): void {
  withConfig(cards.command("staff-codes"))
    .description("make the codes with which staff of a site tell a kiosk what to do; they work at this site only")
    .requiredOption(
      "--site <site>",
      "name of the site",
      argument(parseSiteId, "lower-case letters, digits and dashes, 1 to 32"),
    )
    .addOption(
      new Option("--action <action...>", "which codes; default: all")
        .choices(STAFF_ACTIONS)
        .default(STAFF_ACTIONS, "all"),
    )
    .option("--days <days>", "days of validity", integer(1, 3_650), STAFF_CODE_DAYS)
    .option("--png <dir>", "write each as a picture into this folder")
    .option("--sheet <file>", "write all of them onto one page to be printed and cut apart (HTML)")
    .action(guarded(make));
}

async function make(flags: StaffCodeFlags): Promise<number> {
  const keys = await loadEngineKeys(configOf(flags).dataDir);
  const { site, days, png, sheet } = flags;
  if (png !== undefined) await mkdir(png, { recursive: true });
  const codes: MadeCode[] = [];
  for (const action of flags.action) {
    const text = await makeStaffCode(keys, { crypto: nodeCrypto, nowMs: Date.now() as WallMs, site, action, days });
    const file = png === undefined ? null : join(png, `${site}-${action}.png`);
    if (file !== null) await QRCode.toFile(file, text, { errorCorrectionLevel: "M", scale: 8, margin: 4 });
    codes.push({ action, text, png: file });
  }
  if (sheet !== undefined) await writeFile(sheet, await sheetOf(flags, codes));
  print(flags, { site, days, codes, sheet: sheet ?? null }, [
    ...codes.flatMap(({ action, text, png: file }) => [`${action}: ${MEANINGS[action]}`, file ?? text, ""]),
    ...(sheet === undefined ? [] : [sheet]),
  ]);
  return 0;
}

/** A page that needs nothing beside itself: each code 45 mm wide, with what it does and until when. */
async function sheetOf({ site, days }: StaffCodeFlags, codes: readonly MadeCode[]): Promise<string> {
  const lastDay = new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  const cards = codes.map(async ({ action, text }) => {
    const picture = await QRCode.toString(text, { type: "svg", errorCorrectionLevel: "M", margin: 2 });
    return `<figure>${picture}<figcaption><b>${MEANINGS[action]}</b><br>${site} · ${lastDay}</figcaption></figure>`;
  });
  return `<!doctype html><html lang="vi"><meta charset="utf-8"><title>Bluepost ${site}</title><style>${SHEET_STYLE}</style>
<body>
${(await Promise.all(cards)).join("\n")}
</body></html>
`;
}
