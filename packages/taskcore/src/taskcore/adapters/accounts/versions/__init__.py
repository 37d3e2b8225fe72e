"""The revisions of the tables in ``taskcore.adapters.accounts.tables``, on every database."""
