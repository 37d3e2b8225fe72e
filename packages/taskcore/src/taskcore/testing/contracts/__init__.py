"""One class a port: a backend's test file inherits it and supplies fixtures."""
