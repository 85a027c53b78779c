import type { JSX } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly hint?: string;
  readonly type?: "text" | "password" | "number";
  readonly autocomplete?: string;
  readonly inputMode?: "numeric" | "tel";
  readonly pattern?: string;
  readonly required?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly defaultValue?: string;
}

/** An input with its label and, if there is one, a hint that screen readers read too. */
export function Field({ label, hint, ...input }: FieldProps): JSX.Element {
  const id = useId();
  const attributes: Record<string, unknown> = { type: "text", autocomplete: "off", ...input };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} {...attributes} {...(hint && { "aria-describedby": `${id}-hint` })} />
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </div>
  );
}

/** Values of a form's fields by name. */
export function valuesOf(event: Event): Readonly<Record<string, string>> {
  event.preventDefault();
  const data = new FormData(event.currentTarget as HTMLFormElement);
  return Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
}
