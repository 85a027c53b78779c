/**
 * Headers of our own pages: nothing is cached, nothing comes from elsewhere, and no other page frames them.
 *
 * @param formAction where forms may be sent; `'none'` for a page without forms
 */
export function pageHeaders(formAction: "'none'" | "'self'"): Readonly<Record<string, string>> {
  return {
    "cache-control": "no-store",
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "font-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      `form-action ${formAction}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join("; "),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}
