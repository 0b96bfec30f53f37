"""What mod_wsgi loads: it looks for the name `application`."""

from shop import app as application

__all__ = ["application"]
