DROP TABLE IF EXISTS file;
DROP TABLE IF EXISTS note;
DROP TABLE IF EXISTS user;

CREATE TABLE user (
  -- Random, so that it means nobody else when the tables are made anew.
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  password TEXT NOT NULL,
  -- The hash of the token for the API, for those who made one.
  token TEXT UNIQUE
);

CREATE TABLE note (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  changed TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX note_by_user ON note (user_id, changed);

CREATE TABLE file (
  id INTEGER PRIMARY KEY,
  note_id INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  -- What it is called in the folder of uploads.
  stored_as TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL
);
