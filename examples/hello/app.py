from kolben import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return "Hello, world!"
