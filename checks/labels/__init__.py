"""LAB: labels against the prices they were made from."""
