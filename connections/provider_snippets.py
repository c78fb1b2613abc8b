"""What a tool writes to call a provider with the tenant's token, in Python and TypeScript."""

from string import Formatter

from connections.catalog import Provider

ASKING = """\
async function ask(path: string) {
  const answer = await fetch(process.env.VENDO_BASE_URL + path, {
    headers: { Authorization: `Bearer ${process.env.VENDO_API_KEY}` },
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error.message); // body.error.connect_url is where to connect
  return body;
}

"""


def python(provider: Provider) -> str:
    """With the package `vendo`."""
    lines = ["import vendo", "", f'token = vendo.token("{provider.slug}")']
    if provider.context:
        keys = ", ".join(f'"{key}": …' for key in provider.context)
        lines.append(f'context = vendo.connections.get("{provider.slug}").context  # {{{keys}}}')
    address = _address(provider, "{{context['{}']}}", "{token}")
    lines.append(f'base = {"f" if "{" in address else ""}"{address}"')
    if provider.carrier.query:
        lines.append(f'params = {{"{provider.carrier.query}": token}}')
    if headers := _headers(provider):
        lines.append("headers = {" + ", ".join(f'"{name}": {_literal(value)}' for name, value in headers.items()) + "}")
    return "\n".join(lines)


def typescript(provider: Provider) -> str:
    """With nothing but `fetch`."""
    lines = [f'const {{ access_token: token }} = await ask("/credentials/{provider.slug}");']
    if provider.context:
        lines.append('const { connections } = await ask("/api/deployments/me/connections");')
        finds = f'connections.find((each: {{ slug: string }}) => each.slug === "{provider.slug}")'
        lines.append(f"const {{ context }} = {finds};")
    address = _address(provider, "${{context.{}}}", "${token}")
    quote = "`" if "${" in address else '"'
    lines.append(f"const base = {quote}{address}{quote};")
    if provider.carrier.query:
        lines.append(f'const params = {{ "{provider.carrier.query}": token }};')
    if headers := _headers(provider):
        written = (f'"{name}": {_template(value)}' for name, value in headers.items())
        lines.append("const headers = { " + ", ".join(written) + " };")
    return ASKING + "\n".join(lines)


def _address(provider: Provider, of_context: str, token: str) -> str:
    """The API's address; what the context fills in is written as `of_context` says, the token as `token`."""
    names = {name for _, name, _, _ in Formatter().parse(provider.api_url) if name}
    base = provider.api_url.format_map({name: of_context.format(name) for name in names})
    return base + (provider.carrier.path.replace("{}", token) if provider.carrier.path else "")


def _headers(provider: Provider) -> dict[str, str]:
    """`{token}` stands for the token."""
    return {**provider.carrier.headers("{token}"), **provider.api_headers}


def _literal(value: str) -> str:
    """As Python writes it."""
    return "token" if value == "{token}" else f'{"f" if "{token}" in value else ""}"{value}"'


def _template(value: str) -> str:
    """As TypeScript writes it."""
    written = value.replace("{token}", "${token}")
    return "token" if value == "{token}" else f"`{written}`" if "${" in written else f'"{value}"'
