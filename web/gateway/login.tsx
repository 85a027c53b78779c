import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FirstLoginAnswer } from "../../protocol/http/fleet-view.ts";
import { QrCode } from "../kit/qr-code.tsx";
import { change } from "./api.ts";
import { Field, valuesOf } from "./field.tsx";
import type { Say } from "./texts.ts";
import { useAttempt } from "./use-attempt.ts";

interface LoginProps {
  readonly say: Say;
  readonly hasOperators: boolean;
  readonly onLogin: () => void;
}

/** Logging in, or making an operator with the code from the gateway's console. */
export function Login({ say, hasOperators, onLogin }: LoginProps): JSX.Element {
  const [hasCode, setHasCode] = useState(!hasOperators);
  return (
    <main class="login">
      {hasCode ? <FirstLogin say={say} onLogin={onLogin} /> : <PasswordLogin say={say} onLogin={onLogin} />}
      {hasOperators && (
        <button type="button" class="link" onClick={() => setHasCode(!hasCode)}>
          {say(hasCode ? "login.haveLogin" : "login.haveCode")}
        </button>
      )}
    </main>
  );
}

type StepProps = Omit<LoginProps, "hasOperators">;

function PasswordLogin({ say, onLogin }: StepProps): JSX.Element {
  const { busy, failure, run } = useAttempt(say, "login.");
  const submit = (event: Event): void => {
    const values = valuesOf(event);
    run(async () => {
      await change("api/login", { name: values["name"], password: values["password"], totp: values["totp"] });
      onLogin();
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h1>{say("login.title")}</h1>
      <Field label={say("login.name")} name="name" autocomplete="username" required />
      <Field label={say("login.password")} name="password" type="password" autocomplete="current-password" required />
      <TotpField say={say} />
      <Failure text={failure} />
      <Submit say={say} busy={busy} text={say("login.submit")} />
    </form>
  );
}

function FirstLogin({ say, onLogin }: StepProps): JSX.Element {
  const [begun, setBegun] = useState<FirstLoginAnswer | null>(null);
  const { busy, failure, run } = useAttempt(say, "first.");
  if (begun) return <Authenticator say={say} begun={begun} onLogin={onLogin} />;
  const submit = (event: Event): void => {
    const values = valuesOf(event);
    const body = { code: values["code"], name: values["name"], password: values["password"] };
    run(async () => setBegun(await change<FirstLoginAnswer>("api/first-login", body)));
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h1>{say("first.title")}</h1>
      <p>{say("first.intro")}</p>
      <Field label={say("first.code")} name="code" required />
      <Field
        label={say("login.name")}
        hint={say("login.nameHint")}
        name="name"
        autocomplete="username"
        pattern="[a-z0-9][a-z0-9.\-]{1,31}"
        required
      />
      <Field
        label={say("login.password")}
        hint={say("login.passwordHint")}
        name="password"
        type="password"
        autocomplete="new-password"
        minLength={12}
        required
      />
      <Failure text={failure} />
      <Submit say={say} busy={busy} text={say("first.submit")} />
    </form>
  );
}

function Authenticator(props: StepProps & { readonly begun: FirstLoginAnswer }): JSX.Element {
  const { say, begun, onLogin } = props;
  const { busy, failure, run } = useAttempt(say, "first.");
  const submit = (event: Event): void => {
    const { totp } = valuesOf(event);
    run(async () => {
      await change("api/first-login/confirm", { ticket: begun.ticket, totp });
      onLogin();
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h1>{say("first.title")}</h1>
      <p>{say("first.scan")}</p>
      <QrCode text={begun.otpauth} label={say("first.qr")} />
      <p>
        {say("first.secret")} <code>{begun.secret}</code>
      </p>
      <TotpField say={say} />
      <Failure text={failure} />
      <Submit say={say} busy={busy} text={say("first.confirm")} />
    </form>
  );
}

function TotpField({ say }: { readonly say: Say }): JSX.Element {
  return (
    <Field
      label={say("login.totp")}
      name="totp"
      inputMode="numeric"
      autocomplete="one-time-code"
      pattern="[0-9]{6}"
      maxLength={6}
      required
    />
  );
}

/** Says aloud why something failed. */
export function Failure({ text }: { readonly text: string | null }): JSX.Element {
  return (
    <p role="alert" class="failure">
      {text}
    </p>
  );
}

/** The button of a form. */
export function Submit(props: { readonly say: Say; readonly busy: boolean; readonly text: string }): JSX.Element {
  return (
    <button type="submit" class="primary" disabled={props.busy}>
      {props.busy ? props.say("busy") : props.text}
    </button>
  );
}
