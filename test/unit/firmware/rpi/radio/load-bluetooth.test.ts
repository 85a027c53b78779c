import { describe, expect, it, onTestFinished } from "vitest";
import {
  loadBleno,
  loadNoble,
  MISSING_RADIO,
  whyMissing,
  whyNotReady,
} from "../../../../../firmware/rpi/radio/load-bluetooth.ts";
import { type HciSocketShape, hookHciSocket } from "../../../../../sim/air/hci-socket-hook.ts";

/** A socket of a kernel that was built without Bluetooth. */
class NoSocket {
  constructor() {
    throw new Error("EAFNOSUPPORT, Address family not supported by protocol");
  }
}

it("loads on a kernel without Bluetooth, where the drivers throw while they load, and says so", () => {
  onTestFinished(hookHciSocket(NoSocket as unknown as new () => HciSocketShape));
  expect(loadNoble(0)).toEqual({ kind: "missing", why: "no-bluetooth" });
  expect(loadBleno(0)).toEqual({ kind: "missing", why: "no-bluetooth" });
});

describe("a fault of a driver", () => {
  it.each([
    [Object.assign(new Error("Cannot find module 'x'"), { code: "MODULE_NOT_FOUND" }), "not-installed"],
    [new Error("ENODEV, No such device"), "no-adapter"],
    [Object.assign(new Error("EPERM, Operation not permitted"), { code: "EPERM" }), "not-permitted"],
    [new Error("something else"), "failed"],
    ["text", "failed"],
  ] as const)("is named: %s", (fault, why) => {
    expect(whyMissing(fault)).toBe(why);
    expect(MISSING_RADIO[why]).toMatch(/\w+ \w+/);
  });
});

it("says what a driver's state means", () => {
  expect(whyNotReady("poweredOn")).toBeNull();
  const states = ["poweredOff", "unknown", "unauthorized", "unsupported"];
  expect(states.map(whyNotReady)).toEqual([
    "the Bluetooth adapter is off",
    "the Bluetooth adapter is off",
    "no permission for Bluetooth; the service needs the capability CAP_NET_RAW",
    "the Bluetooth adapter is too old: it has no Low Energy",
  ]);
});
