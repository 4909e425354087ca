interface SignInProps {
  readonly onSignIn: (given: { apiKey: string; projectId: string }) => void;
}

export function SignIn({ onSignIn }: SignInProps) {
  const submit = (form: FormData) =>
    onSignIn({
      apiKey: String(form.get('apiKey')).trim(),
      projectId: String(form.get('projectId')).trim(),
    });
  return (
    <form action={submit}>
      <h1>LuaAuth dashboard</h1>
      <label>
        API key
        <input name="apiKey" type="password" autoComplete="off" required />
      </label>
      <label>
        Project id
        <input name="projectId" autoComplete="off" required />
      </label>
      <button type="submit">Open</button>
    </form>
  );
}
