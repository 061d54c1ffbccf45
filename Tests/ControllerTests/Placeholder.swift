// Made by its first file; this one goes then.
