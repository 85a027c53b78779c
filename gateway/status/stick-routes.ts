import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import { parseDeviceId } from "../../protocol/ids.ts";
import { MAX_PACKET_BYTES } from "../../protocol/mqtt/messages.ts";
import type { Stick } from "../spool/import-desk.ts";
import { requireLoopback } from "./loopback.ts";

/** Routes of `gateway import`, for this machine only: batches in, receipts out. What they carry is signed; who asks does not matter. */
export async function addStickRoutes(app: FastifyInstance, stick: Stick): Promise<void> {
  const routes: FastifyPluginAsync = async (scope) => {
    scope.addContentTypeParser("application/cose", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post<{ Body: Buffer }>(
      "/stick/batch",
      { onRequest: requireLoopback, bodyLimit: MAX_PACKET_BYTES },
      async ({ body }) => stick.take(new Uint8Array(body)),
    );
    scope.get<{ Params: { readonly device: string } }>(
      "/stick/receipts/:device",
      { onRequest: requireLoopback },
      async ({ params }) => {
        const receipts = await stick.receiptsOf(parseDeviceId(params.device));
        return receipts.map((bytes) => Buffer.from(bytes).toString("base64"));
      },
    );
  };
  await app.register(routes);
}
