// The wiring guide's table and picture, made from hardware/pinout.json.

const NAMES = {
  green: { en: "Green lamp (left)", vi: "Đèn xanh lá (trái)" },
  amber: { en: "Amber lamp (middle)", vi: "Đèn vàng (giữa)" },
  red: { en: "Red lamp (right)", vi: "Đèn đỏ (phải)" },
  buzzer: { en: "Buzzer", vi: "Còi" },
  relay: { en: "Door relay", vi: "Rơ-le cửa" },
  button: { en: "Button", vi: "Nút bấm" },
};
const COLOURS = {
  green: "#0b6e3b",
  amber: "#b47b00",
  red: "#b00020",
  buzzer: "#0b4f9e",
  relay: "#5a2a82",
  button: "#444",
};

/** Every wire of the header: what it belongs to, which pin, what the pin carries. */
export function wires(pinout) {
  const { outputs, inputs } = pinout.gpio;
  const parts = Object.entries({ ...outputs, ...inputs }).flatMap(([part, line]) => [
    { part, pin: line.headerPin, role: "signal", carries: `GPIO${line.bcm}` },
    { part, pin: line.groundPin, role: "ground", carries: "GND" },
    ...(line.supplyPin ? [{ part, pin: line.supplyPin, role: "power", carries: voltage(pinout, line.supplyPin) }] : []),
  ]);
  const { transmit, receive, groundPin, supplyPin } = pinout.uart;
  return [
    ...parts,
    { part: "uart", pin: transmit.headerPin, role: "TXD", carries: `GPIO${transmit.bcm}` },
    { part: "uart", pin: receive.headerPin, role: "RXD", carries: `GPIO${receive.bcm}` },
    { part: "uart", pin: groundPin, role: "ground", carries: "GND" },
    { part: "uart", pin: supplyPin, role: "power", carries: voltage(pinout, supplyPin) },
  ];
}

function voltage({ header }, pin) {
  return header["3v3"].includes(pin) ? "3.3 V" : "5 V";
}

/** What a pin of the header is called in the Pi's documents. */
function pinName({ header }, pin) {
  if (header.ground.includes(pin)) return "GND";
  if (header["3v3"].includes(pin) || header["5v"].includes(pin)) return voltage({ header }, pin);
  return `GPIO${header.lines[pin]}`;
}

function row(cells) {
  return `| ${cells.join(" | ")} |`;
}

/** hardware/wiring/wiring.md */
export function wiringTable(pinout) {
  const { outputs, inputs } = pinout.gpio;
  const boardPins = { ...pinout.firmata.outputs, ...pinout.firmata.inputs };
  const rows = Object.entries({ ...outputs, ...inputs }).map(([name, line]) =>
    row([
      NAMES[name].en,
      NAMES[name].vi,
      `**${line.headerPin}** (GPIO${line.bcm})`,
      String(line.groundPin),
      line.supplyPin ? `${line.supplyPin} (${voltage(pinout, line.supplyPin)})` : "",
      line.activeLow ? "low" : "high",
      line.part,
      `D${boardPins[name]}`,
    ]),
  );
  const { uart } = pinout;
  return `${[
    "# Wires / Đấu dây",
    "",
    "Made from `hardware/pinout.json` by `node scripts/wiring.mjs`; the kiosk reads the same file. Do not edit this page.",
    "*Tạo từ `hardware/pinout.json`; máy cũng đọc tệp đó. Không sửa trang này.*",
    "",
    `![The header with every wire: pin numbers as in the table below](wiring.svg)`,
    "",
    `Pins are counted on the header (1 to 40): ${pinout.board}. Switch the power off before you move a wire.`,
    "*Đếm chân trên hàng 40 chân. Tắt nguồn trước khi cắm hay rút dây.*",
    "",
    row(["part", "bộ phận", "signal pin", "ground pin", "power pin", "on when", "what it is", "on an Arduino instead"]),
    row(Array(8).fill("---")),
    ...rows,
    "",
    "## A servo in place of the relay / Động cơ servo thay rơ-le",
    "",
    `On an Arduino a small barrier may hang on a servo: signal on D${pinout.firmata.gateServo}, its 5 V from a supply of its own, all grounds joined. In the`,
    'kiosk\'s configuration: `indicator.gate = "servo"`. Mount the arm so that it is shut at 90 degrees, where the servo goes by itself when the',
    "Arduino takes it; other angles: `indicator.gateShutDegrees`, `indicator.gateOpenDegrees`.",
    `*Thanh chắn nhỏ có thể dùng servo trên Arduino: dây tín hiệu ở D${pinout.firmata.gateServo}, nguồn 5 V riêng, nối chung đất. Lắp sao cho thanh đóng ở 90 độ.*`,
    "",
    "## A scanner on wires / Đầu đọc nối dây",
    "",
    "The usual scanner is on USB and needs none of this.",
    "*Đầu đọc thường cắm USB, không cần phần này.*",
    "",
    row(["scanner's wire", "pin"]),
    row(["---", "---"]),
    row(["RXD (it listens)", `**${uart.transmit.headerPin}** (GPIO${uart.transmit.bcm}, TXD of the Pi)`]),
    row(["TXD (it speaks)", `**${uart.receive.headerPin}** (GPIO${uart.receive.bcm}, RXD of the Pi)`]),
    row(["GND", String(uart.groundPin)]),
    row(["VCC", `${uart.supplyPin} (${voltage(pinout, uart.supplyPin)}; the data wires are 3.3 V, never more)`]),
    "",
    `In the kiosk's configuration: \`scanner.path = "${uart.device}"\`, \`scanner.baudRate = ${uart.baudRate}\`. In \`config.txt\` of the boot partition, by the chip`,
    "that `bluepost-kiosk doctor` names:",
    "",
    row(["chip", "lines for config.txt"]),
    row(["---", "---"]),
    ...Object.entries(uart.overlays).map(([chip, lines]) => row([chip, lines.map((line) => `\`${line}\``).join(", ")])),
    "",
    "In `cmdline.txt`, take `console=serial0,115200` out when it is there: the console would talk to the scanner.",
    "",
  ].join("\n")}`;
}

const ROW = 24;
const LEFT = { pin: 350, label: 310, name: 230 };

/** hardware/wiring/wiring.svg: the header from above, pin 1 at the upper left, every wire named. */
export function wiringPicture(pinout) {
  const byPin = new Map(wires(pinout).map((wire) => [wire.pin, wire]));
  const pins = Array.from({ length: 40 }, (_, at) => drawPin(pinout, at + 1, byPin.get(at + 1)));
  const height = 20 * ROW + 90;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 ${height}" width="740" height="${height}" font-family="sans-serif" font-size="12" role="img">`,
    "<title>Wires of the 40-pin header</title>",
    `<rect width="740" height="${height}" fill="#fff"/>`,
    `<text x="370" y="26" text-anchor="middle" font-size="15">The header from above; pin 1 is at the corner with the card slot</text>`,
    `<rect x="338" y="44" width="64" height="${20 * ROW + 8}" rx="4" fill="#222"/>`,
    ...pins,
    `<text x="370" y="${height - 14}" text-anchor="middle" fill="#444">made from hardware/pinout.json; pins without a name stay empty</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function drawPin(pinout, pin, wire) {
  const isLeft = pin % 2 === 1;
  const y = 60 + Math.floor((pin - 1) / 2) * ROW;
  const at = (left) => (isLeft ? left : 740 - left);
  const anchor = isLeft ? "end" : "start";
  const colour = wire ? (COLOURS[wire.part] ?? "#8a4b00") : "#999";
  const fill = wire ? colour : "#fff";
  const shape =
    pin === 1
      ? `<rect x="${at(LEFT.pin) - 7}" y="${y - 7}" width="14" height="14"`
      : `<circle cx="${at(LEFT.pin)}" cy="${y}" r="7"`;
  const label = `<text x="${at(LEFT.label)}" y="${y + 4}" text-anchor="${anchor}" fill="${wire ? "#000" : "#777"}">${pin} ${pinName(pinout, pin)}</text>`;
  const draw = [`${shape} fill="${fill}" stroke="#fff"/>`, label];
  if (wire) {
    draw.push(
      `<path d="M${at(LEFT.pin)} ${y}H${at(LEFT.label + 4)}" stroke="${colour}" stroke-width="2"/>`,
      `<text x="${at(LEFT.name)}" y="${y + 4}" text-anchor="${anchor}" fill="${colour}" font-weight="bold">${partName(wire)}</text>`,
    );
  }
  return draw.join("");
}

function partName({ part, role }) {
  const name = NAMES[part]?.en.replace(/ \(.*/, "") ?? "Scanner on wires";
  return `${name}: ${role}`;
}
