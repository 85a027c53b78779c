import { CASE_KEY_PROBLEMS, type CaseKeyAnswer, type CaseKeyProblem } from "../../protocol/http/case-keys.ts";
import type { EndReason, StartReason, VisitEvidence } from "../visits/visit.ts";
import { RULE_TEXTS, type RuleTexts } from "./rule-texts.ts";

/** How the case's own stay is known. */
type Beside = "scan" | "radio" | "claim";

/** Languages of the officers' tables. */
export const LANGUAGES = ["vi", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What the tables say. */
export interface Texts extends RuleTexts {
  readonly language: Language;
  readonly visitHead: readonly string[];
  readonly contactHead: readonly string[];
  readonly personHead: readonly string[];
  readonly caseHead: readonly string[];
  readonly heardHead: readonly string[];
  readonly tokenHead: readonly string[];
  readonly none: string;
  readonly visits: string;
  readonly contacts: string;
  readonly persons: string;
  readonly heard: string;
  readonly tokens: string;
  readonly unnamedToken: string;
  readonly tokensOmitted: (n: number) => string;
  readonly signalNote: string;
  readonly beside: Readonly<Record<Beside, string>>;
  readonly erased: (n: number) => string;
  readonly sealedAside: (n: number) => string;
  readonly key: string;
  readonly keyVerdicts: Readonly<Record<CaseKeyAnswer["verdict"], string>>;
  readonly keyProblems: Readonly<Record<CaseKeyProblem, string>>;
  readonly window: (from: string, to: string) => string;
  readonly noNames: string;
  readonly vaultHead: readonly string[];
  readonly openingHead: readonly string[];
  readonly passphrase: string;
  readonly wrongPassphrase: string;
  readonly nobodyToOpen: string;
  readonly otherVaultKey: string;
  readonly codeSaysNothing: string;
  readonly onRecord: (n: number) => string;
  readonly brokenRecord: (n: number) => string;
  readonly timeUnknown: string;
  readonly conflict: string;
  readonly conflicts: string;
  readonly conflictHead: readonly string[];
  readonly conflictNote: string;
  readonly yes: string;
  readonly reasons: Readonly<Record<StartReason | EndReason, string>>;
  readonly evidence: Readonly<Record<VisitEvidence, string>>;
}

const en: Texts = {
  ...RULE_TEXTS.en,
  language: "en",
  visitHead: ["venue", "gate", "from", "to", "min certain", "min possible", "start", "end", "party"],
  contactHead: [
    "person",
    "venue",
    "gate",
    "from",
    "to",
    "min certain",
    "min possible",
    "start",
    "end",
    "party",
    "case by",
  ],
  heardHead: ["venue", "gate", "from", "to", "min", "sightings", "dBm max", "dBm mean", "dBm sent", "key"],
  tokenHead: [
    "person",
    "venue",
    "gate",
    "from",
    "to",
    "min certain",
    "min possible",
    "sightings",
    "dBm max",
    "dBm mean",
    "case by",
  ],
  personHead: ["person", "venues", "min certain", "min possible", "verdict", "clauses", "to find out", "doubts"],
  caseHead: ["case", "onset", "sample", "opened"],
  none: "none",
  visits: "Visits of the case",
  contacts: "Stays beside the case",
  persons: "Persons",
  window: (from, to) => `Infectious window: ${from} to ${to} (Vietnam time)`,
  noNames: "Names and telephone numbers are sealed; `bluepost-engine vault open` opens them for this case, on record.",
  vaultHead: ["person", "name", "telephone", "born", "address", "insurance"],
  openingHead: ["no.", "opened", "case", "persons", "reason"],
  passphrase: "Passphrase of the vault (it is not shown)",
  wrongPassphrase: "The passphrase is wrong. Nothing was opened.",
  nobodyToOpen: "Nobody was beside the case for so long. Nothing was opened.",
  otherVaultKey: "sealed for another vault key",
  codeSaysNothing: "the code shown says no name",
  onRecord: (n) => `This is opening ${n} on record. The public sees how many there were.`,
  brokenRecord: (n) => `The record is broken at number ${n}: something was changed, left out or put in afterwards.`,
  timeUnknown: "time unknown",
  conflict: "two places at once",
  conflicts: "Two places at once",
  conflictHead: ["person", "seen at", "and at", "from", "to"],
  conflictNote:
    "Nobody is at two places at once: a code was copied or lent, or one place lies within the other. Ask the person before anything else.",
  yes: "yes",
  reasons: {
    explicit: "scan",
    previous_scan: "inferred: scan before",
    next_venue: "inferred: next venue",
    next_scan: "inferred: next scan",
    closing_hour: "inferred: closing hour",
    default_stay: "inferred: usual stay",
  },
  evidence: {
    none: "none",
    inferred: "inferred",
    staff: "staff",
    document: "document",
    signed_static: "card",
    signed_live: "phone",
    radio: "heard by radio",
    claim: "the phone's word",
  },
  heard: "The case was heard here",
  tokens: "Tokens heard beside the case",
  unnamedToken: "unnamed",
  tokensOmitted: (n) => `${n} more tokens are left out.`,
  signalNote:
    "A strong signal (above -60 dBm) was near or in plain view; a weak one says little. Walls and bodies take 10 to 20 dB.",
  beside: { scan: "scan", radio: "heard by radio", claim: "the phone's word" },
  erased: (n) => `${n} rows erased, and keys and places that were handed in for the person's cases`,
  sealedAside: (n) =>
    `${n} sealed batches or rows stay put aside unread until their retention ends: they may hold rows of this person too.`,
  key: "key",
  keyVerdicts: { stored: "stored", duplicate: "known already", refused: "NOT TAKEN" },
  keyProblems: CASE_KEY_PROBLEMS,
};

const vi: Texts = {
  ...RULE_TEXTS.vi,
  language: "vi",
  visitHead: ["địa điểm", "cửa", "từ", "đến", "phút chắc chắn", "phút có thể", "vào", "ra", "đi cùng"],
  contactHead: [
    "người",
    "địa điểm",
    "cửa",
    "từ",
    "đến",
    "phút chắc chắn",
    "phút có thể",
    "vào",
    "ra",
    "đi cùng",
    "ca bệnh qua",
  ],
  heardHead: ["địa điểm", "cửa", "từ", "đến", "phút", "số lần", "dBm cao nhất", "dBm trung bình", "dBm phát", "khóa"],
  tokenHead: [
    "người",
    "địa điểm",
    "cửa",
    "từ",
    "đến",
    "phút chắc chắn",
    "phút có thể",
    "số lần",
    "dBm cao nhất",
    "dBm trung bình",
    "ca bệnh qua",
  ],
  personHead: ["người", "địa điểm", "phút chắc chắn", "phút có thể", "kết luận", "điểm", "cần hỏi", "nghi ngờ"],
  caseHead: ["ca bệnh", "khởi phát", "lấy mẫu", "mở lúc"],
  none: "không có",
  visits: "Nơi ca bệnh đã đến",
  contacts: "Những lượt có mặt cùng ca bệnh",
  persons: "Những người có mặt",
  window: (from, to) => `Khoảng thời gian có thể lây: ${from} đến ${to} (giờ Việt Nam)`,
  noNames: "Họ tên và số điện thoại được niêm phong; `bluepost-engine vault open` mở cho ca bệnh này, có ghi vào sổ.",
  vaultHead: ["người", "họ tên", "điện thoại", "năm sinh", "địa chỉ", "bảo hiểm"],
  openingHead: ["số", "mở lúc", "ca bệnh", "số người", "lý do"],
  passphrase: "Mật khẩu của két (không hiện lên màn hình)",
  wrongPassphrase: "Mật khẩu không đúng. Chưa mở gì cả.",
  nobodyToOpen: "Không ai có mặt cùng ca bệnh lâu như vậy. Chưa mở gì cả.",
  otherVaultKey: "niêm phong bằng khóa khác",
  codeSaysNothing: "mã đã quét không ghi họ tên",
  onRecord: (n) => `Đây là lần mở số ${n} trong sổ. Công chúng thấy tổng số lần mở.`,
  brokenRecord: (n) => `Sổ bị hỏng ở số ${n}: có nội dung đã bị sửa, bỏ đi hoặc thêm vào sau.`,
  timeUnknown: "không rõ thời gian",
  conflict: "ở hai nơi cùng lúc",
  conflicts: "Ở hai nơi cùng lúc",
  conflictHead: ["người", "ghi nhận tại", "và tại", "từ", "đến"],
  conflictNote:
    "Không ai ở hai nơi cùng lúc: mã đã bị sao chép hoặc cho mượn, hoặc nơi này nằm trong nơi kia. Hãy hỏi người đó trước khi làm bất cứ việc gì.",
  yes: "có",
  reasons: {
    explicit: "quét mã",
    previous_scan: "suy ra: lần quét trước",
    next_venue: "suy ra: địa điểm kế tiếp",
    next_scan: "suy ra: lần quét sau",
    closing_hour: "suy ra: giờ đóng cửa",
    default_stay: "suy ra: thời gian thường lệ",
  },
  evidence: {
    none: "không",
    inferred: "suy ra",
    staff: "nhân viên",
    document: "giấy tờ",
    signed_static: "thẻ",
    signed_live: "điện thoại",
    radio: "thu được sóng",
    claim: "điện thoại khai",
  },
  heard: "Nơi thu được sóng của ca bệnh",
  tokens: "Thẻ phát sóng ở gần ca bệnh",
  unnamedToken: "chưa rõ",
  tokensOmitted: (n) => `Còn ${n} thẻ không liệt kê.`,
  signalNote:
    "Sóng mạnh (trên -60 dBm) là ở gần hoặc không bị che; sóng yếu không nói lên nhiều. Tường và người làm giảm 10 đến 20 dB.",
  beside: { scan: "quét mã", radio: "thu được sóng", claim: "điện thoại khai" },
  erased: (n) => `Đã xóa ${n} dòng, cùng các khóa và địa điểm đã nộp cho ca bệnh của người này`,
  sealedAside: (n) =>
    `Còn ${n} gói hoặc dòng niêm phong được để riêng, chưa mở, cho đến khi hết hạn lưu: trong đó có thể có dòng của người này.`,
  key: "khóa",
  keyVerdicts: { stored: "đã lưu", duplicate: "đã có từ trước", refused: "KHÔNG NHẬN" },
  keyProblems: {
    unknown_scheme: "Loại khóa không phải là gaen, bluezone, token hay place",
    malformed_item: "Mục này không có đủ các trường của loại khóa",
    base_id: "Mã gốc cho biết mọi ngày của điện thoại: chỉ nộp khóa ngày của những ngày cần tìm",
    outside_window: "Khóa thuộc ngày ngoài khoảng thời gian ca bệnh có thể lây cho người khác",
    in_future: "Khóa bắt đầu sau thời điểm hiện tại",
    unknown_place: "Chưa có máy nào gửi về đây từng hiện mã này; máy ngoại tuyến có thể gửi về sau",
    not_live: "Vào lúc đó mã này không hiện trên màn hình",
    published: "Khóa của nơi và ngày đó đã được công bố nên ai cũng có thể khai như vậy: hãy báo cho cán bộ y tế",
  },
};

const TEXTS: Readonly<Record<Language, Texts>> = { en, vi };

/** Texts of a language; without one, that of the environment's LANG. */
export function textsOf(language: Language | undefined): Texts {
  return TEXTS[language ?? (process.env["LANG"]?.startsWith("vi") ? "vi" : "en")];
}
