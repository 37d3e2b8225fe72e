"""The OpenAPI document: ``document`` puts it together, ``operations`` has the routes, ``schemas`` the bodies."""
