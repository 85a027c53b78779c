import { describe, expect, it } from "vitest";
import { faultWithDetails } from "../../../runtime/log.ts";
import { StoreError } from "../../../runtime/sqlite/database.ts";

describe("a fault in the log", () => {
  it("has its code and its safe details, never its message", () => {
    expect(faultWithDetails(new StoreError("SQLITE_FULL"))).toEqual({
      fault: "RT_STORE_FAILED",
      sqlite: "SQLITE_FULL",
    });
    expect(faultWithDetails(new TypeError("canary"))).toEqual({ fault: "TypeError" });
    expect(faultWithDetails("canary")).toEqual({ fault: "string" });
  });
});
