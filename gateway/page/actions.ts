import { Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyReply } from "fastify";
import { BluepostError } from "../../protocol/errors.ts";
import { CommandRequest, RevokeRequest, SetupCodeRequest } from "../../protocol/http/fleet-page.ts";
import { type DeviceId, parseDeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { sendProblem } from "../../runtime/http/problem.ts";
import type { SettingsPatch } from "../fleet/fleet-store.ts";
import type { PageContext } from "./page-context.ts";

interface KioskParams {
  readonly device: string;
}

/** Which settings are right is the fleet desk's to judge; here only that it is a list of plain values. */
const SettingsBody = Type.Record(
  Type.String({ pattern: "^[a-zA-Z]{1,32}$" }),
  Type.Union([Type.String({ maxLength: 64 }), Type.Number(), Type.Null()]),
);

const STATUS: Readonly<Record<string, number>> = {
  GW_UNKNOWN_DEVICE: 404,
  GW_SETTING: 400,
  GW_TOO_MANY_COMMANDS: 409,
  GW_DEVICE_EXISTS: 409,
  PROTO_MALFORMED: 404,
};

/** Routes that change something. Each needs a session and its token, and leaves an audit line. */
export function addActions(app: FastifyInstance, context: PageContext): void {
  const { deps, watchers, requireSession, sessionOf } = context;
  const { fleet } = deps.gateway;
  const guard = { preHandler: requireSession };
  const act = async <Answer>(reply: FastifyReply, run: () => Promise<Answer>): Promise<Answer | FastifyReply> => {
    try {
      const answer = await run();
      await watchers.refresh();
      return answer;
    } catch (fault) {
      const status = fault instanceof BluepostError ? STATUS[fault.code] : undefined;
      if (!(fault instanceof BluepostError) || status === undefined) throw fault;
      return sendProblem(reply, { status, code: fault.code, title: fault.message });
    }
  };

  app.post<{ Params: KioskParams; Body: CommandRequest }>(
    "/api/kiosks/:device/command",
    { ...guard, schema: { body: CommandRequest } },
    (request, reply) =>
      act(reply, () => fleet.command(sessionOf(request).operator, deviceOf(request), request.body.name)),
  );

  app.post<{ Params: KioskParams; Body: SettingsPatch }>(
    "/api/kiosks/:device/settings",
    { ...guard, schema: { body: SettingsBody } },
    (request, reply) => act(reply, () => fleet.configure(sessionOf(request).operator, deviceOf(request), request.body)),
  );

  app.post<{ Params: KioskParams; Body: RevokeRequest }>(
    "/api/kiosks/:device/revoke",
    { ...guard, schema: { body: RevokeRequest } },
    (request, reply) =>
      act(reply, async () => {
        const device = deviceOf(request);
        const { reason } = request.body;
        await deps.registry.revoke(device, deps.nowMs() as WallMs, reason);
        await fleet.audit(sessionOf(request).operator, "revoke", device, reason);
        return { ok: true };
      }),
  );

  app.post<{ Body: SetupCodeRequest }>(
    "/api/setup-code",
    { ...guard, schema: { body: SetupCodeRequest } },
    (request, reply) =>
      act(reply, async () => {
        const { venue, gate, device } = request.body;
        const answer = await deps.setupCode(request.body);
        const named = device === undefined ? null : parseDeviceId(device);
        await fleet.audit(sessionOf(request).operator, "setup_code", named, `${venue} ${gate}`);
        return answer;
      }),
  );

  app.get<{ Params: KioskParams }>("/api/kiosks/:device/bundle", guard, (request, reply) =>
    act(reply, async () => {
      const device = deviceOf(request);
      const body = await fleet.store.bundle(device);
      if (!body)
        return sendProblem(reply, { status: 404, code: "no_bundle", title: "This kiosk has sent no bundle yet" });
      reply.type("application/gzip");
      reply.header("content-disposition", `attachment; filename="${device}.bundle.json.gz"`);
      return reply.send(Buffer.from(body));
    }),
  );
}

/** @throws {MalformedError} PROTO_MALFORMED */
function deviceOf({ params }: { readonly params: KioskParams }): DeviceId {
  return parseDeviceId(params.device);
}
