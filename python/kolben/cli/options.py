"""The values of options: certificates with their keys, and lists of paths."""

from __future__ import annotations

import typing as t

import click
from werkzeug.utils import import_string

if t.TYPE_CHECKING:
    import ssl


class CertParamType(click.ParamType):  # type: ignore[type-arg]
    """The value of ``--cert``: a file, ``adhoc``, or the import name of an SSL context."""

    name = "path"

    def __init__(self) -> None:
        self.path_type = click.Path(exists=True, dir_okay=False, resolve_path=True)

    def convert(
        self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> t.Any:
        """Read the option's text."""
        ssl_context = _ssl_context_class()
        if ssl_context is None:
            raise click.BadParameter(
                'Using "--cert" requires Python to be compiled with SSL support.', ctx, param
            )
        try:
            return self.path_type(value, param, ctx)
        except click.BadParameter:
            text = click.STRING(value, param, ctx).lower()
            if text != "adhoc":
                imported = import_string(text, silent=True)
                if isinstance(imported, ssl_context):
                    return imported
                raise
        try:
            import cryptography  # noqa: F401, PLC0415 - a failed import is an answer here
        except ImportError:
            raise click.BadParameter(
                "Using ad-hoc certificates requires the cryptography library.", ctx, param
            ) from None
        return text


def _ssl_context_class() -> type[ssl.SSLContext] | None:
    try:
        import ssl  # noqa: PLC0415 - Python may have been built without
    except ImportError:
        return None
    return ssl.SSLContext


def _validate_key(ctx: click.Context, param: click.Parameter, value: t.Any) -> t.Any:
    """Put the key beside the certificate: both are needed, or neither."""
    cert = ctx.params.get("cert")
    ssl_context = _ssl_context_class()
    is_context = ssl_context is not None and isinstance(cert, ssl_context)
    error = None
    if value is None:
        if cert and cert != "adhoc" and not is_context:
            error = 'Required when using "--cert".'
    elif cert == "adhoc":
        error = 'When "--cert" is "adhoc", "--key" is not used.'
    elif is_context:
        error = 'When "--cert" is an SSLContext object, "--key" is not used.'
    elif not cert:
        error = '"--cert" must also be specified.'
    else:
        ctx.params["cert"] = cert, value
    if error is not None:
        raise click.BadParameter(error, ctx, param)
    return value


class SeparatedPathType(click.Path):
    """Several paths in one value, with the separator of ``PATH`` between them."""

    def convert(
        self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> t.Any:
        """Read the option's text."""
        convert = super().convert
        return [convert(path, param, ctx) for path in self.split_envvar_value(value)]
