import { Type } from "@sinclair/typebox";
import fastify, { type FastifyInstance } from "fastify";
import { describe, expect, it } from "vitest";
import { BadSealError } from "../../../../protocol/errors.ts";
import { PROBLEM_TYPE, problemHandler } from "../../../../runtime/http/problem.ts";
import { type Logger, silentLogger } from "../../../../runtime/log.ts";

function app(log?: Logger): FastifyInstance {
  const server = fastify();
  problemHandler(server, log);
  const body = Type.Object({ nested: Type.Object({ count: Type.Integer({ maximum: 9 }) }) });
  server.post("/checked", { schema: { body } }, () => ({}));
  server.get("/known", () => {
    throw new BadSealError("the seal does not verify");
  });
  server.get("/bug", () => {
    throw new TypeError("canary in a message");
  });
  return server;
}

describe("problem documents", () => {
  it("name an unknown path without repeating it", async () => {
    const reply = await app().inject("/secret-canary");
    expect(reply.statusCode).toBe(404);
    expect(reply.headers["content-type"]).toContain(PROBLEM_TYPE);
    expect(reply.json()).toEqual({
      type: "about:blank",
      status: 404,
      code: "not_found",
      title: "There is nothing here",
    });
  });

  it("say which rule of the schema a body breaks", async () => {
    const reply = await app().inject({ method: "POST", url: "/checked", payload: { nested: { count: 12 } } });
    expect(reply.json()).toMatchObject({ status: 400, code: "invalid_body", detail: "nested.count.maximum" });
  });

  it("carry the code of our own faults", async () => {
    expect((await app().inject("/known")).json()).toMatchObject({ status: 400, code: "PROTO_BAD_SEAL" });
  });

  it("hide what went wrong inside, from the client and from the log", async () => {
    const lines: string[] = [];
    const log: Logger = { ...silentLogger, error: (event, fields) => lines.push(JSON.stringify({ event, ...fields })) };
    const reply = await app(log).inject("/bug");
    expect(reply.json()).toMatchObject({ status: 500, code: "internal" });
    expect(reply.body).not.toContain("canary");
    expect(lines).toEqual(['{"event":"http.fault","status":500,"fault":"TypeError"}']);
  });
});
