"""Flask-Mail, as an app uses it, with a real SMTP conversation."""

import socketserver
import threading

import flask
import pytest
from flask_mail import Mail, Message, email_dispatched


@pytest.fixture
def app():
    app = flask.Flask(__name__)
    app.config.update(MAIL_DEFAULT_SENDER=("Shop", "shop@example.com"), TESTING=True)
    return app


def test_messages_are_recorded_while_testing(app):
    mail = Mail(app)
    with app.app_context(), mail.record_messages() as outbox:
        mail.send_message(subject="hi", body="text", recipients=["a@example.com"])
    assert [one.subject for one in outbox] == ["hi"]
    assert outbox[0].sender == "Shop <shop@example.com>"


def test_a_signal_is_sent_with_the_app(app):
    mail = Mail(app)
    seen = []

    def receive(sender, message):
        seen.append((message.subject, sender))

    with email_dispatched.connected_to(receive), app.app_context():
        mail.send(Message("hi", recipients=["a@example.com"], body="x"))
    assert seen == [("hi", app)]


def test_attachments_from_the_apps_folder(app):
    Mail(app)
    with app.app_context(), app.open_resource("test_flask_mail.py") as file:
        message = Message("hi", recipients=["a@example.com"], sender="b@example.com")
        message.attach("x.py", "text/x-python", file.read())
        message.html = "<b>x</b>"
        text = message.as_string()
    assert 'filename="x.py"' in text or "filename=x.py" in text
    assert "<b>x</b>" in text


def test_header_injection_is_refused(app):
    from flask_mail import BadHeaderError

    mail = Mail(app)
    with app.app_context():
        message = Message("hi\r\nBcc: c@example.com", recipients=["a@example.com"], body="x")
        with pytest.raises(BadHeaderError):
            mail.send(message)


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                self.server.received.append(text)
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 fine\r\n")


def test_a_view_sends_over_smtp(app):
    with socketserver.TCPServer(("127.0.0.1", 0), Conversation) as server:
        server.received = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app.config.update(
            TESTING=False, MAIL_SERVER="127.0.0.1", MAIL_PORT=server.server_address[1]
        )
        mail = Mail(app)

        @app.post("/send")
        def send():
            mail.send(
                Message(flask.request.form["subject"], recipients=["a@example.com"], body="b")
            )
            return "sent"

        answer = app.test_client().post("/send", data={"subject": "from a view"})
        server.shutdown()
    assert answer.text == "sent"
    assert b"Subject: from a view" in server.received[0]
