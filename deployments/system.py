"""The variables that Vendo sets (contract section 11), and names that no tool may take."""

SYSTEM_VARIABLES = (
    "VENDO_API_KEY",
    "VENDO_DEPLOYMENT_TOKEN",
    "VENDO_BASE_URL",
    "VENDO_API_URL",
    "VENDO_CREDENTIALS_URL",
    "VENDO_DATA_PROXY_URL",
    "VENDO_TENANT_ID",
    "VENDO_DEPLOYMENT_ID",
    "VENDO_DEPLOYMENT_SLUG",
    "VENDO_WEBHOOK_SECRET",
    "PORT",
    "DOMAIN",
)

# The start of a tool's process depends on these.
PROCESS_VARIABLES = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "LD_PRELOAD", "LD_LIBRARY_PATH")


def reserved(name: str) -> bool:
    """Whether a tool must not set a variable of that name. `VENDO_TOKEN_…` would beat the server's tokens."""
    return name.startswith("VENDO_") or name in SYSTEM_VARIABLES or name in PROCESS_VARIABLES
