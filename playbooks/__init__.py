"""Playbooks as data: one TOML file each, from a finding to a verified repair."""
