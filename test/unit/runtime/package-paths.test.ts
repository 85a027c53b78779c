import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageFile, packageRoot, pageRoot } from "../../../runtime/package-paths.ts";
import { repository } from "../../support/repository.ts";

it("finds the package from its sources", () => {
  expect(packageRoot()).toBe(repository);
  expect(existsSync(packageFile("hardware/pinout.json"))).toBe(true);
  expect(pageRoot("kiosk")).toBe(join(repository, "dist/web/kiosk"));
});
