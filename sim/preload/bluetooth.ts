/** Loaded before a product process: its Bluetooth adapters are those of the simulator on a Unix socket, and nothing else of it changes. */
import { hookHciSocket } from "../air/hci-socket-hook.ts";
import { remoteSocketClass } from "../air/remote-hci-socket.ts";

/** Path of the simulator's socket. */
const air = process.env["BLUEPOST_SIM_AIR"];
/** Names of hci0, hci1, ..., with commas between. */
const adapters = (process.env["BLUEPOST_SIM_HCI"] ?? "").split(",").filter((name) => name !== "");
if (air !== undefined) hookHciSocket(remoteSocketClass(air, adapters));
