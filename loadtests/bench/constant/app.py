"""Contestants (a) and (e): the same edge, gunicorn and Falcon answering a constant, the most that they can do here.

(a) is the stack as it comes, with gunicorn's own gevent worker; (e) has Postledger's worker in its place.
"""

import falcon

ANSWER = b'{"status":"accepted","id":"01970000-0000-7000-8000-000000000000"}'


class Constant:
    """Answers what Postledger would answer, and does nothing for it."""

    def on_get(self, _: falcon.Request, response: falcon.Response, **__: str) -> None:
        """Answer."""
        response.data = ANSWER


class ConstantApp(falcon.App[falcon.Request, falcon.Response]):
    """An application with the one method that the shipped gunicorn configuration calls at the end."""

    def close(self) -> None:
        """There is nothing to close."""


def create() -> ConstantApp:
    """Build the application."""
    app = ConstantApp(media_type=falcon.MEDIA_JSON)
    app.add_route("/tracking/postback/{source}", Constant())
    app.add_route("/healthz", Constant())
    return app
