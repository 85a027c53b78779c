// node scripts/prepare-sd.mjs BOOT [options]: makes a card with Raspberry Pi OS a kiosk at its first start.
import { parseArgs } from "node:util";
import { PrepareError, prepareCard } from "./lib/prepare-sd.mjs";
import { EXIT, giveUp, say } from "./lib/root.mjs";

const USAGE = `node scripts/prepare-sd.mjs BOOT [options]
  BOOT                      folder of the card's boot partition (the one with config.txt)
  --name NAME               name of the machine, for example door-1; default bluepost
  --roles LIST              kiosk,screen,gateway,engine; default kiosk,screen
  --deb FILE                package to install, copied to the card: works without internet
  --repo URL --repo-key F   or: apt repository and its public key (bluepost.gpg)
  --update-key F            public key that later packages are signed with; default: that of --repo-key
  --wifi NAME --wifi-password-file F [--country VN]
  --improv                  the kiosk takes its Wi-Fi from a phone, after its button was pressed
  --ssh-key FILE            public key that may log in as the user pi; without it nobody can
  --setup CODE              setup code of \`bluepost-gateway claim\`; it is good for ten minutes only
  --uart CHIP               a scanner on wires: the chip that \`doctor\` names, for example pinctrl-bcm2711
  --lamps gpio|firmata|none what the lamps hang on; default gpio
  --data-partition          a partition of its own for the ledger
  --read-only               the system's partition is never written again (needs --data-partition)`;

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        name: { type: "string", default: "bluepost" },
        roles: { type: "string", default: "kiosk,screen" },
        deb: { type: "string" },
        repo: { type: "string" },
        "repo-key": { type: "string" },
        "update-key": { type: "string" },
        wifi: { type: "string" },
        "wifi-password-file": { type: "string" },
        country: { type: "string", default: "VN" },
        improv: { type: "boolean", default: false },
        "ssh-key": { type: "string" },
        setup: { type: "string" },
        uart: { type: "string" },
        lamps: { type: "string", default: "gpio" },
        "data-partition": { type: "boolean", default: false },
        "read-only": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (fault) {
    return giveUp(EXIT.usage, fault.message, USAGE);
  }
}

const { values, positionals } = readOptions();
if (values.help) giveUp(EXIT.ok, USAGE);
if (positionals.length !== 1) giveUp(EXIT.usage, "Name the folder of the boot partition.", USAGE);
try {
  const { written, next } = prepareCard(positionals[0], values);
  for (const path of written) say(`wrote ${path}`);
  for (const line of next) say(line);
} catch (fault) {
  if (!(fault instanceof PrepareError)) throw fault;
  giveUp(fault.exitCode, ...fault.lines);
}
