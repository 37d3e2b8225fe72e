"""Empty: the public task-mq has a module of this name, and programs that import it must go on. Nothing belongs here."""
