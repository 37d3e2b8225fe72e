"""The command line: ``lapinq COMMAND``. stdout is data, stderr is messages."""
