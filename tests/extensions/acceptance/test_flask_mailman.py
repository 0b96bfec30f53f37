"""Flask-Mailman, as an app uses it."""

import flask
import pytest
from flask_mailman import EmailMessage, EmailMultiAlternatives, Mail


@pytest.fixture
def app():
    app = flask.Flask(__name__)
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="shop@example.com")
    return app


def test_a_view_sends(app):
    mail = Mail(app)

    @app.post("/send")
    def send():
        EmailMessage(flask.request.form["subject"], "text", to=["a@example.com"]).send()
        return "sent"

    assert app.test_client().post("/send", data={"subject": "hi"}).text == "sent"
    assert [(one.subject, one.from_email) for one in app.extensions["mailman"].outbox] == [
        ("hi", "shop@example.com")
    ]
    assert mail.state is app.extensions["mailman"]


def test_another_backend_writes_files(app, tmp_path):
    app.config.update(TESTING=False, MAIL_BACKEND="file", MAIL_FILE_PATH=str(tmp_path))
    Mail(app)
    with app.app_context():
        message = EmailMultiAlternatives("hi", "text", to=["a@example.com"])
        message.attach_alternative("<b>text</b>", "text/html")
        assert message.send() == 1
    (written,) = tmp_path.iterdir()
    assert b"<b>text</b>" in written.read_bytes()


def test_header_injection_is_refused(app):
    from flask_mailman.message import BadHeaderError

    Mail(app)
    with app.app_context(), pytest.raises(BadHeaderError):
        EmailMessage("hi\nBcc: x@example.com", "text", to=["a@example.com"]).message()
