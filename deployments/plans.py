"""Which steps an operation consists of, in which order.

Every plan ends with a step that sets the status and empties `Deployment.operation`; until then a worker that dies is
taken over, and a step that fails can be retried.
"""

from collections.abc import Mapping

from deployments import endings, steps
from deployments.models import Deployment
from deployments.steps import Step

Operation = Deployment.Operation

_VALIDATE = Step("validate_template", "Checking the tool", steps.validate_template)
_SECRETS = Step("collect_secrets", "Making secrets", steps.collect_secrets)
_SETTINGS = Step("resolve_env", "Preparing settings", steps.resolve_env)
_BINDINGS = Step("write_bindings", "Assigning connections", steps.write_bindings)
_CREDENTIALS = Step("persist_connection_env_vars", "Handing over credentials", steps.persist_connection_env_vars)
_INSTALL = Step("provision_compute", "Installing the tool", steps.provision_compute)
_BOOT = Step("boot", "Starting the tool", steps.boot)
_HEALTH = Step("health_check", "Waiting for the tool to answer", steps.health_check)
_HOOKS = Step("run_deploy_hooks", "Running hooks", steps.run_deploy_hooks)
_FINALIZE = Step("finalize", "Finishing", steps.finalize)
_STOP = Step("stop", "Stopping the tool", endings.stop)
_REVOKE = Step("revoke_access", "Taking its access away", endings.revoke_access)
_REMOVE = Step("remove_compute", "Removing the tool's files", endings.remove_compute)
_FORGET = Step("forget", "Deleting its settings", endings.forget)

STEPS = (_VALIDATE, _SECRETS, _SETTINGS, _BINDINGS, _CREDENTIALS, _INSTALL, _BOOT, _HEALTH, _HOOKS, _FINALIZE)

PLANS: Mapping[str, tuple[Step, ...]] = {
    Operation.DEPLOY: STEPS,
    Operation.RESTART: (_BOOT, _HEALTH, _FINALIZE),
    Operation.SUSPEND: (_STOP,),
    # Whatever became of its folder meanwhile, and of an upgrade that had failed before it was suspended.
    Operation.RESUME: (_SECRETS, _SETTINGS, _CREDENTIALS, _INSTALL, _BOOT, _HEALTH, _FINALIZE),
    Operation.DESTROY: (_REVOKE, _REMOVE, _FORGET),
    Operation.UPGRADE: STEPS,
    Operation.ROLLBACK: STEPS,
}


def first_step(operation: str) -> str:
    """The name of the step with which an operation begins."""
    return PLANS[operation][0].name
