"""KMS's keys and aliases, without cryptography: their states, their policies and their rotations."""
