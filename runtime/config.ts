import { readFileSync } from "node:fs";
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parse as parseToml } from "smol-toml";
import { BluepostError } from "../protocol/errors.ts";

/** The configuration is wrong. `problems` has one line each, with the key, never a secret; the process exits with 78. */
export class ConfigError extends BluepostError {
  readonly code = "RT_CONFIG";
  readonly recovery = "operator";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`configuration: ${problems.join("; ")}`, { problems: problems.length });
    this.problems = problems;
  }
}

/**
 * Where settings come from: a TOML file, then environment variables `PREFIX_SECTION__KEY`, then flags `section.key=value`. A list in
 * the last two has commas between its items.
 */
export interface ConfigSources {
  readonly file?: string | undefined;
  readonly envPrefix: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly string[] | undefined;
}

type Tree = Record<string, unknown>;

/**
 * Reads and checks a configuration. Unknown keys are refused, every problem is listed, the result is frozen.
 *
 * @param rules checks across fields; each returns a problem or null
 * @throws {ConfigError} RT_CONFIG with every problem found
 */
export function loadConfig<Schema extends TObject>(
  schema: Schema,
  sources: ConfigSources,
  rules: readonly ((config: Static<Schema>) => string | null)[] = [],
): Static<Schema> {
  const problems: string[] = [];
  const tree = sources.file === undefined ? {} : readToml(sources.file, problems);
  for (const [path, text] of overrides(sources)) assign(tree, path, text, schema, problems);
  const filled = Value.Default(schema, tree);
  const converted = Value.Convert(schema, filled);
  for (const fault of Value.Errors(closed(schema), converted)) {
    problems.push(`${fault.path.slice(1).replaceAll("/", ".") || "(root)"}: ${fault.message}`);
  }
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  const config = converted as Static<Schema>;
  for (const rule of rules) {
    const problem = rule(config);
    if (problem) problems.push(problem);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return freeze(config);
}

function readToml(file: string, problems: string[]): Tree {
  try {
    return parseToml(readFileSync(file, "utf8")) as Tree;
  } catch (fault) {
    const reason = fault instanceof Error && "code" in fault ? String(fault.code) : "not valid TOML";
    problems.push(`${file}: ${reason}`);
    return {};
  }
}

function* overrides({ env, envPrefix, flags }: ConfigSources): Generator<readonly [string[], string]> {
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(`${envPrefix}_`)) continue;
    const path = name
      .slice(envPrefix.length + 1)
      .toLowerCase()
      .split("__");
    yield [path.map((part) => part.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())), text];
  }
  for (const flag of flags ?? []) {
    const at = flag.indexOf("=");
    yield [flag.slice(0, at < 0 ? undefined : at).split("."), at < 0 ? "true" : flag.slice(at + 1)];
  }
}

function assign(tree: Tree, path: readonly string[], text: string, schema: TSchema, problems: string[]): void {
  let node = tree;
  let kind: TSchema | undefined = schema;
  for (const key of path.slice(0, -1)) {
    kind = (kind as Partial<TObject> | undefined)?.properties?.[key];
    const next = node[key];
    node[key] = typeof next === "object" && next !== null ? next : {};
    node = node[key] as Tree;
  }
  const last = path.at(-1) as string;
  const wanted = (kind as Partial<TObject> | undefined)?.properties?.[last];
  if (!wanted) problems.push(`${path.join(".")}: no such setting`);
  else node[last] = wanted["type"] === "array" ? itemsOf(text) : text;
}

/** A list as it stands in a variable or flag: with commas between. */
function itemsOf(text: string): readonly string[] {
  return text.split(",").flatMap((item) => item.trim() || []);
}

/** The same schema with `additionalProperties: false` on every object, so that a misspelt key is an error. */
function closed(schema: TSchema): TSchema {
  const properties = (schema as Partial<TObject>).properties;
  if (!properties) return schema;
  const inner = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, closed(value)]));
  return { ...schema, properties: inner, additionalProperties: false } as unknown as TSchema;
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
