"""Redis, RabbitMQ and PostgreSQL, in folders of their own and on ports of their own."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from .programs import Program, free_port


def redis(folder: pathlib.Path) -> tuple[Program, str]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return Program(command, port, folder), f"redis://127.0.0.1:{port}"


class RabbitMQ(Program):
    """RabbitMQ, and the daemon that Erlang starts beside it."""

    def end(self, seconds: float = 60) -> None:
        super().end(seconds)
        subprocess.run(["epmd", "-kill"], env=self.environ, check=False, capture_output=True)


def rabbitmq(folder: pathlib.Path) -> tuple[Program, str]:
    port, distribution, epmd = free_port(), free_port(), free_port()
    config = folder / "rabbitmq.conf"
    config.write_text(f"listeners.tcp.local = 127.0.0.1:{port}\nlog.console = true\n")
    environ = {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"kolben{port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
    }
    command = ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
    return RabbitMQ(command, port, folder, **environ), f"amqp://guest:guest@127.0.0.1:{port}//"


class PostgreSQL(Program):
    """PostgreSQL, which listens for a while before it lets anybody in."""

    def listens(self) -> bool:
        asked = [str(postgres_binaries() / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def postgres_binaries() -> pathlib.Path:
    return max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def postgres(folder: pathlib.Path) -> tuple[Program, str]:
    binaries = postgres_binaries()
    port = free_port()
    data = folder / "postgres"
    # It refuses to run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if become:
        data.mkdir()
        shutil.chown(data, "postgres", "postgres")
        for one in (folder, *folder.parents):
            if one.stat().st_uid == 0 and one != pathlib.Path("/"):
                one.chmod(one.stat().st_mode | 0o111)
    options = ["-U", "service", "-A", "trust", "-E", "UTF8", "--no-sync"]
    initdb = [*become, str(binaries / "initdb"), "-D", str(data), *options]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/")
    command = [*become, str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    program = PostgreSQL(command, port, folder)
    createdb = [str(binaries / "createdb"), "-h", "127.0.0.1", "-p", str(port)]
    try:
        subprocess.run([*createdb, "-U", "service", "service"], check=True, capture_output=True)
    except BaseException:
        program.end()
        raise
    return program, f"postgresql+psycopg://service@127.0.0.1:{port}/service"
