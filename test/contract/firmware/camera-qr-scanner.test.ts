import type { QrScanner } from "../../../firmware/ports/qr-scanner.ts";
import { cameraAndScanner } from "../../support/camera.ts";
import { waitFor } from "../../support/wait-for.ts";
import { describeQrScanner } from "./qr-scanner.contract.ts";

describeQrScanner(
  "camera, over the virtual camera's program",
  () => {
    const { camera, scanner } = cameraAndScanner();
    let yielded = 0;
    const counted: QrScanner = {
      status: () => scanner.status(),
      async *scans(signal, heard) {
        for await (const scan of scanner.scans(signal, heard)) {
          yielded += 1;
          yield scan;
        }
      },
    };
    return {
      scanner: counted,
      present: async (payload) => {
        const before = yielded;
        camera.show(payload);
        await waitFor(() => yielded > before); // a code that is taken away before a frame shows it was never there
        camera.clear();
      },
      unplug: () => camera.unplug(),
      plug: () => camera.plug(),
      close: () => camera.unplug(),
    };
  },
  { overflows: false },
);
