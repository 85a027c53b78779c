import type { QrFormatReader } from "./format.ts";

const HOSTS = ["tokhaiyte.vn", "pccovid.gov.vn"];
const URL_HOST = /^https?:\/\/([a-z0-9.-]{1,253})(?::\d{1,5})?(?:[/?#]|$)/i;

/** Poster of a Vietnamese venue: an address of the declaration sites, by any of their sub-domains. */
export const declarationUrl: QrFormatReader = {
  format: "vn-declaration-url",
  owns(text) {
    const host = URL_HOST.exec(text)?.[1]?.toLowerCase();
    return host !== undefined && HOSTS.some((site) => host === site || host.endsWith(`.${site}`));
  },
  read: () => ({ kind: "poster", format: "vn-declaration-url" }),
};
