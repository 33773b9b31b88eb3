"""The API's entry: `uvicorn api.main:app`, configured by the environment alone."""

from api.app import create_app
from settings import ApiSettings, load

app = create_app(load(ApiSettings))
