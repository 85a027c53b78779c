/** One alert rule of a Prometheus rules file. */
export interface AlertRule {
  readonly group: string;
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Reads the part of YAML that a rules file needs: two spaces a level, `key: value`, and lists of groups and rules.
 *
 * @throws {Error} with the number of a line that is not of that form
 */
export function parseAlertRules(text: string): readonly AlertRule[] {
  const rules: Record<string, unknown>[] = [];
  let group = "";
  let block: Record<string, string> | null = null;
  for (const [at, line] of text.split("\n").entries()) {
    if (/^\s*(#.*)?$/.test(line) || /^(groups:| {4}rules:)$/.test(line)) continue;
    const named = /^ {2}- name: ([a-z-]+)$/.exec(line);
    const begun = /^ {6}- alert: (\w+)$/.exec(line);
    const opened = /^ {8}(labels|annotations):$/.exec(line);
    const field = /^ {8}(expr|for): (.+)$/.exec(line);
    const inner = /^ {10}(\w+): (.+)$/.exec(line);
    const rule = rules.at(-1);
    if (named) group = named[1] ?? "";
    else if (begun) rules.push({ group, alert: begun[1] });
    else if (opened && rule) rule[opened[1] ?? ""] = block = {};
    else if (field && rule) rule[field[1] ?? ""] = field[2];
    else if (inner && block) block[inner[1] ?? ""] = textOf(inner[2] ?? "");
    else throw new Error(`line ${at + 1} is not of the form of a rules file`);
  }
  return rules as unknown as readonly AlertRule[];
}

function textOf(text: string): string {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (/: |^[[{&*!|>%@`]| #/.test(text)) throw new Error("a text with such signs needs quotes");
  return text;
}
