"""The operators' page: a shell without data, which its script fills with a bearer token."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

SHELL = Path(__file__).parent.parent / "templates" / "ops.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(tags=["pages"])
assets = StaticFiles(directory=Path(__file__).parent / "assets")


@router.get("/ops", response_class=FileResponse, responses={200: {"content": {"text/html": {}}}})
async def show() -> FileResponse:
    """Show the operators' page. It holds no data and keeps its token out of every address."""
    return FileResponse(
        SHELL,
        media_type="text/html",
        headers={
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        },
    )
