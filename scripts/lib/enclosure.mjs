// The enclosure's drawing, made from hardware/enclosure/enclosure.json.

const SCALE = 0.5;
const FLOOR_Y = 700;
const FRONT_X = 190;
const SIDE_X = 560;

const y = (height) => FLOOR_Y - height * SCALE;
const px = (millimetres) => millimetres * SCALE;

/** What would put a part out of reach or out of the box; empty when nothing is wrong. */
export function enclosureProblems({ floor, box, parts }) {
  const top = box.bottom + box.height;
  const inside = Object.entries(parts).filter(
    ([, { centre, height }]) => centre - height / 2 < box.bottom || centre + height / 2 > top,
  );
  const [low, high] = floor.reach;
  const [from, to] = floor.scanner;
  return [
    ...inside.map(([name]) => `${name} is not inside the box`),
    ...(box.bottom < low || top > high ? [`the box does not lie within reach, ${low} to ${high} mm`] : []),
    ...(parts.scanner.centre < from || parts.scanner.centre > to
      ? [`the scanner is not ${from} to ${to} mm high`]
      : []),
  ];
}

/** hardware/enclosure/enclosure.svg: front and side with heights above the floor, millimetres. */
export function enclosurePicture(plan) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 760" width="800" height="760" font-family="sans-serif" font-size="12" role="img">`,
    "<title>The kiosk on its wall: front and side, heights above the floor in millimetres</title>",
    `<rect width="800" height="760" fill="#fff"/>`,
    `<path d="M20 ${FLOOR_Y}H780" stroke="#000" stroke-width="2"/>`,
    `<text x="24" y="${FLOOR_Y + 18}">floor, 0 / sàn</text>`,
    reach(plan),
    front(plan),
    side(plan),
    `<text x="400" y="748" text-anchor="middle" fill="#444">millimetres; made from hardware/enclosure/enclosure.json</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function reach({ floor }) {
  const [low, high] = floor.reach;
  const label = (height, text) =>
    `<path d="M60 ${y(height)}H780" stroke="#0b6e3b" stroke-dasharray="6 4"/><text x="64" y="${y(height) - 5}" fill="#0b6e3b">${text}</text>`;
  return (
    label(low, `${low}: lowest reach from a wheelchair / tầm với thấp nhất`) +
    label(high, `${high}: highest reach / tầm với cao nhất`)
  );
}

function front({ box, parts }) {
  const left = FRONT_X - px(box.width / 2);
  const outline = `<rect x="${left}" y="${y(box.bottom + box.height)}" width="${px(box.width)}" height="${px(box.height)}" rx="${px(box.corner)}" fill="#f4f4f4" stroke="#000"/>`;
  const drawn = Object.values(parts).map((part) => frontPart(part));
  return [
    `<text x="${FRONT_X}" y="60" text-anchor="middle" font-weight="bold">Front / mặt trước</text>`,
    outline,
    ...drawn,
    across(FRONT_X, y(box.bottom) + 18, box.width),
    upright(left - 26, box.bottom, box.height),
    `<text x="${FRONT_X}" y="${y(box.bottom) + 54}" text-anchor="middle">bottom at ${box.bottom} / mép dưới cao ${box.bottom}</text>`,
  ].join("");
}

function frontPart({ centre, width, height, en, vi }) {
  const right = FRONT_X + px(width / 2);
  return [
    `<rect x="${FRONT_X - px(width / 2)}" y="${y(centre + height / 2)}" width="${px(width)}" height="${px(height)}" fill="#cfd8dc" stroke="#000"/>`,
    `<path d="M${right} ${y(centre)}H${FRONT_X + 78}" stroke="#666"/>`,
    `<text x="${FRONT_X + 82}" y="${y(centre) + 4}">${centre}: ${en} / ${vi}</text>`,
  ].join("");
}

function side({ box, parts, scannerTiltDegrees: tilt, codeDistance }) {
  const wall = SIDE_X + px(box.depth);
  const eye = y(parts.scanner.centre);
  const [near, far] = codeDistance;
  const angle = (tilt * Math.PI) / 180;
  const at = (distance) =>
    [SIDE_X - px(distance) * Math.cos(angle), eye - px(distance) * Math.sin(angle)].map((value) => value.toFixed(1));
  const card = (distance) => {
    const [x, top] = at(distance);
    return `<circle cx="${x}" cy="${top}" r="3" fill="#b00020"/>`;
  };
  const [endX, endY] = at(far + 60);
  return [
    `<text x="${SIDE_X}" y="60" text-anchor="middle" font-weight="bold">Side / mặt bên</text>`,
    `<rect x="${wall}" y="80" width="14" height="${FLOOR_Y - 80}" fill="#ddd" stroke="#999"/>`,
    `<rect x="${SIDE_X}" y="${y(box.bottom + box.height)}" width="${px(box.depth)}" height="${px(box.height)}" fill="#f4f4f4" stroke="#000"/>`,
    `<path d="M${SIDE_X} ${eye}L${endX} ${endY}" stroke="#b00020" stroke-dasharray="4 3"/>`,
    card(near),
    card(far),
    `<text x="${SIDE_X - 150}" y="${y(box.bottom) + 62}" fill="#b00020">scanner looks up ${tilt}°; code ${near} to ${far} away</text>`,
    `<text x="${SIDE_X - 150}" y="${y(box.bottom) + 78}" fill="#b00020">ngửa ${tilt}°; đưa mã cách ${near}–${far}</text>`,
    across(SIDE_X + px(box.depth / 2), y(box.bottom) + 18, box.depth),
  ].join("");
}

function across(centreX, atY, width) {
  const half = px(width / 2);
  return `<path d="M${centreX - half} ${atY}H${centreX + half}M${centreX - half} ${atY - 5}v10M${centreX + half} ${atY - 5}v10" stroke="#000"/><text x="${centreX}" y="${atY + 16}" text-anchor="middle">${width}</text>`;
}

function upright(atX, bottom, height) {
  const [from, to] = [y(bottom), y(bottom + height)];
  return `<path d="M${atX} ${from}V${to}M${atX - 5} ${from}h10M${atX - 5} ${to}h10" stroke="#000"/><text x="${atX - 8}" y="${(from + to) / 2}" text-anchor="end">${height}</text>`;
}
