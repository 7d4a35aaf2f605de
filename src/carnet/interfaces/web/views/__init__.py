"""The portal's views, one module a part of the space. Thin: parse the request, one command or query, render."""
