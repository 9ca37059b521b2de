"""Joins what Jasmin says on its broker into message records and posts them to cdr-ingest."""
