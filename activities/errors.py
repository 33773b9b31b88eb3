"""How a refusal leaves an activity: as an ApplicationError whose type is the domain's code."""

from temporalio.exceptions import ApplicationError

from domain.errors import DomainError


def refusal(error: DomainError) -> ApplicationError:
    """Return the error that tells the workflow no; repeating the activity would not help."""
    return ApplicationError(error.detail, type=error.code, non_retryable=True)
