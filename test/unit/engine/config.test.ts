import { describe, expect, it } from "vitest";
import { loadEngineConfig } from "../../../engine/config.ts";
import { ConfigError } from "../../../runtime/config.ts";

describe("listen.trustedProxies", () => {
  const proxiesOf = (text: string): readonly string[] =>
    loadEngineConfig({ env: { BLUEPOST_ENGINE_LISTEN__TRUSTED_PROXIES: text } }).listen.trustedProxies;

  it("names nobody by default, and takes addresses and networks with commas between", () => {
    expect(loadEngineConfig({ env: {} }).listen.trustedProxies).toEqual([]);
    expect(proxiesOf("")).toEqual([]);
    expect(proxiesOf("127.0.0.1")).toEqual(["127.0.0.1"]);
    expect(proxiesOf("127.0.0.1, ::1,10.0.0.0/8,fd00::/8")).toEqual(["127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8"]);
  });

  it.each(["proxy.example", "127.0.0.1:80", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "fd00::/129", "/8", "true"])(
    "refuses %s, which is neither",
    (text) => expect(() => proxiesOf(text)).toThrow(ConfigError),
  );
});
