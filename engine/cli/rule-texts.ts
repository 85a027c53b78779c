import type { Missing, RulePack, Verdict } from "../app.ts";

/** What the tables say of rules and verdicts. */
export interface RuleTexts {
  readonly verdicts: Readonly<Record<Verdict["verdict"], string>>;
  readonly missing: Readonly<Record<Missing, string>>;
  readonly strengths: Readonly<Record<RulePack["strength"], string>>;
  readonly noRule: string;
  readonly toFindOut: string;
  readonly askFirst: string;
  readonly inForce: (from: string, to: string | null) => string;
  readonly infectiousFrom: (days: number) => string;
}

export const RULE_TEXTS: Readonly<Record<"en" | "vi", RuleTexts>> = {
  en: {
    verdicts: { contact: "CLOSE CONTACT", possible: "possible", no: "no" },
    missing: {
      masked: "masks?",
      within2m: "within 2 m?",
      closedSpace: "one closed room?",
      touched: "touched?",
      cared: "cared for?",
      minutes: "how long?",
      identity: "who was it?",
    },
    strengths: { official: "official text", reported: "as reported", unverified: "NOT VERIFIED" },
    noRule: "no rule of that day",
    toFindOut: "to find out",
    askFirst:
      "A door knows neither distance nor masks: write down what people say with `case told`; until then a verdict stays open.",
    inForce: (from, to) => (to === null ? `in force since ${from}` : `in force from ${from} to ${to}`),
    infectiousFrom: (days) => `infectious from ${days} days before onset or the positive sample`,
  },
  vi: {
    verdicts: { contact: "TIẾP XÚC GẦN", possible: "có thể", no: "không" },
    missing: {
      masked: "khẩu trang?",
      within2m: "trong 2 m?",
      closedSpace: "cùng phòng kín?",
      touched: "có chạm?",
      cared: "có chăm sóc?",
      minutes: "bao lâu?",
      identity: "có đúng người?",
    },
    strengths: { official: "văn bản chính thức", reported: "theo báo chí", unverified: "CHƯA KIỂM CHỨNG" },
    noRule: "không có quy định ngày đó",
    toFindOut: "cần hỏi",
    askFirst:
      "Cửa không biết khoảng cách và khẩu trang: ghi lời người được hỏi bằng `case told`; chưa hỏi thì kết luận còn để ngỏ.",
    inForce: (from, to) => (to === null ? `có hiệu lực từ ${from}` : `có hiệu lực từ ${from} đến ${to}`),
    infectiousFrom: (days) => `có thể lây từ ${days} ngày trước khi khởi phát hoặc lấy mẫu dương tính`,
  },
};
