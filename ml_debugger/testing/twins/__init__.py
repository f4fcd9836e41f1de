"""The writers of the clean twin: one module a kind of file, realistic noise in all of them."""
