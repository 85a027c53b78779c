// The mount of the data partition, from hardware/image/data-partition.json.
import { readFileSync } from "node:fs";
import { inRoot } from "../root.mjs";

export function dataPartition() {
  return JSON.parse(readFileSync(inRoot("hardware/image/data-partition.json"), "utf8"));
}

/** systemd names a mount unit after its path. */
export function mountUnitName({ mountPoint } = dataPartition()) {
  return `${mountPoint.slice(1).replaceAll("/", "-")}.mount`;
}

export function mountUnit({ label, fileSystem, mountPoint, mountOptions } = dataPartition()) {
  return `# The ledger's own partition. Made from data-partition.json, where every option's reason stands.
[Unit]
Description=Bluepost data
Before=local-fs.target

[Mount]
What=/dev/disk/by-label/${label}
Where=${mountPoint}
Type=${fileSystem}
Options=${mountOptions.join(",")}

[Install]
WantedBy=local-fs.target
`;
}
