import type { SwitchRequest, VisitRequest } from "../../protocol/http/lab.ts";

/** Throws a switch, or sends a visitor. @throws {Error} with the server's own words when it refuses */
export async function post(path: "switch" | "visit", body: SwitchRequest | VisitRequest): Promise<void> {
  const answer = await fetch(`api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) return;
  const problem = (await answer.json().catch(() => ({}))) as { readonly title?: string };
  throw new Error(problem.title ?? String(answer.status));
}
