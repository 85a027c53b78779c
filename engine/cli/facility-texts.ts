import type { ShownFacility } from "../app.ts";

/** What the tables of places say. */
export interface FacilityTexts {
  readonly head: readonly string[];
  readonly colours: Readonly<Record<ShownFacility["colour"], string>>;
  readonly reasons: Readonly<Record<ShownFacility["reasons"][number], string>>;
  readonly mandatory: string;
  readonly needs: (minPassed: number, needsMandatory: boolean) => string;
  readonly added: (venue: string, list: string) => string;
}

export const FACILITY_TEXTS: Readonly<Record<"en" | "vi", FacilityTexts>> = {
  en: {
    head: ["venue", "name", "colour", "why", "full list", "daily check"],
    colours: { green: "GREEN", yellow: "YELLOW", red: "RED", grey: "GREY" },
    reasons: {
      no_full_list: "the full list was never checked",
      not_checked_today: "not checked today",
      full_list: "items of the full list fail",
      daily_check: "items of the daily check fail",
      after_gap: "not checked for two days: renew the full list",
      full_list_due: "the full list is older than a month",
    },
    mandatory: "mandatory",
    needs: (minPassed, needsMandatory) =>
      [minPassed > 0 ? `at least ${minPassed}` : "", needsMandatory ? "every mandatory one" : ""]
        .filter((text) => text !== "")
        .join(", "),
    added: (venue, list) =>
      `${venue} checks itself by ${list}. It is grey until its first full list: \`facility check --full\`.`,
  },
  vi: {
    head: ["địa điểm", "tên", "màu", "vì sao", "bộ tiêu chí đầy đủ", "kiểm tra mỗi ngày"],
    colours: { green: "XANH", yellow: "VÀNG", red: "ĐỎ", grey: "XÁM" },
    reasons: {
      no_full_list: "chưa tự đánh giá đủ bộ tiêu chí",
      not_checked_today: "hôm nay chưa cập nhật",
      full_list: "có tiêu chí chưa đạt",
      daily_check: "kiểm tra hôm nay có điểm chưa đạt",
      after_gap: "hai ngày không cập nhật: phải đánh giá lại đủ bộ tiêu chí",
      full_list_due: "bộ tiêu chí đã quá một tháng chưa đánh giá lại",
    },
    mandatory: "bắt buộc",
    needs: (minPassed, needsMandatory) =>
      [minPassed > 0 ? `đạt ít nhất ${minPassed}` : "", needsMandatory ? "đạt mọi tiêu chí bắt buộc" : ""]
        .filter((text) => text !== "")
        .join(", "),
    added: (venue, list) =>
      `${venue} tự đánh giá theo ${list}. Màu xám cho đến khi đánh giá đủ bộ tiêu chí lần đầu: \`facility check --full\`.`,
  },
};
