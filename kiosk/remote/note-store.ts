import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { readFileIfThere, writeFileSafely } from "../../runtime/safe-file.ts";

/** Keeps one small text over restarts and power cuts. */
export interface NoteStore {
  /** @returns null when nothing was ever written */
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
}

/** A {@link NoteStore} in a file. */
export function fileNote(file: string): NoteStore {
  return { read: () => readFileIfThere(file), write: (text) => writeFileSafely(file, text, 0o600) };
}

/** A {@link NoteStore} that forgets when the process ends. */
export function memoryNote(): NoteStore {
  let kept: string | null = null;
  return {
    read: () => Promise.resolve(kept),
    write: (text) => {
      kept = text;
      return Promise.resolve();
    },
  };
}

/** Reads a note of a form. @returns null when there is none, or when it is not of that form */
export async function readNote<Schema extends TSchema>(
  store: NoteStore,
  schema: Schema,
): Promise<Static<Schema> | null> {
  const text = await store.read();
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(schema, value) ? value : null;
  } catch {
    return null; // damaged: the gateway says again what it wants
  }
}

/** Schema of a list of at most `max` items. */
export function atMost<Item extends TSchema>(item: Item, max: number): ReturnType<typeof Type.Array<Item>> {
  return Type.Array(item, { maxItems: max });
}
